"""A worker process against a broker: from inputs to outcomes, through kills, stops, poison and what is refused at open."""

import asyncio
import random
import signal
import socket
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson

from engine.broker import topics
from engine.broker.clients import transactional_producer
from engine.broker.offsets import Positions
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, write_transaction
from engine.core.partitioning import partition_of
from engine.pipeline.partition import POSITION_KEY, JournalRecord, hash_of
from engine.wire import journal, quarantine
from tests.support.brokers import Broker
from tests.support.workers import (
    WorkerProcess,
    cloudevent,
    enrolment,
    events_of,
    feed,
    publish,
    purchase,
    records_of,
    until,
)

MEMBERS = 30


def _enrolments() -> list[tuple[str, bytes]]:
    return [enrolment(f"M-{number}") for number in range(MEMBERS)]


def _purchases(first: int, count: int) -> list[tuple[str, bytes]]:
    return [purchase(f"M-{number % MEMBERS}", number) for number in range(first, first + count)]


async def _decided(settings: Settings, count: int, timeout_s: float = 60) -> list[Any]:
    return await until(settings, "decisions", lambda events: len(_causes(events)) >= count, timeout_s)


def _causes(events: Sequence[Any]) -> Counter[str]:
    return Counter(event["causationid"] for event in events)


def _assert_once(events: Sequence[Any], inputs: int) -> None:
    """One decision for each input, no outcome twice."""
    assert len(_causes(events)) == inputs
    assert set(_causes(events).values()) == {1}
    assert set(Counter(event["id"] for event in events).values()) == {1}


async def _balances(settings: Settings) -> dict[str, int]:
    """Points by member, counted from the outcomes."""
    balances: Counter[str] = Counter()
    for event in await events_of(settings, "points"):
        if event["type"] == "points.awarded":
            balances[event["data"]["member_id"]] += event["data"]["points"]
    return dict(balances)


async def test_inputs_become_outcomes_once(deployment: Settings) -> None:
    await publish(deployment)
    await feed(deployment, [*_enrolments(), *_purchases(0, 300)])
    with WorkerProcess(deployment) as worker:
        events = await _decided(deployment, MEMBERS + 300)
        assert worker.stop() == 0
    _assert_once(events, MEMBERS + 300)
    assert await _balances(deployment) == {f"M-{number}": 100 for number in range(MEMBERS)}


async def test_a_killed_worker_is_followed_exactly(deployment: Settings, rng: random.Random) -> None:
    await publish(deployment)
    await feed(deployment, _enrolments())
    total = 0
    for _ in range(3):
        with WorkerProcess(deployment) as worker:
            worker.wait_for("ready")
            await feed(deployment, _purchases(total, 3_000))
            await asyncio.sleep(rng.random())
            total += 3_000
            worker.kill()
    with WorkerProcess(deployment) as worker:
        worker.wait_for("ready")
        events = await _decided(deployment, MEMBERS + total)
        assert worker.stop() == 0
    _assert_once(events, MEMBERS + total)
    assert sum((await _balances(deployment)).values()) == total * 10


async def test_sigterm_finishes_the_batch_and_leaves_no_transaction_open(deployment: Settings) -> None:
    await publish(deployment)
    await feed(deployment, _enrolments())
    with WorkerProcess(deployment) as worker:
        worker.wait_for("ready")
        await feed(deployment, _purchases(0, 2000))
        await _decided(deployment, MEMBERS + 100)
        assert worker.stop() == 0
    with WorkerProcess(deployment) as worker:
        opened = [worker.wait_for("open") for _ in range(4)]
        assert opened
        events = await _decided(deployment, MEMBERS + 2000)
        assert worker.stop() == 0
    _assert_once(events, MEMBERS + 2000)


async def test_bad_inputs_are_dead_letters_and_stop_nothing(deployment: Settings) -> None:
    await publish(deployment)
    huge = b'{"x":"' + b"y" * deployment.max_event_bytes + b'"}'
    bad: list[tuple[str, bytes | None]] = [
        ("members", b"not json"),
        ("members", None),
        ("members", b"\xff\xfe"),
        ("transactions", huge),
        ("members", cloudevent("member.invented", "1", {})),
        ("members", b"[" * 100_000),
    ]
    await feed(deployment, [*bad, enrolment("M-1")])
    with WorkerProcess(deployment) as worker:
        letters = await until(deployment, "dead-letters", lambda events: len(events) >= len(bad))
        await _decided(deployment, 1)
        assert worker.stop() == 0
    assert len(letters) == len(bad)
    assert all(letter["data"]["code"] for letter in letters)


async def test_a_worker_waits_for_rules_saying_so(deployment: Settings) -> None:
    await feed(deployment, _enrolments())
    with WorkerProcess(deployment) as worker:
        worker.wait_for("waiting: no ruleset is published")
        await publish(deployment)
        _assert_once(await _decided(deployment, MEMBERS), MEMBERS)
        assert worker.stop() == 0


async def test_a_poison_record_halts_its_partition_at_the_third_time_until_quarantined(deployment: Settings) -> None:
    await publish(deployment)
    poisoned = "M-poison"
    number = partition_of(f"member:{poisoned}", 4)
    await feed(deployment, [*_enrolments(), enrolment(poisoned)])
    for expected in (1, 2):
        with WorkerProcess(deployment, poisoned) as worker:
            assert worker.wait(60) == 70, expected
    port = _free_port()
    with WorkerProcess(deployment, poisoned, GUERDON_WEB_PORT=str(port)) as worker:
        halted = worker.wait_for("halted", 60)
        assert halted["partition"] == number
        status, body = await asyncio.to_thread(_get, port, "/readyz")
        assert status == 503
        assert "halted" in body["reasons"][0]
        assert poisoned not in worker.said()
        offset = await _offset_of(deployment, poisoned)
        # The others go on, and so do records of this partition that were before it.
        await feed(deployment, [enrolment("M-late-0"), enrolment("M-late-1"), enrolment("M-late-2")])
        others = [f"M-late-{each}" for each in range(3) if partition_of(f"member:M-late-{each}", 4) != number]
        await until(
            deployment, "decisions", lambda events: {e["subject"] for e in events} >= {f"member:{o}" for o in others}
        )
        await _say(deployment, quarantine.QuarantinedRecord(number, offset, "test"))
        events = await _decided(deployment, MEMBERS + 4)
        assert worker.stop() == 0
    _assert_once(events, MEMBERS + 4)
    letters = [each for each in await events_of(deployment, "dead-letters") if each["data"]["code"] == "quarantined"]
    assert [(each["data"]["partition"], each["data"]["offset"]) for each in letters] == [(number, offset)]


async def test_a_tick_far_ahead_halts_until_confirmed(deployment: Settings) -> None:
    await publish(deployment)
    with WorkerProcess(deployment) as worker:
        worker.wait_for("ready")
        far = _now_ms() + 3_600_000
        await _append(deployment, 2, journal.CLOCK_KEY, journal.encode_clock("clock.tick", 2, far))
        halted = worker.wait_for("halted")
        assert halted["partition"] == 2
        assert "ahead of the broker" in halted["event"]
        await _say(deployment, quarantine.ClockConfirmed(2, far, "test"))
        await feed(deployment, _enrolments())
        await _decided(deployment, MEMBERS)
        assert worker.stop() == 0


async def test_a_quiet_partition_is_ticked_after_a_restart(deployment: Settings) -> None:
    await _ran(deployment)
    await _set_position(deployment, 1, clock=_now_ms() - 2 * 3_600_000)
    with WorkerProcess(deployment) as worker:
        worker.wait_for("ready")
        for _ in range(100):
            row = await _position(deployment, 1)
            if _now_ms() - row["clock"] < 60_000:
                break
            await asyncio.sleep(0.1)
        assert worker.stop() == 0
    assert _now_ms() - row["clock"] < 60_000


async def test_metrics_health_and_readiness_are_served(deployment: Settings) -> None:
    await publish(deployment)
    await feed(deployment, [*_enrolments(), ("members", b"not json")])
    port = _free_port()
    with WorkerProcess(deployment, GUERDON_WEB_PORT=str(port)) as worker:
        worker.wait_for("ready")
        await _decided(deployment, MEMBERS)
        await asyncio.sleep(1.5)
        assert (await asyncio.to_thread(_get, port, "/healthz"))[0] == 200
        assert await asyncio.to_thread(_get, port, "/readyz") == (200, {"ready": True, "reasons": []})
        text = (await asyncio.to_thread(_get, port, "/metrics"))[1]
        assert worker.stop() == 0
    assert f'guerdon_decided_total{{what="events"}} {MEMBERS:.1f}' in text
    assert 'guerdon_dead_letters_total{code="not_json"} 1.0' in text
    assert "guerdon_open_partitions 4.0" in text
    assert 'guerdon_lag_records{partition="0",topic="journal"} 0.0' in text


# -- refused at open and at start


async def _ran(settings: Settings) -> None:
    """A worker has decided something in every partition and was stopped."""
    await publish(settings)
    await feed(settings, _enrolments())
    with WorkerProcess(settings) as worker:
        await _decided(settings, MEMBERS)
        assert worker.stop() == 0


def _refused(settings: Settings, *words: str, code: int = 78) -> None:
    with WorkerProcess(settings) as worker:
        assert worker.wait() == code
        said = str(worker.wait_for("ending")["event"])
        for word in words:
            assert word in said


async def _position(settings: Settings, number: int) -> dict[str, Any]:
    rows = [
        each
        for each in await records_of(settings, "state")
        if each.partition == number and each.key == POSITION_KEY.encode()
    ]
    found: dict[str, Any] = orjson.loads(rows[-1].value)
    return found


async def _set_position(settings: Settings, number: int, **changes: Any) -> None:
    row = {**(await _position(settings, number)), **changes}
    await _write(settings, Outgoing("state", number, POSITION_KEY.encode(), orjson.dumps(row)))


async def test_a_position_beyond_the_journal_is_refused(deployment: Settings) -> None:
    await _ran(deployment)
    await _set_position(deployment, 1, next=1_000_000)
    _refused(deployment, "journal:1 ends at", "1000000 is next")


async def test_another_record_at_the_last_offset_is_refused(deployment: Settings) -> None:
    await _ran(deployment)
    await _set_position(deployment, 1, last_hash=hash_of(JournalRecord(0, 0, b"other", b"journal")))
    _refused(deployment, "journal:1 holds another record")


async def test_another_partition_count_is_refused(deployment: Settings) -> None:
    await _ran(deployment)
    await _set_position(deployment, 1, partitions=8)
    _refused(deployment, "8 journal partitions", "has 4")


async def test_rows_without_a_position_are_refused(deployment: Settings) -> None:
    await publish(deployment)
    await _write(deployment, Outgoing("state", 1, b"member:M-alone", b'{"v":1}'))
    _refused(deployment, "partition 1", "no position")


async def test_a_position_of_intake_beyond_its_topic_is_refused(deployment: Settings) -> None:
    await publish(deployment)
    async with Positions(deployment, deployment.intake_group) as positions:
        await positions.commit({("members", 0): 1_000})
    _refused(deployment, "members:0 ends at 0", "committed 1000")


async def test_an_emptied_state_is_refused_where_the_group_has_commits(deployment: Settings) -> None:
    async with Positions(deployment, deployment.membership_group) as positions:
        await positions.commit({("journal", 1): 7})
    with WorkerProcess(deployment, GUERDON_MEMBERSHIP_GROUP=deployment.membership_group) as worker:
        assert worker.wait() == 78
        said = str(worker.wait_for("ending")["event"])
    assert "state:1 holds no position" in said
    assert "committed 7" in said


async def test_missing_topics_are_named(settings: Settings) -> None:
    _refused(settings, f"{settings.prefix}journal is missing", f"{settings.prefix}state is missing")


async def test_a_wrong_partition_count_is_named(settings: Settings) -> None:
    await topics.apply(settings)
    _refused(settings.model_copy(update={"partitions": 5}), f"{settings.prefix}journal", "is 4, should be 5")


async def test_a_broker_that_is_away_at_start_is_waited_for(deployment: Settings, broker: Broker) -> None:
    await publish(deployment)
    await feed(deployment, _enrolments())
    await broker.stop()
    with WorkerProcess(deployment) as worker:
        await asyncio.sleep(5)
        assert worker.code is None
        assert any("trying again" in str(line["event"]) for line in worker.lines)
        await broker.start()
        _assert_once(await _decided(deployment, MEMBERS), MEMBERS)
        assert worker.stop() == 0


async def test_sigterm_while_waiting_for_the_broker_ends_at_once(deployment: Settings) -> None:
    away = deployment.model_copy(update={"bootstrap": f"127.0.0.1:{_free_port()}"})
    with WorkerProcess(away) as worker:
        await asyncio.sleep(3)
        worker.signal(signal.SIGTERM)
        assert worker.wait(10) == 0


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        number: int = found.getsockname()[1]
        return number


def _get(port: int, path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        status, body = refusal.code, refusal.read()
    return status, body.decode() if path == "/metrics" else orjson.loads(body)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _write(settings: Settings, *records: Outgoing) -> None:
    """Writes as nobody of ours does, in a transaction of its own."""
    producer = await transactional_producer(settings, f"{settings.app_id}-test")
    try:
        await write_transaction(producer, records)
    finally:
        await producer.stop()


async def _append(settings: Settings, number: int, key: bytes, value: bytes) -> None:
    await _write(settings, Outgoing("journal", number, key, value))


async def _say(settings: Settings, word: quarantine.Word) -> None:
    await _write(settings, Outgoing("quarantine", 0, *quarantine.encode(word)))


async def _offset_of(settings: Settings, text: str) -> int:
    found = [record.offset for record in await records_of(settings, "journal") if text.encode() in record.value]
    assert len(found) == 1
    return int(found[0])

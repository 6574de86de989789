"""Two workers sharing the work on Apache Kafka: joining, leaving, dying, and being stopped for longer than a session."""

import asyncio
import signal
from collections import Counter
from typing import Any

import pytest

from engine.broker import topics
from engine.broker.settings import Settings
from tests.support.apache import ApacheBroker
from tests.support.brokers import broker_settings, unique_name
from tests.support.workers import WorkerProcess, enrolment, events_of, feed, publish, purchase, until

MEMBERS = 20
pytestmark = pytest.mark.apache


@pytest.fixture
async def shared(apache_broker: ApacheBroker, request: pytest.FixtureRequest) -> Settings:
    """A deployment with topics and rules."""
    settings = broker_settings(apache_broker, unique_name(request.node.name))
    assert (await topics.apply(settings)).remaining == ()
    await publish(settings)
    await feed(settings, [enrolment(f"M-{number}") for number in range(MEMBERS)])
    return settings


async def _buy(settings: Settings, first: int, count: int) -> None:
    await feed(settings, [purchase(f"M-{number % MEMBERS}", number) for number in range(first, first + count)])


async def _all_once(settings: Settings, purchases: int, timeout_s: float = 90) -> None:
    """Every input decided once, no outcome twice, the points add up."""
    events = await until(settings, "decisions", lambda found: len(found) >= MEMBERS + purchases, timeout_s)
    causes = Counter(event["causationid"] for event in events)
    assert (len(causes), set(causes.values())) == (MEMBERS + purchases, {1})
    awarded = [event for event in await events_of(settings, "points") if event["type"] == "points.awarded"]
    assert len({event["id"] for event in awarded}) == len(awarded)
    assert sum(event["data"]["points"] for event in awarded) == purchases * 10


def _assigned(worker: WorkerProcess) -> set[int]:
    lines: list[Any] = [line for line in worker.lines if line["event"] == "assigned"]
    return set(lines[-1]["partitions"]) if lines else set()


async def _shared_out(*workers: WorkerProcess) -> None:
    for _ in range(300):
        shares = [_assigned(worker) for worker in workers]
        if sorted(number for share in shares for number in share) == [0, 1, 2, 3] and all(shares):
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"shared out as {shares}:\n" + "\n\n".join(worker.said() for worker in workers))


async def test_a_second_worker_takes_its_share_and_gives_it_back(shared: Settings) -> None:
    with WorkerProcess(shared) as one:
        one.wait_for("ready")
        await _buy(shared, 0, 1_500)
        with WorkerProcess(shared) as two:
            two.wait_for("ready")
            await _shared_out(one, two)
            # What stayed was only suspended, not restored again.
            opened = Counter(line["partition"] for line in one.lines if line["event"] == "open")
            assert set(opened.values()) == {1}
            await _buy(shared, 1_500, 1_500)
            assert two.stop() == 0
        await _buy(shared, 3_000, 500)
        await _all_once(shared, 3_500)
        assert one.stop() == 0


async def test_the_survivor_takes_over_from_a_killed_worker(shared: Settings) -> None:
    with WorkerProcess(shared) as one, WorkerProcess(shared) as two:
        await _shared_out(one, two)
        await _buy(shared, 0, 3_000)
        await asyncio.sleep(0.5)
        two.kill()
        await _buy(shared, 3_000, 500)
        await _all_once(shared, 3_500)
        assert one.stop() == 0


async def test_a_worker_stopped_beyond_its_session_changes_nothing_when_it_goes_on(shared: Settings) -> None:
    with WorkerProcess(shared) as one, WorkerProcess(shared) as two:
        await _shared_out(one, two)
        await _buy(shared, 0, 3_000)
        await asyncio.sleep(0.3)
        two.signal(signal.SIGSTOP)
        await asyncio.sleep(14)
        await _buy(shared, 3_000, 500)
        two.signal(signal.SIGCONT)
        await _buy(shared, 3_500, 500)
        await _all_once(shared, 4_000)
        # Back in the group; or fenced, or out of a request that timed out meanwhile, and gone: a supervisor starts it again.
        assert two.stop() in (0, 69, 75)
        assert one.stop() == 0


async def test_wrong_credentials_end_at_once_with_a_code_of_their_own(
    shared: Settings, apache_broker: ApacheBroker
) -> None:
    wrong = shared.model_copy(
        update={
            "bootstrap": apache_broker.sasl_bootstrap,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN",
            "sasl_username": "nobody",
            "sasl_password": shared.secret,
        }
    )
    with WorkerProcess(wrong) as worker:
        assert worker.wait(30) == 77
        assert "GUERDON_SASL_PASSWORD" in str(worker.wait_for("ending")["event"])


async def test_a_broker_restart_costs_nothing(shared: Settings, apache_broker: ApacheBroker) -> None:
    codes = []
    with WorkerProcess(shared) as one:
        one.wait_for("ready")
        await _buy(shared, 0, 2_000)
        await asyncio.sleep(0.3)
        apache_broker.kill()
        await asyncio.sleep(5)
        await apache_broker.start()
        await _buy(shared, 2_000, 500)
        for _ in range(600):
            if one.code is not None or len(await events_of(shared, "decisions")) >= MEMBERS + 2_500:
                break
            await asyncio.sleep(0.2)
        codes.append(one.stop() if one.code is None else one.code)
    with WorkerProcess(shared) as again:
        again.wait_for("ready", 60)
        await _all_once(shared, 2_500)
        assert again.stop() == 0
    assert codes[0] in (0, 69, 75), "an outcome that is not known ends the worker, to be started again"

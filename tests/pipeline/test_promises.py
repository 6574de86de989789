"""P1 to P3: the same journal gives the same bytes, whatever the batches, hash seeds, workers and crashes."""

import hashlib
import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import orjson
import pytest

from engine.core.instants import DAY_MS, HOUR_MS
from engine.core.records import Event
from engine.pipeline.records import Bounds
from tests.support.histories import conversations, history
from tests.support.journals import START, Log, outcomes_of
from tests.support.programme import rules, ruleset

SEEDS = (1, 7, 20261121)
ROOT = Path(__file__).parents[2]


def recorded(seed: int, *, batch: int = 100, partitions: int = 4) -> Log:
    """A run whose journal others replay: events, ticks between them, messages."""
    log = Log(rules(ruleset()), partitions=partitions, batch=batch)
    events = history(seed) + conversations(seed)
    random.Random(seed).shuffle(events)
    for at in range(0, len(events), 40):
        log.feed(*events[at : at + 40])
        log.tick(START + at * HOUR_MS)
    log.tick(START + 800 * DAY_MS)
    return log


def refolded(journal: Log, batch: int, crashes: random.Random | None = None, bounds: Bounds | None = None) -> Log:
    """The same journal decided again: derived messages are in it already, so they are not appended."""
    log = Log(rules(ruleset()), partitions=len(journal.partitions), batch=batch)
    log.journal = [list(records) for records in journal.journal]
    log.complete = True
    for number in range(len(log.partitions)):
        while log.fold(number, bounds or Bounds()):
            if crashes is not None and crashes.random() < 0.3:
                log.crash(number)
    return log


def digest(log: Log) -> str:
    """One digest of all outcomes and rows."""
    body = hashlib.sha256()
    for topic, values in outcomes_of(log).items():
        body.update(topic.encode() + b"".join(values))
    for key, value in sorted(log.rows().items()):
        body.update(key.encode() + value)
    return body.hexdigest()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("batch", [1, 3, 17, 1000])
def test_p1_another_batch_size_gives_the_same_bytes(seed: int, batch: int) -> None:
    print("seed", seed)
    first = recorded(seed)
    assert len(first.data("points.expired")) > 0
    assert digest(refolded(first, batch)) == digest(first)


@pytest.mark.parametrize("seed", SEEDS)
def test_p1_small_transactions_give_the_same_bytes(seed: int) -> None:
    first = recorded(seed)
    assert digest(refolded(first, 1000, bounds=Bounds(records=7, bytes=4000))) == digest(first)


@pytest.mark.parametrize("seed", SEEDS)
def test_p1_crashes_give_the_same_bytes(seed: int) -> None:
    first = recorded(seed)
    assert digest(refolded(first, 5, crashes=random.Random(seed))) == digest(first)


def test_p1_another_hash_seed_gives_the_same_bytes() -> None:
    program = "from tests.pipeline.test_promises import digest, recorded; print(digest(recorded(7)))"
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(found) == 1


def by_member(log: Log) -> dict[str, list[bytes]]:
    """The outcomes of each member in their order, without `position`, and their rows.

    Receipts are left out: two members that name their sales alike are in a conversation about them (P3).
    """
    found: dict[str, list[bytes]] = defaultdict(list)
    for topic in sorted(log.topics):
        for _, subject, value in log.topics[topic]:
            body = orjson.loads(value)
            del body["position"]
            found[f"{topic} {subject.decode()}"].append(orjson.dumps(body))
    for key, value in sorted(log.rows().items()):
        if not key.startswith("transaction:"):
            found[key.split("/", 1)[0]].append(key.encode() + value)
    return dict(found)


@pytest.mark.parametrize("seed", SEEDS)
def test_p2_the_same_order_of_each_subject_gives_the_same_bytes_over_any_partitions(seed: int) -> None:
    print("seed", seed)
    events = history(seed)
    first = Log(rules(ruleset()), partitions=4, batch=50).feed(*events).tick(START + 100 * DAY_MS)
    other = Log(rules(ruleset()), partitions=7, batch=3).feed(*interleaved(events, seed)).tick(START + 100 * DAY_MS)
    assert by_member(first) == by_member(other)


@pytest.mark.parametrize("seed", SEEDS)
def test_p3_an_external_id_has_one_owner_and_every_input_one_decision_in_any_order(seed: int) -> None:
    print("seed", seed)
    for order in range(3):
        events = interleaved(conversations(seed), seed + order)
        log = Log(rules(ruleset()), partitions=3, batch=5).feed(*events).tick(START + 100 * DAY_MS)
        decided = Counter(each["input"]["id"] for each in log.data("decision.recorded"))
        assert decided == Counter(each.event_id for each in events)
        owners = defaultdict(list)
        for key, value in log.rows().items():
            if key.startswith("member:") and "/" not in key:
                for external in orjson.loads(value)["external_ids"]:
                    owners[external["hash"]].append(key)
        assert all(len(members) == 1 for members in owners.values())
        ids = [orjson.loads(value)["id"] for records in log.topics.values() for _, _, value in records]
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("seed", SEEDS)
def test_balances_are_the_sum_of_lots(seed: int) -> None:
    log = recorded(seed)
    lots: Counter[str] = Counter()
    for key, value in log.rows().items():
        if "/lot/" in key:
            lots[key.split("/", 1)[0]] += orjson.loads(value)["points"]
    for key, value in log.rows().items():
        if key.startswith("member:") and "/" not in key:
            balances = orjson.loads(value)["accounts"]
            assert sum(account["balance"] for account in balances.values()) == lots[key]


def interleaved(events: list[Event], seed: int) -> list[Event]:
    """Another order of all events that keeps each subject's own."""
    made = random.Random(seed)
    queues: dict[str, list[Event]] = defaultdict(list)
    for each in events:
        queues[each.subject].append(each)
    order = [subject for subject, queue in queues.items() for _ in queue]
    made.shuffle(order)
    return [queues[subject].pop(0) for subject in order]

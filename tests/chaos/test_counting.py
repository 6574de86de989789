"""The count after a chaos run can fail: a run without a broker is found well, and each thing done to it is found out."""

import itertools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from benchmarks.chaos import naive, verification
from benchmarks.chaos.history import Input, history, owed, partition_for
from benchmarks.chaos.verification import OUTCOMES, Found, violations
from engine.replay import lines
from engine.replay.lines import Line
from engine.replay.outputs import Outputs
from engine.replay.simulate import Simulation
from engine.rulebook.compiler import compile_folder
from tests.support.brokers import ROOT

PARTITIONS = 4
SECRET = b"a secret of the deployment, long enough"
FED = history(7, 600, 30)


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """What a run without any fault leaves in the topics."""
    ruleset = compile_folder(ROOT / "rules").ruleset
    assert ruleset is not None
    with Outputs(tmp_path / "out") as outputs:
        simulation = Simulation(ruleset, SECRET, outputs, PARTITIONS)
        for given in FED:
            simulation.take(Line(given.topic, given.owner.encode(), given.value))
        simulation.finish()
    topics = {name: _records(tmp_path / "out" / f"{name}.jsonl") for name in (*OUTCOMES, "dead-letters", "state")}
    return Found(topics, naive.count(_partitions(FED)))


def _partitions(fed: list[Input]) -> list[list[bytes]]:
    spread: dict[tuple[str, int], list[bytes]] = {}
    for given in fed:
        spread.setdefault((given.topic, partition_for(given.owner, PARTITIONS)), []).append(given.value)
    return list(spread.values())


def _records(path: Path) -> dict[int, list[Any]]:
    records: dict[int, list[Any]] = {number: [] for number in range(PARTITIONS)}
    numbers = itertools.count()
    for line in lines.read(path) if path.exists() else ():
        records[line.partition or 0].append(
            SimpleNamespace(key=line.key, value=line.value, headers=line.headers, offset=next(numbers))
        )
    return records


def test_a_run_without_faults_is_well(found: Found) -> None:
    assert violations(found) == []
    assert found.expected.unreadable > 0
    assert found.expected.sent.total() > len(found.expected.sent)
    assert owed(FED)[-1] == found.expected.sent.total() == len(found.events("decisions"))


def _longest(found: Found, topic: str) -> list[Any]:
    records: list[Any] = max(found.topics[topic].values(), key=len)  # type: ignore[arg-type]  # lists, made above
    return records


def _lose(topic: str) -> Callable[[Found], None]:
    return lambda found: _longest(found, topic).pop(0)


def _double(topic: str) -> Callable[[Found], None]:
    return lambda found: _longest(found, topic).append(_longest(found, topic)[0])


def _swap(found: Found) -> None:
    """The decisions on two sales of one member change places."""
    records = _of(found, "member:M-1")
    sales = [
        record
        for record in records
        if (event := orjson.loads(record.value))["subject"] == "member:M-1"
        and event["data"]["status"] == "decided"
        and event["data"]["input"]["id"].startswith("sale-")
        and "card" not in _fed(event["data"]["input"]["id"])
    ]
    sales[0].offset, sales[-1].offset = sales[-1].offset, sales[0].offset


def _fed(event_id: str) -> str:
    return next(given.owner for given in FED if f'"{event_id}"'.encode() in given.value)


def _of(found: Found, subject: str) -> list[Any]:
    """The decisions of the partition in which a subject is."""
    for records in found.topics["decisions"].values():
        if any(orjson.loads(record.value or b"")["subject"] == subject for record in records):
            return list(records)
    raise AssertionError(subject)


def _more_points(found: Found) -> None:
    record = _longest(found, "points")[3]
    event = orjson.loads(record.value)
    event["data"]["points"] += 1
    record.value = orjson.dumps(event)


def _other_balance(found: Found) -> None:
    record = next(each for each in _longest(found, "state") if each.key.startswith(b"member:") and b"/" not in each.key)
    row = orjson.loads(record.value)
    row["accounts"]["points"]["balance"] += 1
    record.value = orjson.dumps(row)


@pytest.mark.parametrize(
    ("harm", "check"),
    [
        (_lose("decisions"), "one decision for each input"),
        (_double("decisions"), "one decision for each input"),
        (_double("points"), "no outcome twice"),
        (_lose("points"), "points"),
        (_more_points, "points"),
        (_other_balance, "rows"),
        (_lose("dead-letters"), "dead letters"),
        (_swap, "order"),
    ],
)
def test_what_is_done_to_it_is_found_out(found: Found, harm: Callable[[Found], None], check: str) -> None:
    harm(found)
    assert any(text.startswith(f"{check}: ") for text in violations(found))


def test_a_row__stuck_is_found_out(found: Found) -> None:
    stuck = SimpleNamespace(key=b"_stuck", value=b"{}", headers=(), offset=10**6)
    found.topics["state"][0].append(stuck)  # type: ignore[attr-defined]  # lists, made above
    assert [text for text in violations(found) if text.startswith("no record failed: ")]


def test_other_rows_than_simulated_are_found_out(found: Found, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert list(verification.differing(found, out)) == []
    _more_points(found)
    _other_balance(found)
    differing = list(verification.differing(found, out))
    assert [text.split(":")[1].split()[0] for text in differing] == ["points", "row"]

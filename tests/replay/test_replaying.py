"""A history derived again into a folder: what was recorded, for any number of processes, and the same messages."""

from pathlib import Path
from typing import Any

import pytest

from engine.errors import UsageError
from engine.history.history import Snapshot
from engine.replay import lines
from engine.replay.deriving import Derivation
from engine.replay.replaying.whole import Into, Replayed, replay
from engine.replay.rules_of import RulesOf
from tests.support.recorded import Remembered, remember
from tests.support.shop import grocer, shop


@pytest.fixture(scope="module")
def history() -> Remembered:
    return remember(grocer(), shop(members=9, days=16))


def replayed(history: Remembered, out: Path, processes: int = 1, start: Snapshot | None = None) -> Replayed:
    return replay(history, start, Into(out), processes, lambda done: done)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_replay_writes_what_was_published_and_what_was_left(history: Remembered, tmp_path: Path) -> None:
    done = replayed(history, tmp_path)
    assert done.same_messages
    assert done.merged.derived == done.merged.recorded > 50
    for topic in history.topics():
        written = [(each.partition, each.key, each.value) for each in lines.read(tmp_path / f"{topic}.jsonl")]
        recorded = [each for number in range(2) for each in history.outcomes.get((topic, number), [])]
        assert written == [(each.partition, each.key, each.value) for each in recorded]
    rows = [each.key for each in lines.read(tmp_path / "state.jsonl")]
    assert rows == [row.key for number in range(2) for row in history.snapshot_rows["end", number]]
    assert done.summary["events"] == len(history.outcomes["decisions", 0]) + len(history.outcomes["decisions", 1])


def test_any_number_of_processes_writes_the_same_bytes(history: Remembered, tmp_path: Path) -> None:
    replayed(history, tmp_path / "one", 1)
    replayed(history, tmp_path / "two", 2)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_an_earlier_run_in_the_folder_is_replaced_and_anything_else_is_left_alone(
    history: Remembered, tmp_path: Path
) -> None:
    replayed(history, tmp_path)
    before = files(tmp_path)
    replayed(history, tmp_path)
    assert files(tmp_path) == before
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="something else"):
        replayed(history, tmp_path)
    assert files(tmp_path).keys() == before.keys() | {"mine.txt"}


def test_a_replay_from_a_snapshot_writes_what_came_after_it(history: Remembered, tmp_path: Path) -> None:
    positions = {number: records[len(records) // 2].offset for number, records in history.records.items()}
    for number, position in positions.items():
        derivation = Derivation(history, number, RulesOf(history.rulesets))
        derivation.to(position)
        history.snapshot_rows["half", number] = list(derivation.rows())
        history.own_rows["half", number] = list(derivation.partition.own_rows())
    ends = {number: span.end for number, span in history.spans.items()}
    done = replayed(history, tmp_path, start=Snapshot("half", positions, ends, 0))
    assert done.same_messages
    recorded = {each.value for number in range(2) for each in history.outcomes["points", number]}
    written = [each.value for each in lines.read(tmp_path / "points.jsonl")]
    assert 0 < len(written) < len(recorded)
    assert set(written) <= recorded


def test_a_message_that_is_not_derived_is_named(tmp_path: Path) -> None:
    history: Any = remember(grocer(), shop(members=4, days=8))
    at = next(at for at, each in enumerate(history.records[0]) if b'"kind":"clock.announced"' in each.value)
    again = history.records[0][at]._replace(offset=history.records[0][-1].offset + 1)
    history.records[0].append(again)
    done = replayed(history, tmp_path)
    assert not done.same_messages
    assert (done.merged.missing_count, done.merged.extra_count) == (0, 1)
    (found,) = done.divergences
    assert (found.kind, found.partition, found.offset) == ("message_extra", 0, again.offset)

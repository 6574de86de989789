"""Simulating: the same bytes again, nothing left undone between two events, and a recorded journal folded to the same outcomes."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine.core import instants
from engine.core.calendar import Expiry, Period
from engine.errors import UsageError
from engine.replay import lines, recorded
from engine.replay.lines import Line
from engine.replay.outputs import Outputs
from engine.replay.simulate import Simulation
from engine.ruleset.model import Account, Ruleset, TimeRules
from tests.support.programme import DAY, ruleset

SECRET = b"a secret of the tests, 32 bytes long at least"
START = instants.parse("2026-11-03T09:00:00Z")
BY_EVENTS = TimeRules("events", 30 * DAY, "refuse", 900_000)
TIME = {"events": BY_EVENTS, "wall": TimeRules("wall", 30 * DAY, "refuse", 900_000)}
MONTH = (Account("points", True, Expiry(Period(1, "months")), 1_000_000),)


def event(topic: str, kind: str, number: int, time_ms: int, payload: dict[str, Any]) -> Line:
    value = {
        "specversion": "1.0",
        "id": f"{kind}-{number}",
        "source": "test",
        "type": kind,
        "time": instants.render(time_ms),
        "data": payload,
    }
    return Line(topic, str(number % 3).encode(), orjson.dumps(value))


def history(members: int = 5, days: int = 40) -> list[Line]:
    """Members that enrol and buy something every day, with personal values, an unknown buyer and a repeat in it."""
    made = [
        event("members", "member.enrolled", at, START + at, {"member_id": f"M-{at}", "profile": {"nickname": f"n{at}"}})
        for at in range(members)
    ]
    for day in range(days):
        for at in range(members + 1):  # the last one is never enrolled
            line = {"line_id": "1", "sku": "S1", "quantity": 1, "amount_minor": 700 + 10 * at, "category": "produce"}
            payload = {
                "transaction_id": f"T-{day}-{at}",
                "member_id": f"M-{at}",
                "currency": "USD",
                "amount_minor": line["amount_minor"],
                "lines": [line],
            }
            made.append(event("transactions", "transaction.completed", day * 100 + at, START + day * DAY + at, payload))
    return [*made, made[-2]]


def simulate(folder: Path, rules: Ruleset, given: Iterable[Line], until: int | None = None, partitions: int = 4) -> Any:
    with Outputs(folder) as outputs:
        run = Simulation(rules, SECRET, outputs, partitions)
        for line in given:
            run.take(line)
        if until is not None:
            run.until(until)
        return run.finish()


def replay(folder: Path, paths: Sequence[Path], *rules: Ruleset) -> Any:
    with Outputs(folder) as outputs:
        run = recorded.Replay(recorded.survey(paths, "loyalty."), {each.digest: each for each in rules}, outputs)
        run.run()
        return run.finish()


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def by_partition(folder: Path, topic: str) -> list[tuple[int | None, bytes | None, bytes | None]]:
    path = folder / f"{topic}.jsonl"
    found = [(line.partition, line.key, line.value) for line in lines.read(path)] if path.exists() else []
    return sorted(found, key=lambda each: each[0] or 0)


@pytest.mark.parametrize("clock", ["events", "wall"])
def test_the_same_events_are_the_same_bytes(tmp_path: Path, clock: str) -> None:
    rules = ruleset(time=TIME[clock])
    summary = simulate(tmp_path / "a", rules, history())
    assert simulate(tmp_path / "b", rules, history()) == summary
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert summary["refused"] == {"member_unknown": 10, "duplicate_event": 1}  # ten of forty waited for over 30 days
    assert summary["events"] == 5 * 40 + 5 + 11
    assert b"n3" not in (tmp_path / "a" / "state.jsonl").read_bytes()  # sealed
    assert (tmp_path / "a" / "keys.jsonl").exists()


@pytest.mark.parametrize("clock", ["events", "wall"])
def test_a_simulated_journal_folds_to_the_same_outcomes(tmp_path: Path, clock: str) -> None:
    rules = ruleset(time=TIME[clock], accounts=MONTH)
    summary = simulate(tmp_path / "events", rules, history(), until=START + 90 * DAY)
    again = replay(tmp_path / "journal", [tmp_path / "events" / "journal.jsonl"], rules)
    for topic in ("points", "decisions", "tier-changes", "notifications"):
        live = by_partition(tmp_path / "events", topic)
        assert live
        assert by_partition(tmp_path / "journal", topic) == live
    state = "state.jsonl"
    assert (tmp_path / "journal" / state).read_bytes() == (tmp_path / "events" / state).read_bytes()
    assert again["points"] == summary["points"]
    assert again["journal_records"] == summary["journal_records"]


@pytest.mark.parametrize("clock", ["events", "wall"])
def test_until_moves_the_clock_and_works_off_what_is_due(tmp_path: Path, clock: str) -> None:
    rules = ruleset(time=TIME[clock], accounts=MONTH)
    before = simulate(tmp_path / "a", rules, history(days=10))
    after = simulate(tmp_path / "b", rules, history(days=10), until=START + 90 * DAY)
    awarded = before["points"]["points awarded"]
    assert "points expired" not in before["points"]
    assert after["points"] == {"points awarded": awarded, "points expired": awarded}
    expiries = [orjson.loads(line.value or b"")["time"] for line in lines.read(tmp_path / "b" / "points.jsonl")]
    assert len([time for time in expiries if time.startswith("2026-12-")]) == after["outcomes"]["points.expired"]


def test_partitions_do_not_change_what_members_get(tmp_path: Path) -> None:
    rules = ruleset(time=BY_EVENTS)
    one = simulate(tmp_path / "1", rules, history(), partitions=1)
    seven = simulate(tmp_path / "7", rules, history(), partitions=7)
    for changed in ("partitions", "journal_records"):
        del one[changed], seven[changed]
    assert one == seven


def test_what_cannot_be_read_is_a_dead_letter_and_stops_nothing(tmp_path: Path) -> None:
    good = history(members=1, days=1)
    bad = [
        Line("members", None, None),
        Line("members", b"k", b"\xff\x00"),
        Line("members", b"k", b"{"),
        Line("members", b"k", b'{"a":' * 2_000 + b"1" + b"}" * 2_000),
        event("members", "member.invented", 1, START, {}),
        event("members", "member.enrolled", 1, START, {"member_id": 10**15}),
    ]
    summary = simulate(tmp_path / "out", ruleset(time=BY_EVENTS), [*bad, *good])
    assert sum(summary["dead_letters"].values()) == len(bad)
    assert summary["events"] == len(good) - 1  # the sale of the member who never enrols is parked, the repeat refused
    letters = [orjson.loads(line.value or b"")["data"] for line in lines.read(tmp_path / "out" / "dead-letters.jsonl")]
    assert [(letter["topic"], letter["offset"]) for letter in letters] == [("members", at) for at in range(len(bad))]


def test_a_missing_ruleset_is_named_with_what_is_there(tmp_path: Path) -> None:
    mine, other = ruleset(time=BY_EVENTS), ruleset(time=BY_EVENTS, name="other")
    simulate(tmp_path / "events", mine, history(members=1, days=1))
    with pytest.raises(UsageError, match=f"activates the ruleset {mine.digest}; given is {other.digest}"):
        replay(tmp_path / "journal", [tmp_path / "events" / "journal.jsonl"], other)


@pytest.mark.parametrize(
    ("recorded_lines", "says"),
    [
        ([Line("points", b"k", b"{}", 0, 0)], "no line of the topic journal"),
        ([Line("journal", b"k", b"{}")], "need partition and offset"),
        ([Line("journal", b"k", None, 0, 3)], "journal 0:3 has no key or no value"),
        ([Line("journal", b"k", b"{}", 0, 3), Line("loyalty.journal", b"k", b"{}", 0, 3)], "0:3 stands after 0:3"),
    ],
)
def test_what_is_no_journal_is_refused(tmp_path: Path, recorded_lines: list[Line], says: str) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"\n".join(map(lines.encode, recorded_lines)))
    with pytest.raises(UsageError, match=says):
        recorded.survey([path], "loyalty.")


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "points.jsonl").write_text("mine")
    with pytest.raises(UsageError, match="something else"), Outputs(tmp_path):
        pass
    assert (tmp_path / "points.jsonl").read_text() == "mine"


def test_an_earlier_simulation_is_replaced(tmp_path: Path) -> None:
    rules = ruleset(time=BY_EVENTS)
    simulate(tmp_path, rules, [*history(members=1, days=1), Line("members", None, None)])
    simulate(tmp_path, rules, history(members=1, days=1))
    assert not (tmp_path / "dead-letters.jsonl").exists()

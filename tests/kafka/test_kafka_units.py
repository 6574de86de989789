"""What needs no broker: ticks, the watchdog, the sharing out of partitions, metrics, logs."""

import json
import logging

import pytest

from engine.core.instants import DAY_MS, HOUR_MS
from engine.errors import RecordFailed
from engine.kafka import logs, metrics
from engine.kafka.assignor import shares
from engine.kafka.ticking import AHEAD_MS, Tick, ahead_of_broker, by_the_wall, tick_to
from engine.kafka.watchdog import LOOP_S, OPEN_S, REVOKE_S, TRANSACTION_S, Watchdog
from engine.pipeline.partition import JournalRecord
from engine.ruleset.model import TimeRules
from engine.wire import journal
from tests.support.programme import ruleset

NOW = 1_800_000_000_000
WALL = ruleset()
EVENTS = ruleset(time=TimeRules("events", DAY_MS, "refuse", 0))


@pytest.mark.parametrize(
    ("clock", "next_due", "ticked", "expected"),
    [
        pytest.param(None, None, 0, NOW, id="the first tick sets the clock"),
        pytest.param(None, None, NOW - 5, None, id="the first tick is written once"),
        pytest.param(NOW - 1000, None, 0, None, id="nothing due, no hour passed"),
        pytest.param(NOW - 1000, NOW, 0, NOW, id="due now"),
        pytest.param(NOW - 1000, NOW + 1, 0, None, id="due in a moment"),
        pytest.param(NOW - HOUR_MS, None, 0, NOW, id="an hour passed"),
        pytest.param(NOW - 1000, NOW - 500, NOW - 900, None, id="an earlier tick is still to be decided"),
        pytest.param(NOW - 1000, NOW - 500, NOW - 1000, NOW, id="the earlier tick was decided"),
        pytest.param(NOW + 5, NOW - 500, 0, None, id="never back"),
        pytest.param(NOW - 3 * DAY_MS, None, 0, NOW - 2 * DAY_MS, id="catching up a day at a time"),
    ],
)
def test_a_tick_is_due_when_something_is_due_or_an_hour_passed(
    clock: int | None, next_due: int | None, ticked: int, expected: int | None
) -> None:
    assert tick_to(NOW, clock, next_due, ticked) == expected


def _clock_record(offset: int, to_ms: int, kind: journal.ClockKind = "clock.tick") -> JournalRecord:
    return JournalRecord(offset, NOW, journal.CLOCK_KEY, journal.encode_clock(kind, 0, to_ms))


def test_a_tick_ten_minutes_ahead_of_the_broker_is_found_unless_confirmed() -> None:
    fine, ahead = _clock_record(3, NOW + AHEAD_MS), _clock_record(4, NOW + AHEAD_MS + 1)
    assert ahead_of_broker([fine], WALL, 0) is None
    assert ahead_of_broker([fine, ahead], WALL, 0) == Tick(4, NOW + AHEAD_MS + 1, AHEAD_MS + 1)
    assert ahead_of_broker([fine, ahead], WALL, NOW + AHEAD_MS + 1) is None
    assert ahead_of_broker([fine, ahead], WALL, NOW + AHEAD_MS) is not None


def test_ticks_are_believed_where_events_carry_the_time_and_where_no_rules_are() -> None:
    ahead = _clock_record(4, NOW + DAY_MS)
    assert ahead_of_broker([ahead], EVENTS, 0) is None
    assert ahead_of_broker([ahead], None, 0) is None
    assert (by_the_wall(WALL), by_the_wall(EVENTS), by_the_wall(None)) == (True, False, False)


def test_continued_due_work_is_no_tick() -> None:
    assert ahead_of_broker([_clock_record(4, NOW + DAY_MS, "clock.continue")], WALL, 0) is None


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, watchdog: Watchdog, seconds: float, *, alive: bool = True) -> str:
        """Lets time pass in the steps in which the thread looks; what it saw last."""
        seen = ""
        for _ in range(int(seconds * 2)):
            self.now += 0.5
            if alive:
                watchdog.beat()
            seen = watchdog.look()
        return seen


def _watchdog() -> tuple[Clock, Watchdog]:
    clock = Clock()
    return clock, Watchdog(clock, end=lambda _: None)


def test_a_transaction_may_take_its_time_and_no_longer() -> None:
    clock, watchdog = _watchdog()
    with watchdog.transaction(3):
        assert clock.pass_by(watchdog, TRANSACTION_S) == ""
        assert "transaction of partition 3" in clock.pass_by(watchdog, 1)
    assert clock.pass_by(watchdog, 60) == ""


def test_a_revoke_that_hangs_is_seen() -> None:
    clock, watchdog = _watchdog()
    with watchdog.revoking():
        assert clock.pass_by(watchdog, REVOKE_S) == ""
        assert clock.pass_by(watchdog, 1) == "revoke made no progress for 31.0 s"


def test_an_opening_that_makes_progress_may_take_for_ever() -> None:
    clock, watchdog = _watchdog()
    with watchdog.opening(1) as progress:
        for _ in range(3):
            assert clock.pass_by(watchdog, OPEN_S - 1) == ""
            progress()
        assert "open of partition 1" in clock.pass_by(watchdog, OPEN_S + 1)


def test_a_silent_main_loop_is_seen() -> None:
    clock, watchdog = _watchdog()
    assert clock.pass_by(watchdog, LOOP_S, alive=False) == ""
    assert "main loop" in clock.pass_by(watchdog, 1, alive=False)


def test_a_process_that_was_stopped_as_a_whole_is_given_its_time_again() -> None:
    clock, watchdog = _watchdog()
    with watchdog.transaction(3):
        clock.now += 3600
        assert watchdog.look() == ""
        assert "transaction" in clock.pass_by(watchdog, TRANSACTION_S + 1)


TOPICS = {"journal": range(12), "members": range(4), "returns": range(3)}


def test_every_topic_is_shared_out_evenly() -> None:
    shared = shares(TOPICS, {"a": {}, "b": {}, "c": {}})
    for topic, partitions in TOPICS.items():
        mine = [share[topic] for share in shared.values()]
        assert sorted(number for each in mine for number in each) == list(partitions)
        assert max(map(len, mine)) - min(map(len, mine)) <= 1


def test_the_odd_partitions_of_several_topics_do_not_pile_up() -> None:
    shared = shares({name: range(1) for name in ("k", "l", "m", "n")}, {"a": {}, "b": {}})
    assert [sum(map(len, share.values())) for share in shared.values()] == [2, 2]


def test_a_new_worker_takes_only_its_share() -> None:
    before = shares(TOPICS, {"a": {}, "b": {}})
    after = shares(TOPICS, {**before, "c": {}})
    assert len(after["c"]["journal"]) == 4
    for member in ("a", "b"):
        assert set(after[member]["journal"]) < set(before[member]["journal"])


def test_who_leaves_costs_the_others_nothing_of_theirs() -> None:
    before = shares(TOPICS, {"a": {}, "b": {}, "c": {}})
    after = shares(TOPICS, {"a": before["a"], "b": before["b"]})
    for member in ("a", "b"):
        assert set(before[member]["journal"]) < set(after[member]["journal"])


def test_two_who_claim_the_same_partition_do_not_both_get_it() -> None:
    claim = {"journal": list(range(12))}
    shared = shares({"journal": range(12)}, {"a": claim, "b": claim})
    assert sorted(shared["a"]["journal"] + shared["b"]["journal"]) == list(range(12))


def test_more_workers_than_partitions_leave_some_idle() -> None:
    shared = shares({"journal": range(2)}, {"a": {}, "b": {}, "c": {}})
    assert sorted(len(share["journal"]) for share in shared.values()) == [0, 1, 1]


def test_every_metric_is_rendered_with_its_labels() -> None:
    values = metrics.Metrics()
    for metric in metrics.METRICS:
        labels = ["x"] * len(metric.labels)
        match metric.kind:
            case "counter":
                values.add(metric, 2, *labels)
            case "gauge":
                values.set(metric, 3, *labels)
            case "histogram":
                values.observe(metric, 0.3, *labels)
    text = values.render().decode()
    for metric in metrics.METRICS:
        assert f"# TYPE {metric.name} {metric.kind}" in text.replace("_total counter", "_total counter")
        for label in metric.labels:
            assert f'{label}="x"' in text
    assert len({metric.name for metric in metrics.METRICS}) == len(metrics.METRICS)


def test_a_log_line_names_the_place_and_never_quotes_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        logs.configure("json", "info")
        try:
            int("secret@example.org")
        except ValueError as error:
            failure = RecordFailed(7, error)
            logging.getLogger("engine.test").exception(
                logs.said(failure), extra=logs.at("journal", 3, 7, places=logs.places(error))
            )
    finally:
        root.handlers[:], root.level = before
    line = json.loads(capsys.readouterr().err)
    assert (line["topic"], line["partition"], line["offset"], line["error"]) == ("journal", 3, 7, "ValueError")
    assert "test_kafka_units.py" in line["places"][-1]
    assert "secret" not in json.dumps(line)

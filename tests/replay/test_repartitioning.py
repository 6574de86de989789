"""A journal copied into another number of partitions: every subject's rows come out the same, and nothing is sent twice."""

from collections import Counter

import orjson
import pytest

from engine.core.instants import DAY_MS, HOUR_MS
from engine.core.records import Event
from engine.errors import UsageError
from engine.history.history import Published, Snapshot, Span
from engine.pipeline.partition import JournalRecord, TopicRecord
from engine.pipeline.records import Bounds
from engine.replay.processes import PartFailed
from engine.replay.repartitioning.apart import Apart
from engine.replay.repartitioning.copying import Copying, demand_decided
from engine.replay.verifying.whole import verify
from engine.wire import copies, journal
from tests.support.copies import (
    Clock,
    Decided,
    activate,
    busy,
    copy_of,
    made_by,
    messages_of,
    programmes,
    remembered,
    tick,
)
from tests.support.journals import START, Log, enrolled, event, line, sale
from tests.support.programme import rules
from tests.support.recorded import Remembered, remember
from tests.support.shop import grocer, shop

SEEDS = (1, 7, 20261121)
COUNTS = ((4, 7), (7, 2), (4, 1), (4, 48))


def hold_to(old: Remembered, partitions: int) -> Remembered:
    """Copies, decides both, and holds the copy to the old one; the new history."""
    before = Decided(old)
    new, copying, rows = copy_of(old, partitions)
    after = Decided(new)
    assert rows == before.rows()
    assert after.rows() == before.rows()
    assert after.forgotten() == before.forgotten()
    assert Counter(after.sent) == messages_of(new)
    assert Counter(each.value for each in messages_of(new)) == Counter(each.value for each in messages_of(old))
    assert copying.read == sum(map(len, old.records.values()))
    said = [json["id"] for json in map(orjson.loads, values_of(new, copies.COPY_KEY))]
    assert len(set(said)) == len(said)
    return new


def values_of(history: Remembered, key: bytes) -> list[bytes]:
    return [record.value for records in history.records.values() for record in records if record.key == key]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("clock", ["wall", "events"])
@pytest.mark.parametrize(("old", "new"), COUNTS)
def test_every_row_comes_out_the_same(seed: int, clock: Clock, old: int, new: int) -> None:
    print("seed", seed)
    hold_to(busy(seed, clock, old), new)


def test_the_grocers_year_comes_out_the_same() -> None:
    hold_to(remember(grocer(), shop()), 5)


@pytest.mark.parametrize("clock", ["wall", "events"])
def test_a_copy_can_be_copied_again(clock: Clock) -> None:
    old = busy(7, clock)
    first = hold_to(old, 7)
    second = hold_to(first, 2)
    assert Decided(second).rows() == Decided(old).rows()


@pytest.mark.parametrize("seed", SEEDS)
def test_quarantined_records_are_taken_out_again(seed: int) -> None:
    old = busy(seed)
    new, copying, _ = copy_of(old, 7)
    assert sum(map(len, new.quarantined.values())) == copying.counts["quarantined"] > 0
    letters = Counter(orjson.loads(each.value)["data"]["code"] for each in dead_letters(new))
    assert letters == {"quarantined": copying.counts["quarantined"]}
    for number, offsets in new.quarantined.items():
        for offset in offsets:
            assert new.records[number][offset].key != copies.COPY_KEY


def dead_letters(history: Remembered) -> list[TopicRecord]:
    return [each for each in Decided(history).published if each.topic == "dead-letters"]


def test_what_a_tick_left_for_later_is_left_and_decided_by_the_rules_that_came_between() -> None:
    before, after, _ = programmes("wall")
    log = Log([rules(after), rules(before)], partitions=2, batch=1)
    log.tick(START).feed(*(enrolled(f"M{number:04d}") for number in range(1_500)))
    for number in range(2):
        tick(log, number, START + DAY_MS)
    log.activate(rules(before))  # stands before what the ticks leave: with it the schedules go
    log.run()
    given = Counter(each["campaign"] for each in log.data("points.awarded"))
    assert given["daily"] == 1_000
    hold_to(remembered(log, (before, after)), 3)


def test_the_new_partitions_go_on_as_the_one_whose_clock_is_furthest_on() -> None:
    first, second, third = programmes("wall")
    log = Log([rules(each) for each in (first, second, third)], partitions=3)
    log.tick(START).feed(*(enrolled(f"M{number}") for number in range(30)))
    activate(log, second, START + HOUR_MS)
    tick(log, 1, START + 2 * HOUR_MS)
    log.run()
    activate(log, third, START + 5 * HOUR_MS)
    new = hold_to(remembered(log, (first, second, third)), 2)
    for derivation in Decided(new).derivations:
        progress = derivation.partition.progress
        assert (progress.clock, progress.ruleset) == (START + 2 * HOUR_MS, second.digest)
        assert progress.pending is not None
        assert progress.pending["digest"] == third.digest
        assert progress.timetable == ""  # two thirds of the members were not planned for its schedules
        assert not progress.copying


@pytest.mark.parametrize("clock", ["wall", "events"])
def test_what_comes_after_is_decided_as_it_would_have_been(clock: Clock) -> None:
    """In one partition old and new stand alike, so what comes after is the same: a return of an old sale, a new sale, time."""
    old = busy(1, clock, partitions=1)
    new, _, _ = copy_of(old, 1)
    sold = next(
        each
        for record in old.records[0]
        if isinstance(each := journal.decode(record.value), Event)
        and each.type == "transaction.completed"
        and each.subject.startswith("member:")
        and each.data["lines"]
    )
    later_ms = START + 40 * DAY_MS
    back = {"return_id": "late", "original_transaction_id": sold.data["transaction_id"]}
    back |= {"member_id": sold.data["member_id"], "lines": [{"line_id": "1", "quantity": 1}]}
    events = (
        event("transaction.returned", sold.subject, back, time_ms=later_ms),
        sale("R", "new", line(1, 700), time_ms=later_ms + 1),
        event("clock.advance_requested", "programme:clock", {"to": later_ms + DAY_MS}, time_ms=later_ms + 2),
    )
    found = []
    for history in (old, new):
        partition = Decided(history).derivations[0].partition
        at = partition.position
        values = [(each.subject.encode(), journal.encode_event(each)) for each in events]
        if clock == "wall":
            ticked = partition.tick(later_ms + DAY_MS)
            values.append((ticked.key, ticked.value))
        written: list[tuple[str, bytes]] = []
        while values:
            records = [JournalRecord(at + number, later_ms, *each) for number, each in enumerate(values)]
            at += len(records)
            folded = partition.fold(records[0].offset, at, records, Bounds())
            partition.commit(folded)
            values = [(each.key, each.value) for each in folded.outgoing if each.topic == "journal"]
            written += [(each.topic, without_position(each.value)) for each in folded.outgoing]
        found.append((written, partition.rows))
    assert found[0] == found[1]
    assert len(found[0][0]) > 10


def without_position(value: bytes) -> bytes:
    body = orjson.loads(value)
    body.pop("position", None)
    return orjson.dumps(body)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("clock", ["wall", "events"])
def test_a_copy_with_what_it_publishes_is_verified_as_a_whole(seed: int, clock: Clock) -> None:
    new, _, _ = copy_of(busy(seed, clock), 5)
    decided = Decided(new)
    for each in decided.published:
        there = new.outcomes.setdefault((each.topic, each.partition), [])
        there.append(Published(each.topic, each.partition, len(there), 0, each.key, each.value))
    ends = {number: span.end for number, span in new.spans.items()}
    new.snapshots = (Snapshot("end", ends, ends, 0),)
    new.snapshot_rows = {
        ("end", each.number): [*each.partition.own_rows(), *each.rows()] for each in decided.derivations
    }
    report = verify(new, None, 1, lambda _: None)
    assert report.agrees, report.value(9)
    assert report.messages > 300
    assert report.messages_open == 0
    assert report.rows > 1_000


def test_the_same_history_gives_the_same_copy() -> None:
    assert copy_of(busy(1), 5)[0].records == copy_of(busy(1), 5)[0].records


@pytest.mark.parametrize("processes", [1, 3])
def test_the_same_comes_from_any_number_of_processes(processes: int) -> None:
    old = busy(7)
    new, _, rows = copy_of(old, 5)
    with Apart(old, processes) as apart:
        copying = Copying(apart.lanes, 5)
        found, _ = made_by(copying, old, 5)
        assert list(copying.rows()) == rows
    assert found.records == new.records
    assert found.quarantined == new.quarantined
    assert copying.read == sum(map(len, old.records.values()))


def test_what_fails_in_another_process_is_said_here() -> None:
    old = busy(1)
    old.rulesets = {}
    with Apart(old, 2) as apart, pytest.raises(PartFailed, match="the journal activates the ruleset"):
        made_by(Copying(apart.lanes, 5), old, 5)


def test_each_subjects_records_keep_their_order_and_their_bytes() -> None:
    old = busy(7)
    new, _, _ = copy_of(old, 5)
    assert of_subjects(new) == of_subjects(old)


def of_subjects(history: Remembered) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for records in history.records.values():
        for record in records:
            own = found.setdefault(record.key, [])
            if b":" in record.key and record.value not in own:  # twice where intake wrote it twice
                own.append(record.value)
    return {key: values for key, values in found.items() if values}


def test_a_copy_that_was_not_completed_is_not_copied() -> None:
    new, _, _ = copy_of(busy(1), 2)
    new.records[0].pop()
    with pytest.raises(UsageError, match="itself a copy that was not completed"):
        copy_of(new, 3)


def test_what_is_not_decided_or_not_there_is_not_copied() -> None:
    class Cut(Remembered):
        cut: Span

        @property
        def spans(self) -> dict[int, Span]:
            return {0: self.cut}

    records = [JournalRecord(offset, START, b"clock", b"{}") for offset in (5, 7)]
    for cut, said in (
        (Span(0, 5, 8, 8), "2 records .* not decided .from 5 on"),
        (Span(4, 8, 8, 8), "from offset 4 on"),
    ):
        history = Cut(1, {}, {0: records})
        history.cut = cut
        with pytest.raises(UsageError, match=said):
            demand_decided(history)
    hole = Cut(1, {}, {0: records})
    hole.cut = Span(0, 8, 9, 9)  # a transaction's marker stands at 8
    demand_decided(hole)

"""Planted faults, each found and named at its true place; and a history that was let alone, which agrees."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from engine.history.history import Published, Snapshot
from engine.pipeline.records import JournalRecord
from engine.replay.deriving import Derivation
from engine.replay.rules_of import RulesOf
from engine.replay.verifying.report import Report
from engine.replay.verifying.whole import snapshot_of, verify
from engine.ruleset.codec import sealed
from engine.ruleset.published import Publication
from tests.support.recorded import Remembered, remember
from tests.support.shop import grocer, shop

RULES = grocer()


@pytest.fixture
def history() -> Remembered:
    return remember(RULES, shop(members=9, days=16))


def verified(history: Remembered, start: Snapshot | None = None, processes: int = 1) -> Report:
    return verify(history, start, processes, lambda done: done)


def kinds(report: Report) -> set[tuple[str, str]]:
    return {(kind, topic) for (kind, topic), count in report.counts.items() if count}


def kind_of(record: JournalRecord) -> str:
    body = orjson.loads(record.value)
    return str(body["type"] if body["kind"] in ("event", "message") else body["kind"])


def nth(history: Remembered, partition: int, kind: str, number: int) -> int:
    """Where the nth journal record of a kind stands in its list."""
    found = [at for at, record in enumerate(history.records[partition]) if kind_of(record) == kind]
    return found[number]


def edited(history: Remembered, topic: str, at: int, change: Callable[[bytes], bytes]) -> Published:
    outcomes = history.outcomes[topic, 0]
    outcomes[at] = outcomes[at]._replace(value=change(outcomes[at].value))
    return outcomes[at]


def edited_record(history: Remembered, at: int, change: Callable[[Any], None]) -> JournalRecord:
    records = history.records[0]
    body = orjson.loads(records[at].value)
    change(body)
    records[at] = records[at]._replace(value=orjson.dumps(body))
    return records[at]


def offset_in(outcome: Published) -> int:
    return int(orjson.loads(outcome.value)["position"].split(":")[1])


# -- nothing wrong


def test_what_was_let_alone_agrees_on_everything(history: Remembered) -> None:
    report = verified(history)
    assert report.agrees
    assert report.first is None
    assert report.outcomes == {
        topic: sum(len(history.outcomes[topic, number]) for number in range(2)) for topic in history.topics()
    }
    assert report.records == sum(map(len, history.records.values()))
    assert report.rows == sum(map(len, history.snapshot_rows.values()))
    assert report.own_rows > 4
    assert report.messages > 100
    assert report.messages_open == 0
    assert report.postings == sum(len(history.outcomes["points", number]) for number in range(2))
    assert report.accounts == 9
    assert report.not_compared == {}


def test_the_report_is_the_same_for_any_number_of_processes(history: Remembered) -> None:
    del history.records[0][nth(history, 0, "transaction.completed", 8)]
    edited(history, "points", 3, lambda value: value.replace(b'"points":', b'"points":1', 1))
    one, two = (verified(history, processes=number).value(1000) | {"seconds": 0} for number in (1, 2))
    assert one == two
    assert not one["agrees"]


def test_deriving_from_a_snapshot_agrees_too(history: Remembered) -> None:
    half = with_snapshot(history, 2)
    report = verified(history, half)
    assert report.agrees
    assert report.start == "half"
    assert report.against == "end"
    assert 0 < report.records < sum(map(len, history.records.values()))
    assert report.messages > 10


def with_snapshot(history: Remembered, part: int) -> Snapshot:
    """A snapshot where the first part of each partition is decided; partitions stand at no common instant."""
    positions = {number: len(records) // part + 7 * number for number, records in history.records.items()}
    rows = {}
    for number, position in positions.items():
        derivation = Derivation(history, number, RulesOf(history.rulesets))
        derivation.to(position)
        rows["half", number] = [*derivation.rows(), *derivation.partition.own_rows()]
    ends = {number: records[-1].offset + 1 for number, records in history.records.items()}
    half = Snapshot("half", positions, ends, 0)
    history.snapshots = (half, *history.snapshots)
    history.snapshot_rows = {**rows, **history.snapshot_rows}
    return half


# -- outcomes


def test_a_flipped_byte_of_any_outcome_is_found_where_it_is(history: Remembered) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    made = random.Random(seed)
    for _ in range(12):
        topic = made.choice(history.topics())
        outcomes = history.outcomes[topic, 0]
        at = made.randrange(len(outcomes))
        before = outcomes[at]
        byte = made.randrange(len(before.value))
        outcomes[at] = before._replace(value=_flipped(before.value, byte, 1 << made.randrange(8)))
        report = verified(history)
        outcomes[at] = before
        assert report.counts.total() <= 2, (topic, at, byte, report.counts)
        assert report.first is not None
        found = report.first.divergence
        assert (found.topic, found.at) == (topic, at) or found.kind == "missing", (topic, at, byte, found)
        assert found.offset is not None
        assert found.offset <= offset_in(before)
        assert any(each.at == at and each.topic == topic for each in report.divergences)


def _flipped(value: bytes, byte: int, bit: int) -> bytes:
    return value[:byte] + bytes([value[byte] ^ bit]) + value[byte + 1 :]


def test_an_edited_outcome_is_named_with_both_values_its_record_and_the_conditions_asked(history: Remembered) -> None:
    bonus = (b'"points.awarded"', b'"campaign":"f')  # of a campaign that asks something
    points = history.outcomes["points", 0]
    at = next(at for at, each in enumerate(points) if all(part in each.value for part in bonus))
    published = edited(history, "points", at, lambda value: value.replace(b'"balance_after":', b'"balance_after":7', 1))
    report = verified(history)
    assert report.counts == {("changed", "points"): 1}
    assert report.first is not None
    divergence = report.first.divergence
    assert divergence.name == orjson.loads(published.value)["id"]
    ((field, derived, seen),) = divergence.fields()
    assert (field, seen) == ("data.balance_after", f"7{derived}")
    assert report.first.record is not None
    assert (report.first.record.offset, report.first.record.value) == (
        offset_in(published),
        history.records[0][offset_in(published)].value,
    )
    (asked,) = report.first.asked
    tests = [test for traced in asked.traces for root in (traced.when,) if root is not None for test in root.tests()]
    assert asked.facts.on == "transaction.completed"
    assert any(test.value is not None for test in tests)
    value = report.value(20)["first"]
    assert value["asked"][0]["campaigns"]
    assert value["fields"] == [{"field": "data.balance_after", "derived": derived, "published": seen}]


def test_a_removed_outcome_is_missing_and_nothing_else_differs(history: Remembered) -> None:
    removed = history.outcomes["tier-changes", 0].pop(5)
    report = verified(history)
    assert report.counts == {("missing", "tier-changes"): 1}
    assert report.first is not None
    assert report.first.divergence.name == orjson.loads(removed.value)["id"]
    assert report.first.divergence.offset == offset_in(removed)


def test_an_added_outcome_is_extra(history: Remembered) -> None:
    outcomes = history.outcomes["points", 0]
    added = outcomes[9]._replace(
        value=outcomes[9].value.replace(b'"id":"', b'"id":"ff', 1).replace(b"points", b"pints")
    )
    outcomes.insert(10, added)
    report = verified(history)
    assert report.counts == {("extra", "points"): 1}
    assert report.first is not None
    assert report.first.divergence.offset == offset_in(added)
    assert report.first.divergence.what == ""  # its record is there


@pytest.mark.parametrize("behind", [1, 40])
def test_an_outcome_that_stands_twice_is_said_to(history: Remembered, behind: int) -> None:
    outcomes = history.outcomes["points", 0]
    outcomes.insert(5 + behind, outcomes[5])
    for at in range(5 + behind, len(outcomes)):
        outcomes[at] = outcomes[at]._replace(offset=at)
    report = verified(history)
    assert report.counts == {("twice", "points"): 1}
    assert report.first is not None
    assert report.first.divergence.what == f"it stands at points 0:5, points 0:{5 + behind}"


def test_an_outcome_of_another_topic_that_stands_twice_is_said_to(history: Remembered) -> None:
    history.outcomes["decisions", 0].insert(4, history.outcomes["points", 0][2]._replace(topic="decisions", offset=4))
    report = verified(history)
    assert report.counts == {("twice", "decisions"): 1}


@pytest.mark.parametrize("apart", [1, 2, 30])
def test_swapped_outcomes_are_two_in_another_order(history: Remembered, apart: int) -> None:
    outcomes = history.outcomes["decisions", 0]
    outcomes[3], outcomes[3 + apart] = outcomes[3 + apart], outcomes[3]
    report = verified(history)
    assert kinds(report) == {("order", "decisions")}
    assert report.counts.total() <= 2  # of neighbours, it is one that was moved
    assert report.first is not None
    assert report.first.divergence.offset == min(offset_in(outcomes[3]), offset_in(outcomes[3 + apart]))


# -- the journal


@pytest.mark.parametrize(("kind", "number"), [("transaction.completed", 10), ("member.enrolled", 1)])
def test_the_first_divergence_of_a_removed_event_is_its_own_place(history: Remembered, kind: str, number: int) -> None:
    at = nth(history, 0, kind, number)
    removed = history.records[0].pop(at)
    report = verified(history)
    assert report.counts.total() > 5  # what came after it differs as well
    assert report.first is not None
    assert (report.first.divergence.partition, report.first.divergence.offset) == (0, removed.offset)
    assert report.first.record is None
    assert report.first.divergence.kind == "extra"
    named = next(each for each in report.divergences if each.name == report.first.divergence.name)
    assert "a record was removed" in named.what


def test_a_removed_message_is_named_with_the_record_that_sent_it(history: Remembered) -> None:
    at = next(
        at
        for at, each in enumerate(history.records[0])
        if kind_of(each) == "uses.asked" or b'"kind":"message"' in each.value
    )
    history.records[0].pop(at)
    report = verified(history)
    missing = [each for each in report.divergences if each.kind == "message_missing"]
    assert len(missing) == 1
    assert missing[0].what == f"journal {missing[0].partition}:{missing[0].offset} sends it"
    assert report.counts["message_missing", "journal"] == 1
    assert report.first is not None
    assert report.first.divergence.kind in ("message_missing", "extra")


def test_an_added_message_is_one_that_nothing_derives(history: Remembered) -> None:
    at = next(at for at, each in enumerate(history.records[0]) if b'"kind":"clock.announced"' in each.value)
    again = history.records[0][at]
    last = history.records[0][-1].offset
    history.records[0].append(again._replace(offset=last + 3))
    report = verified(history)
    assert report.counts["message_extra", "journal"] == 1
    assert ("state", "rows") not in kinds(report)
    extra = next(each for each in report.divergences if each.kind == "message_extra")
    assert (extra.partition, extra.offset) == (0, last + 3)
    assert "clock.announced" in extra.what


def test_an_edited_amount_is_found_at_its_record(history: Remembered) -> None:
    at = next(at for at, each in enumerate(history.records[0]) if at > 40 and b'"category":"grocery"' in each.value)

    def dearer(body: Any) -> None:
        line = next(line for line in body["data"]["lines"] if line["category"] == "grocery")
        line["amount_minor"] += 90_000
        body["data"]["amount_minor"] += 90_000

    record = edited_record(history, at, dearer)
    report = verified(history)
    assert report.first is not None
    assert (report.first.divergence.partition, report.first.divergence.offset) == (0, record.offset)
    assert report.first.divergence.kind == "changed"
    assert report.first.record == record
    assert {field for field, _, _ in report.first.divergence.fields()} & {
        "data.points",
        "data.state_after",
        "data.qualified",
    }


def test_an_edit_that_no_outcome_shows_is_found_in_the_rows(history: Remembered) -> None:
    edited_record(
        history, nth(history, 0, "transaction.completed", 7), lambda body: body["data"]["lines"][0].update(sku="ZZ")
    )
    report = verified(history)
    assert kinds(report) == {("rows", "state")}
    assert "ZZ" in str(report.value(1)["divergences"][0]["fields"])


def test_a_record_that_cannot_be_decided_any_more_is_named(history: Remembered) -> None:
    at = nth(history, 0, "transaction.completed", 12)
    record = history.records[0][at] = history.records[0][at]._replace(value=b'{"kind":"event"}')
    report = verified(history)
    assert report.first is not None
    assert (report.first.divergence.kind, report.first.divergence.offset) == ("undecidable", record.offset)
    assert report.stands == [(0, record.offset)]
    assert report.not_compared["decisions"] > 5
    assert ("message_extra", "journal") not in kinds(report)


def test_a_removed_tick_is_found_by_what_was_due_then() -> None:
    rules = grocer()
    wall = sealed(replace(rules, programme=replace(rules.programme, time=replace(rules.programme.time, clock="wall"))))
    history = remember(wall, shop(days=40), until_ms=1_600_000_000_000)
    ticks = [at for at, each in enumerate(history.records[0]) if kind_of(each) == "clock.tick"]
    due = {offset_in(each) for topic in history.topics() for each in history.outcomes.get((topic, 0), [])}
    at = next(at for at in ticks if history.records[0][at].offset in due)
    assert verified(history).agrees
    removed = history.records[0].pop(at)
    report = verified(history)
    assert report.first is not None
    assert report.first.divergence.offset == removed.offset
    assert report.first.record is None
    assert report.first.divergence.kind == "changed"
    assert [field for field, _, _ in report.first.divergence.fields()] == ["position"]


# -- rules


def test_other_rules_under_the_same_digest_are_found_by_their_content_and_by_deriving(history: Remembered) -> None:
    other = replace(RULES, campaigns=tuple(each for each in RULES.campaigns if each.name != "base-earn"))
    history.rulesets = {RULES.digest: other}
    report = verified(history)
    assert ("ruleset", "rulesets") in kinds(report)
    assert report.divergences[0].kind == "ruleset"
    assert report.divergences[0].name == RULES.digest
    assert report.first is not None
    assert report.first.divergence.offset is not None


def test_a_ruleset_that_is_gone_is_named_with_the_record_that_asks_for_it(history: Remembered) -> None:
    history.rulesets = {}
    history.publications = (Publication(0, RULES.digest, "somebody"),)
    report = verified(history)
    assert report.counts["ruleset", "rulesets"] == 3  # the publication, and each partition's activation
    assert report.first is not None
    assert report.first.divergence.offset == 0
    assert report.first.divergence.name == RULES.digest


def test_a_publication_whose_ruleset_is_gone_is_named_though_nothing_asks_for_it(history: Remembered) -> None:
    history.publications = (Publication(0, "ab" * 32, "somebody"),)
    report = verified(history)
    assert report.counts == {("ruleset", "rulesets"): 1}
    assert report.divergences[0].name == "ab" * 32


# -- rows and books


def test_an_edited_row_of_the_snapshot_is_named_with_both_values(history: Remembered) -> None:
    rows = history.snapshot_rows["end", 1]
    at = next(at for at, row in enumerate(rows) if b"/lot/" in row.key)
    row = orjson.loads(rows[at].value or b"")
    rows[at] = rows[at]._replace(value=orjson.dumps({**row, "points": row["points"] + 1}, option=orjson.OPT_SORT_KEYS))
    report = verified(history)
    assert report.counts == {("rows", "state"): 1}
    (found,) = report.divergences
    assert found.name == rows[at].key.decode()
    assert found.fields() == [("points", str(row["points"]), str(row["points"] + 1))]


@pytest.mark.parametrize("damage", ["gone", "added", "due", "own"])
def test_rows_that_are_gone_added_or_due_at_another_time_are_named(history: Remembered, damage: str) -> None:
    rows = history.snapshot_rows["end", 1]
    at = next(at for at, row in enumerate(rows) if row.due_ms is not None)
    match damage:
        case "gone":
            del rows[at]
        case "added":
            rows.insert(at, rows[at]._replace(key=rows[at].key[:-1]))
        case "due":
            rows[at] = rows[at]._replace(due_ms=(rows[at].due_ms or 0) + 1)
        case _:
            own = history.own_rows["end", 1]
            origin = next(number for number, row in enumerate(own) if row.key.startswith(b"_source/"))
            own[origin] = own[origin]._replace(value=b"1000000")
    report = verified(history)
    assert report.counts == {("rows", "state"): 1}
    assert report.first is not None
    assert report.first.record is None


def test_points_that_are_wrong_before_and_after_are_found_by_the_books(history: Remembered) -> None:
    with_snapshot(history, 2)
    half = snapshot_of(history, "half")
    for name in ("half", "end"):
        rows = history.snapshot_rows[name, 0]
        lots = [at for at, row in enumerate(rows) if b"/lot/" in row.key]
        kept = {row.key for row in history.snapshot_rows["end", 0]}
        at = next(
            at
            for at in lots
            if rows[at].key in kept and rows[at].key in {r.key for r in history.snapshot_rows["half", 0]}
        )
        row = orjson.loads(rows[at].value or b"")
        rows[at] = rows[at]._replace(
            value=orjson.dumps({**row, "points": row["points"] + 5}, option=orjson.OPT_SORT_KEYS)
        )
    report = verified(history, half)
    assert kinds(report) == {("books", "state")}
    assert "available" in report.divergences[0].what


# -- what cannot be compared


def test_outcomes_that_are_not_kept_any_more_are_counted_and_not_missed(history: Remembered) -> None:
    class Expired(Remembered):
        def published_from(self, topic: str, partition: int) -> int:
            return 11 if (topic, partition) == ("points", 0) else 0

    del history.outcomes["points", 0][:11]
    expired = Expired(**{name: getattr(history, name) for name in history.__dataclass_fields__})
    report = verified(expired)
    assert report.agrees
    assert report.not_compared == {"points": 11}


def test_what_goes_back_to_records_that_are_not_decided_yet_is_counted_and_not_compared(history: Remembered) -> None:
    class Going(Remembered):
        @property
        def spans(self) -> Any:
            whole = super().spans
            return {
                number: span._replace(decided=span.end - 40, settled=span.end - 30) for number, span in whole.items()
            }

    history.snapshots = ()
    going = Going(**{name: getattr(history, name) for name in history.__dataclass_fields__})
    report = verified(going)
    assert report.agrees
    assert report.not_compared["decisions"] > 5
    assert report.against is None

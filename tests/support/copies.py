"""A busy deployment of small parts of everything, and what a copy of its journal into other partitions is held to."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from engine.core.calendar import Period
from engine.core.instants import DAY_MS, HOUR_MS
from engine.core.partitioning import partition_of
from engine.core.records import Event, Origin
from engine.pipeline.partition import JournalRecord, TopicRecord
from engine.pipeline.records import StateRecord
from engine.replay.deriving import Derivation
from engine.replay.repartitioning.copying import Copying
from engine.replay.repartitioning.lane import Lane
from engine.replay.rules_of import RulesOf
from engine.ruleset.conditions import Test
from engine.ruleset.effects import AddTag, AwardPoints, Fixed
from engine.ruleset.limits import Limit, Window
from engine.ruleset.model import SEMANTICS, Ruleset
from engine.ruleset.schedules import SCHEDULED, After, Every, Silent
from engine.wire import journal
from tests.support.histories import conversations, history
from tests.support.journals import START, Log, enrolled, event
from tests.support.programme import campaign, rules, ruleset
from tests.support.recorded import Remembered

SALT = "2f" * 32
NINE = 9 * 60
Clock = Literal["wall", "events"]


def programmes(clock: Clock) -> tuple[Ruleset, Ruleset, Ruleset]:
    """Three rulesets of one programme, with schedules of their own, a shared cap and a gift to referrers."""
    time = replace(ruleset().programme.time, clock=clock)
    base = ruleset().campaigns
    capped = campaign(
        "capped", AwardPoints(Fixed(3), "points"), limits=(Limit("times", 9, "campaign", Window("ever"), "refuse"),)
    )
    friends = campaign(
        "friends",
        AwardPoints(Fixed(20), "points", to="referrer"),
        audience=Test("member.referred", "bool", "one_of", (True,)),
    )
    daily = campaign("daily", AwardPoints(Fixed(5), "points"), on=SCHEDULED, schedule=Every("day", NINE))
    silent = campaign(
        "silent",
        AddTag("quiet"),
        on=SCHEDULED,
        schedule=Silent(period=Period(3, "days"), since="transaction.completed"),
    )
    after = campaign(
        "after",
        AwardPoints(Fixed(2), "points"),
        on=SCHEDULED,
        schedule=After(period=Period(2, "days"), of="transaction.completed"),
    )
    return (
        ruleset(*base, capped, friends, time=time),
        ruleset(*base, capped, daily, silent, time=time),
        ruleset(*base, friends, daily, after, time=time),
    )


def busy(seed: int, clock: Clock = "wall", partitions: int = 4, events: int = 160) -> Remembered:
    """Some weeks: everything that members do, conversations, rules that change at once and at an instant, uneven clocks."""
    made = random.Random(seed)
    rulesets = programmes(clock)
    log = Log([rules(each) for each in rulesets], partitions=partitions, batch=made.choice((1, 7, 100)))
    taken_out = {number: set[int]() for number in range(partitions)}
    for number, partition in enumerate(log.partitions):
        partition.quarantined = taken_out[number]
    arrivals = list(_arrivals(seed, made, events))
    for at, each in enumerate(arrivals):
        if at == len(arrivals) // 3:
            activate(log, rulesets[1], None)
        if at == len(arrivals) // 2:
            activate(log, rulesets[2], START + (at + 20) * HOUR_MS)
        if made.random() < 0.03:
            _take_out_next(log, each.subject, taken_out, made)
        _arrive(log, each, at, made)
        _move_clocks(log, clock, at, made)
    found = remembered(log, rulesets, made)
    found.quarantined = {number: frozenset(offsets) for number, offsets in taken_out.items()}
    return found


def _arrive(log: Log, arrived: Event, at: int, made: random.Random) -> None:
    """Takes an event in; now and then intake writes it twice."""
    written = arrived._replace(origin=Origin("transactions", 0, made.randrange(2), at))
    log.feed(written)
    if made.random() < 0.05:
        log.feed(written)


def _take_out_next(log: Log, subject: str, taken_out: Mapping[int, set[int]], made: random.Random) -> None:
    """Quarantines what comes next to a subject's partition: an event, or what is no record at all."""
    number = partition_of(subject, len(log.partitions))
    taken_out[number].add(len(log.journal[number]))
    if made.random() < 0.5:
        log.append(number, subject.encode(), b"no record of a journal")


def _move_clocks(log: Log, clock: Clock, at: int, made: random.Random) -> None:
    """Ticks some partitions, not all alike; where the clock follows the events, now and then asks it to go far ahead."""
    now_ms = START + at * HOUR_MS
    if clock == "wall":
        for number in range(len(log.partitions)):
            if made.random() < 0.3:
                tick(log, number, now_ms - made.randrange(HOUR_MS))
        log.run()
    elif made.random() < 0.02:
        data = {"to": now_ms + made.choice((0, 3)) * DAY_MS}
        log.feed(event("clock.advance_requested", "programme:clock", data, time_ms=now_ms, event_id=f"advance {at}"))


def remembered(log: Log, rulesets: Sequence[Ruleset], made: random.Random | None = None) -> Remembered:
    """The log as a history; records come at instants of their own where a source of them is given."""
    records: dict[int, list[JournalRecord]] = {}
    for number, own in enumerate(log.journal):
        at_ms = START
        records[number] = []
        for record in own:
            at_ms += made.choice((0, 0, 60_000, HOUR_MS)) if made else 0
            records[number].append(record._replace(timestamp_ms=at_ms))
    return Remembered(len(log.journal), {each.digest: each for each in rulesets}, records)


def copy_of(old: Remembered, partitions: int) -> tuple[Remembered, Copying, list[StateRecord]]:
    """The history that a copy makes, how it was made, and all rows as the old one has them."""
    rules_of = RulesOf(old.rulesets)
    copying = Copying([Lane(old, number, rules_of) for number in range(old.partitions)], partitions)
    return *made_by(copying, old, partitions), list(copying.rows())


def made_by(copying: Copying, old: Remembered, partitions: int) -> tuple[Remembered, Copying]:
    """The history that a copy makes, and how it was made."""
    records: dict[int, list[JournalRecord]] = {number: [] for number in range(partitions)}
    quarantined: dict[int, set[int]] = {number: set() for number in range(partitions)}
    for new in copying.records():
        own = records[new.partition]
        if new.quarantined:
            quarantined[new.partition].add(len(own))
        own.append(JournalRecord(len(own), START, new.key, new.value))
    taken_out = {number: frozenset(offsets) for number, offsets in quarantined.items()}
    made = Remembered(partitions, old.rulesets, records, quarantined=taken_out)
    return made, copying


class Decided:
    """A history decided from its beginning."""

    def __init__(self, history: Remembered) -> None:
        self.derivations = [
            Derivation(history, number, RulesOf(history.rulesets)) for number in range(history.partitions)
        ]
        self.sent: list[TopicRecord] = []
        self.published: list[TopicRecord] = []
        for derivation in self.derivations:
            for _, folded in derivation.batches():
                for record in folded.outgoing:
                    (self.sent if record.topic == "journal" else self.published).append(record)

    def rows(self) -> list[StateRecord]:
        """All rows of all partitions."""
        return sorted(row for derivation in self.derivations for row in derivation.rows())

    def forgotten(self) -> Mapping[str, int]:
        """Whose sealing keys are to be deleted."""
        return {
            subject: at for derivation in self.derivations for subject, at in derivation.partition.forgotten.items()
        }


def messages_of(history: Remembered) -> Counter[TopicRecord]:
    """The messages that stand in the journal, and where."""
    return Counter(
        TopicRecord("journal", number, record.key, record.value)
        for number, records in history.records.items()
        for record in records
        if b'"kind":"message"' in record.value[:20]
    )


def activate(log: Log, made: Ruleset, at_ms: int | None) -> None:
    """Appends a ruleset's activation, at once or at an instant, to every partition, and decides it."""
    for number in range(len(log.partitions)):
        value = journal.encode_activation(number, made.digest, SALT, SEMANTICS, at_ms=at_ms)
        log.append(number, journal.ACTIVATION_KEY, value)
    log.run()


def tick(log: Log, number: int, to_ms: int) -> None:
    """Appends a tick to one partition, unless its clock is there."""
    partition = log.partitions[number]
    if partition.clock_ms is None or to_ms > partition.clock_ms:
        made = partition.tick(to_ms)
        log.append(number, made.key, made.value)


def _arrivals(seed: int, made: random.Random, events: int) -> Iterator[Event]:
    mixed = history(seed, events=events) + conversations(seed, events // 2)
    made.shuffle(mixed)
    sold = [each.data["transaction_id"] for each in mixed if each.type == "transaction.completed"]
    yield enrolled("R", time_ms=START)
    for at, each in enumerate(mixed):
        time_ms = START + at * HOUR_MS - made.choice((0, 0, 0, DAY_MS))
        yield each._replace(time_ms=time_ms, received_at_ms=max(time_ms, each.received_at_ms))
        roll = made.random()
        member = f"C-{made.randrange(8)}"
        if roll < 0.05:
            yield enrolled(f"F-{at}", time_ms=time_ms, referred_by="R")
        elif roll < 0.1:
            data = {"merge_id": f"G{at}", "member_id": member, "merged_member_id": f"C-{made.randrange(8)}"}
            yield event("member.merged", f"member:{member}", data, time_ms=time_ms, event_id=f"merge {at}")
        elif roll < 0.2 and sold:  # before its sale as often as after it
            data = {"return_id": f"B{at}", "original_transaction_id": made.choice(sold)}
            data["lines"] = [{"line_id": "1", "quantity": 1}]  # type: ignore[assignment]
            yield event(
                "transaction.returned",
                f"transaction:{data['original_transaction_id']}",
                data,
                time_ms=time_ms,
                event_id=f"back {at}",
            )
        elif roll < 0.22:
            yield event(
                "member.forgotten", f"member:{member}", {"member_id": member}, time_ms=time_ms, event_id=f"forget {at}"
            )

"""Decides some records of a history again, each alone, and keeps what went in, what was asked and what came out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import orjson

from engine.core.records import Message
from engine.history.history import History, Snapshot
from engine.match.plain import PlainMatcher
from engine.match.watching import Watching
from engine.pipeline.partition import Partition
from engine.pipeline.records import Folded, TopicRecord
from engine.replay.deriving import Derivation
from engine.replay.explaining.finding import Place, Scan, Taken, Told
from engine.replay.rules_of import RulesOf
from engine.ruleset.matching import Facts, Rules
from engine.wire import journal

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Watched:
    """A record that was decided again. Rows are those of the subjects that were asked for, by key.

    `due`: when the rows are due that it wrote. `matcher` is the one that was asked.
    """

    taken: Taken
    ruleset: str
    rules: Rules
    clock_ms: int | None
    before: Mapping[str, Row]
    after: Mapping[str, Row]
    due: Mapping[str, int]
    due_before: Mapping[str, int]
    outcomes: Sequence[Told]
    messages: Sequence[Message]
    asked: Sequence[Facts]


class Watcher:
    """Derives the partitions of a history as far as they are needed."""

    def __init__(self, history: History, scan: Scan) -> None:
        self._history = history
        self._scan = scan
        self._matchers = {digest: Watching(PlainMatcher(rules)) for digest, rules in history.rulesets.items()}
        self._rules_of = RulesOf(history.rulesets, "plain", dict(self._matchers))
        self._at: dict[int, Derivation] = {}
        self._seen: dict[Place, Watched] = {}

    def watch(self, places: Iterable[Place], subjects: Sequence[str]) -> dict[Place, Watched]:
        """Decides the records at these places. Those that are not decided yet in the history, or not in it, are left out."""
        wanted = sorted({place for place in places if place not in self._seen})
        for number, group in groupby(wanted, key=lambda place: place.partition):
            span = self._history.spans.get(number)
            for place in group:
                if span is not None and span.start <= place.offset < span.decided:
                    taken = self._scan.at(place)
                    if taken is not None:
                        self._seen[place] = self._decide(taken, subjects)
        return self._seen

    def _decide(self, taken: Taken, subjects: Sequence[str]) -> Watched:
        derivation = self._to(taken.place)
        self._forget()
        partition = derivation.partition
        concerned = {*subjects, taken.record.key.decode()}
        before = _rows(partition, concerned)
        due_before = {key: due for key in before if (due := partition.due_ms(key)) is not None}
        clock_ms = partition.clock_ms
        folded = derivation.decide([taken.record])
        asked = tuple(facts for matcher in self._matchers.values() for facts in matcher.asked)
        changed = {key: kept for key, kept in folded.changed.items() if key.partition("/")[0] in concerned}
        after = {key: row for key, row in before.items() if key not in changed}
        after |= {key: orjson.loads(kept[0]) for key, kept in changed.items() if kept is not None}
        watched = Watched(
            taken=taken,
            ruleset=folded.progress.ruleset,
            rules=self._rules_of(folded.progress.ruleset, folded.progress.salt),
            clock_ms=clock_ms,
            before=before,
            after=after,
            due={key: kept[1] for key, kept in changed.items() if kept is not None and kept[1] is not None},
            due_before=due_before,
            outcomes=_outcomes(folded, taken.place),
            messages=_messages(folded.outgoing),
            asked=asked,
        )
        partition.commit(folded)
        return watched

    def _to(self, place: Place) -> Derivation:
        """The partition as it stood before a record: goes on from where it is, or from a snapshot that is nearer."""
        here = self._at.get(place.partition)
        if here is not None and here.partition.position > place.offset:
            here = None
        nearest = _nearest(self._history.snapshots, place)
        at = -1 if here is None else here.partition.position
        if here is None or (nearest is not None and nearest.positions[place.partition] > at):
            here = Derivation(self._history, place.partition, self._rules_of, nearest)
        self._at[place.partition] = here
        for records, _ in here.batches(place.offset):
            self._scan.count(len(records))
            self._forget()
        return here

    def _forget(self) -> None:
        for matcher in self._matchers.values():
            matcher.asked.clear()


def _nearest(snapshots: Sequence[Snapshot], place: Place) -> Snapshot | None:
    there = [each for each in snapshots if each.positions.get(place.partition, place.offset + 1) <= place.offset]
    return max(there, key=lambda each: each.positions[place.partition], default=None)


def _rows(partition: Partition, subjects: Iterable[str]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    starts = tuple(f"{subject}/" for subject in subjects)
    exact = set(subjects)
    for key, value in partition.rows.items():
        if key in exact or key.startswith(starts):
            found[key] = orjson.loads(value)
    return found


def _outcomes(folded: Folded, place: Place) -> list[Told]:
    return [
        Told(record.topic, place, orjson.loads(record.value)) for record in folded.outgoing if record.topic != "journal"
    ]


def _messages(outgoing: Sequence[TopicRecord]) -> list[Message]:
    decoded = [journal.decode(record.value) for record in outgoing if record.topic == "journal"]
    return [each for each in decoded if isinstance(each, Message)]

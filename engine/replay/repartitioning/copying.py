"""The new journal: the old partitions' entries, merged, each with word of how its partition stood where that must be said.

A subject lives in one partition, so any merge keeps each subject's order. Merged is by the broker's time in slices, one partition
after the other within a slice: what goes before what can be read, and little need be said in between.
"""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from engine.core.instants import HOUR_MS
from engine.core.partitioning import partition_of
from engine.errors import UsageError
from engine.history.history import History
from engine.pipeline.records import Progress, StateRecord
from engine.pipeline.ticking import followed_to
from engine.replay.repartitioning.lane import Entry, Old, Standing
from engine.wire import copies

SLICE_MS = HOUR_MS


class New(NamedTuple):
    """A record of the new journal; records are appended in the order in which they come. `quarantined`: to be taken out again."""

    partition: int
    key: bytes
    value: bytes
    quarantined: bool = False


class Copying:
    """One copy of old partitions into so many new ones: the records, afterwards the rows to be had by them."""

    def __init__(self, lanes: Sequence[Old], partitions: int) -> None:
        self._lanes = lanes
        self._partitions = partitions
        self._standing: list[Standing | None] = [None] * partitions
        self.counts: Counter[str] = Counter()  # `events`, `messages`, `quarantined`; `stood` is what had to be said

    def records(self) -> Iterator[New]:
        """The new journal, to be asked for once. Raises what the lanes raise, and UsageError where they are an incomplete copy."""
        for entry in heapq.merge(*(lane.entries() for lane in self._lanes), key=_order):
            if entry.record is None:
                yield from self._done_itself(entry)
            else:
                yield from self._copied(entry)
        ended = ending([lane.progress for lane in self._lanes])
        for number in range(self._partitions):
            yield New(number, copies.COPY_KEY, copies.encode_ended(number, ended))

    @property
    def read(self) -> int:
        """Records of the old journal read so far."""
        return sum(lane.records for lane in self._lanes)

    @property
    def known(self) -> int:
        """Events that stand in the old journal twice and were decided once; they are not copied."""
        return sum(lane.known for lane in self._lanes)

    def rows(self) -> Iterator[StateRecord]:
        """All rows of the old deployment, by key, once all records were asked for."""
        return heapq.merge(*(lane.rows() for lane in self._lanes), key=lambda row: row.key)

    def _copied(self, entry: Entry) -> Iterator[New]:
        record = entry.record
        if record is None:
            raise AssertionError("nothing to copy")
        number = partition_of(entry.subject, self._partitions)
        standing = self._standing[number]
        if standing is not None and entry.follows_ms is not None:
            standing = standing._replace(clock_ms=followed_to(entry.follows_ms, standing.clock_ms))
        if standing != entry.standing:
            yield self._said(number, _stood(entry))
        self._standing[number] = entry.standing
        self.counts["quarantined" if entry.quarantined else _kind(record.value)] += 1
        yield New(number, record.key, record.value, entry.quarantined)

    def _done_itself(self, entry: Entry) -> Iterator[New]:
        """What an old partition did of its own accord, for each new one of the subjects in question."""
        subjects: dict[int, list[str]] = {}
        for subject in (*entry.worked_off, *entry.forgotten):
            subjects.setdefault(partition_of(subject, self._partitions), []).append(subject)
        for number, own in subjects.items():
            self._standing[number] = entry.standing
            yield self._said(
                number,
                _stood(entry)._replace(
                    worked_off={each: entry.worked_off[each] for each in own if each in entry.worked_off},
                    visited=[each for each in entry.visited if partition_of(each, self._partitions) == number],
                    forgotten={each: entry.forgotten[each] for each in own if each in entry.forgotten},
                ),
            )

    def _said(self, number: int, stood: copies.Stood) -> New:
        self.counts["stood"] += 1
        return New(number, copies.COPY_KEY, copies.encode_stood(number, stood))


def demand_decided(history: History) -> None:
    """Raises UsageError where records are missing, or not decided yet: what they cause would be nowhere."""
    for number, span in sorted(history.spans.items()):
        if span.start > 0:
            raise UsageError(
                f"{history.name} has the journal partition {number} from offset {span.start} on, not all of it"
            )
        waiting = sum(len(records) for records in history.journal(number, span.decided))  # offsets have holes
        if waiting:
            raise UsageError(
                f"{history.name}: {waiting} records of the journal partition {number} are not decided (from {span.decided} on):"
                " stop the producers, let the workers finish, then stop them"
            )


def ending(old: Sequence[Progress]) -> copies.Ended:
    """How the new partitions stand after the copy: as the old one whose clock is furthest on, since a clock never goes back.

    Where not all members were planned for the same schedules, none count as planned for: each is visited, and what is planned stays.
    """
    if any(progress.copying for progress in old):
        raise UsageError("the journal is itself a copy that was not completed: make it again into another prefix")
    furthest = max(old, key=lambda progress: -1 if progress.clock is None else progress.clock)
    announced = [progress.announced for progress in old if progress.announced is not None]
    timetables = {progress.timetable for progress in old}
    return copies.Ended(
        furthest.clock,
        max(announced, default=None),
        furthest.ruleset,
        furthest.salt,
        furthest.semantics,
        furthest.pending,
        furthest.timetable if len(timetables) == 1 else "",
    )


def _order(entry: Entry) -> tuple[int, int, int]:
    return entry.at_ms // SLICE_MS, entry.partition, entry.offset


def _stood(entry: Entry) -> copies.Stood:
    return copies.Stood(entry.partition, entry.offset, *entry.standing)


def _kind(value: bytes) -> str:
    return "messages" if value.startswith(b'{"kind":"message"') else "events"

"""One journal partition: its rows, its position, and the fold that moves both on.

Driven alike by the worker, by simulate and by replay. Nothing here does I/O; memory changes only in `restore` and `commit`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import orjson

from engine.errors import PartitionRefused, RecordFailed, RulesetMissing, SemanticsUnknown
from engine.pipeline.fold import Fold
from engine.pipeline.records import Bounds, Folded, JournalRecord, Progress, StateRecord, TopicRecord, hash_of
from engine.pipeline.store import Store
from engine.ruleset.matching import Rules
from engine.ruleset.model import SEMANTICS
from engine.wire import journal

POSITION_KEY = "_position"
STUCK_KEY = "_stuck"
ORIGIN_PREFIX = "_source/"
FORGOTTEN_PREFIX = "_forgotten/"

__all__ = ["Bounds", "Folded", "JournalRecord", "Partition", "StateRecord", "TopicRecord", "hash_of"]


class Partition:
    """The rows and the position of one partition. Not thread-safe: one task owns it."""

    def __init__(
        self, number: int, partitions: int, rules_of: Callable[[str, str], Rules], quarantined: Collection[int] = ()
    ) -> None:
        """`rules_of(digest, salt)` gives a loaded ruleset or raises RulesetMissing. `quarantined`: offsets an operator took out."""
        self.number = number
        self.partitions = partitions
        self.quarantined = quarantined
        self._rules_of = rules_of
        self._store = Store()
        self._origins: dict[str, int] = {}
        self._forgotten: dict[str, int] = {}
        self._progress: Progress | None = None
        self._stuck: dict[str, Any] | None = None

    # -- restore, before anything else

    def restore(self, key: bytes, value: bytes | None, due_ms: int | None) -> None:
        """Takes one record of the state topic, in order."""
        name = key.decode()
        if not name.startswith("_"):
            self._store.restore(name, value, due_ms)
        elif name.startswith(ORIGIN_PREFIX):
            if value is not None:
                self._origins[name] = int(value)
        elif name.startswith(FORGOTTEN_PREFIX):
            if value is not None:
                self._forgotten[name.removeprefix(FORGOTTEN_PREFIX)] = int(value)
        elif name == POSITION_KEY and value is not None:
            self._progress = Progress(**orjson.loads(value))
        elif name == STUCK_KEY:
            self._stuck = None if value is None else orjson.loads(value)

    def restored(self) -> None:
        """Ends the restore.

        Raises PartitionRefused where rows exist but no position, or the partition count differs; SemanticsUnknown where the rows
        were made by other rules of deciding.
        """
        self._store.restored()
        progress = self._progress
        if progress is None:
            if self._store.rows or self._origins:
                raise PartitionRefused(
                    f"partition {self.number}: state holds {len(self._store.rows)} rows but no position"
                    " row, so it does not say how far the journal was decided"
                )
        elif progress.partitions != self.partitions:
            raise PartitionRefused(
                f"partition {self.number}: state was written for {progress.partitions} journal partitions,"
                f" the journal has {self.partitions}"
            )
        elif progress.semantics not in (0, SEMANTICS):
            raise SemanticsUnknown(
                f"partition {self.number}: state was decided by version {progress.semantics} of the rules of deciding;"
                f" this engine implements {SEMANTICS}"
            )

    @property
    def position(self) -> int:
        """The next journal offset to decide; 0 before the first transaction."""
        return 0 if self._progress is None else self._progress.next

    @property
    def positioned(self) -> bool:
        """Whether there is a position row at all."""
        return self._progress is not None

    @property
    def last(self) -> tuple[int, str] | None:
        """Offset and hash (`hash_of`) of the last record decided, to be held against the journal at open."""
        if self._progress is None or self._progress.last is None:
            return None
        return self._progress.last, self._progress.last_hash

    @property
    def ruleset(self) -> str:
        """The digest of the ruleset in force, "" before the first activation."""
        return "" if self._progress is None else self._progress.ruleset

    @property
    def stuck(self) -> tuple[int, int] | None:
        """Offset and count of the record that last failed here, from the row `_stuck`; None once the partition went past it."""
        if self._stuck is None or self._stuck["offset"] < self.position:
            return None
        return self._stuck["offset"], self._stuck["count"]

    @property
    def rows(self) -> dict[str, bytes]:
        """The rows as committed, by key; for reading only."""
        return self._store.rows

    @property
    def forgotten(self) -> Mapping[str, int]:
        """The subjects whose sealing keys are to be deleted, and when that was said by the broker's clock.

        A member has none ever after; an external id may come to belong to somebody else, so only those of before are meant.
        """
        return self._forgotten

    def own_rows(self) -> Iterator[StateRecord]:
        """The rows of the engine itself that are a function of the journal, by key: how far each source came, and the position."""
        forgotten = {FORGOTTEN_PREFIX + subject: b"%d" % at_ms for subject, at_ms in self._forgotten.items()}
        own = {**forgotten, **{key: b"%d" % offset for key, offset in self._origins.items()}}
        if self._progress is not None:
            own[POSITION_KEY] = orjson.dumps(self._progress.row(), option=orjson.OPT_SORT_KEYS)
        for key in sorted(own):
            yield StateRecord(key.encode(), own[key], None)

    def due_ms(self, key: str) -> int | None:
        """The due instant of a row, as committed."""
        return self._store.due_ms(key)

    # -- deciding

    def fold(self, start: int, end: int, records: Sequence[JournalRecord], bounds: Bounds) -> Folded:
        """Decides the records from the position on. Pure towards the partition: nothing changes until `commit`.

        `start` and `end` are the consumer's position before and after the drain; `start <= position` must hold (the caller checks).
        Stops after the record with which it reaches the bounds, and says in `end` how far it came. Raises RulesetMissing (load it,
        fold again), SemanticsUnknown, or RecordFailed: fold again with `records` cut before it, commit that, then write `stuck_row`.
        """
        progress, fold = self.progress, self.opened()
        assert start <= progress.next, f"a gap: {start} > {progress.next}"  # noqa: S101  # the caller checks, and rewinds
        reached = end
        for record in records:
            if record.offset < progress.next:
                continue
            self._take(fold, record)
            if fold.written_records >= bounds.records or fold.written_bytes >= bounds.bytes:
                reached = end if record is records[-1] else record.offset + 1
                break
        return fold.done(start, max(reached, progress.next))

    def opened(self) -> Fold:
        """A fold that takes records one at a time, wherever they stand; nothing changes until what it has done is committed."""
        progress = self.progress
        return Fold(self.number, self.partitions, self._store, self._origins, self._forgotten, progress, self._rules_of)

    def commit(self, folded: Folded) -> None:
        """Takes over what a successful transaction wrote."""
        self._store.take_over(folded.changed)
        self._origins.update(folded.origins)
        self._forgotten.update(folded.forgotten)
        self._progress = folded.progress

    def stuck_row(self, failed_offset: int, error: str) -> StateRecord:
        """The row `_stuck {offset, error, count}` to write in a transaction of its own; the count goes on from the one restored."""
        stuck = self.stuck
        count = stuck[1] + 1 if stuck is not None and stuck[0] == failed_offset else 1
        row = {"count": count, "error": error, "offset": failed_offset}
        self._stuck = row
        return StateRecord(STUCK_KEY.encode(), orjson.dumps(row), None)

    def _take(self, fold: Fold, record: JournalRecord) -> None:
        try:
            if record.offset in self.quarantined:
                fold.take_quarantined(record)
            else:
                fold.take(record)
            fold.took(record)
        except (RulesetMissing, SemanticsUnknown, PartitionRefused):
            raise
        except Exception as error:
            raise RecordFailed(record.offset, error) from error

    # -- time

    @property
    def clock_ms(self) -> int | None:
        """The partition's clock; None before its first tick or event."""
        return None if self._progress is None else self._progress.clock

    @property
    def progress(self) -> Progress:
        """How far it is, as committed."""
        return self._progress or Progress(partitions=self.partitions)

    def due_of(self, subject: str) -> int | None:
        """The earliest instant that something of a subject is due, as committed."""
        waiting = self._store.due_of(subject)
        return waiting[0][0] if waiting else None

    def next_due_ms(self) -> int | None:
        """The earliest instant that a tick is wanted for: a row that is due, or an activation that waits."""
        pending = None if self._progress is None else self._progress.pending
        wanted = (self._store.next_due_ms(), None if pending is None else pending["at"])
        return min((instant for instant in wanted if instant is not None), default=None)

    def tick(self, to_ms: int) -> TopicRecord:
        """The `clock.tick` record to append to the journal of this partition, by its own fenced producer."""
        value = journal.encode_clock("clock.tick", self.number, to_ms)
        return TopicRecord("journal", self.number, journal.CLOCK_KEY, value)

"""One journal partition's fold: records in, everything that one transaction must write out.

Driven alike by the worker, by simulate and by replay. Nothing here does I/O; memory changes only in `commit`.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from engine.ruleset.matching import Rules


class JournalRecord(NamedTuple):
    """A record of the journal as fetched. `timestamp_ms` is the broker's (LogAppendTime)."""

    offset: int
    timestamp_ms: int
    key: bytes
    value: bytes


class StateRecord(NamedTuple):
    """A record for the state topic; a value of None is a tombstone. `due_ms` travels as the header `due` (8 bytes, big-endian)."""

    key: bytes
    value: bytes | None
    due_ms: int | None


class TopicRecord(NamedTuple):
    """A record for another topic (name without prefix)."""

    topic: str
    partition: int
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a fold stops early: the transaction's size."""

    records: int = 20_000
    bytes: int = 4 << 20


@dataclass(frozen=True, slots=True)
class Folded:
    """All of one transaction, in the order to write it: `outgoing` (outcomes and messages), then `state`, whose last record is the position row.

    `end` is the new position. `counts` feeds the metrics: decided events, dropped repeats of intake, due items, outcomes by type.
    """

    start: int
    end: int
    state: tuple[StateRecord, ...]
    outgoing: tuple[TopicRecord, ...]
    counts: dict[str, int]


class Partition:
    """The rows and the position of one partition. Not thread-safe: one task owns it."""

    def __init__(
        self, number: int, partitions: int, rules_of: Callable[[str, str], Rules], quarantined: Collection[int] = ()
    ) -> None:
        """`rules_of(digest, salt)` gives a loaded ruleset or raises RulesetMissing. `quarantined`: offsets an operator took out."""

    # -- restore, before anything else
    def restore(self, key: bytes, value: bytes | None, due_ms: int | None) -> None:
        """Takes one record of the state topic, in order."""

    def restored(self) -> None:
        """Ends the restore. Raises PartitionRefused where rows exist but no position, or the partition count differs."""

    @property
    def position(self) -> int:
        """The next journal offset to decide; 0 before the first transaction."""

    @property
    def last(self) -> tuple[int, str] | None:
        """Offset and hash of the last record decided, to be held against the journal at open (`hash_of`)."""

    @property
    def stuck(self) -> tuple[int, int] | None:
        """Offset and count of the record that last failed here, from the row `_stuck`."""

    # -- deciding
    def fold(self, start: int, end: int, records: Sequence[JournalRecord], bounds: Bounds) -> Folded:
        """Decides the records from the position on. Pure towards the partition: nothing changes until `commit`.

        `start` and `end` are the consumer's position before and after the drain; `start <= position` must hold (the caller checks).
        Stops before a record that would pass the bounds, and says in `end` how far it came. Raises RulesetMissing (load it, fold
        again), SemanticsUnknown, or RecordFailed: fold again with `records` cut before it, commit that, then write `stuck_row`.
        """

    def commit(self, folded: Folded) -> None:
        """Takes over what a successful transaction wrote."""

    def stuck_row(self, failed_offset: int, error: str) -> StateRecord:
        """The row `_stuck {offset, error, count}` to write in a transaction of its own; the count goes on from the one restored."""

    # -- time
    @property
    def clock_ms(self) -> int | None:
        """The partition's clock; None before its first tick or event."""

    def next_due_ms(self) -> int | None:
        """The earliest due instant of any row."""

    def tick(self, to_ms: int) -> TopicRecord:
        """The `clock.tick` record to append to the journal of this partition, by its own fenced producer."""

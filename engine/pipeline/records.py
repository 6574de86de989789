"""What goes into and comes out of a partition's fold: records of the journal, of `state` and of the other topics."""

from dataclasses import asdict, dataclass
from typing import NamedTuple, TypedDict

from engine.core import ids
from engine.core.records import Json


class JournalRecord(NamedTuple):
    """A record of the journal as fetched. `timestamp_ms` is the broker's (LogAppendTime)."""

    offset: int
    timestamp_ms: int
    key: bytes
    value: bytes


def hash_of(record: JournalRecord) -> str:
    """What the position row keeps of its last record, to be held against the journal when the partition is opened again."""
    return ids.digest(record.key + b"\x1f" + record.value)


class StateRecord(NamedTuple):
    """A record for the state topic; a value of None is a tombstone. `due_ms` travels as the header `due` (`engine.wire.rows`)."""

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
    """Where a fold stops: after the record with which it reaches either."""

    records: int = 20_000
    bytes: int = 4 << 20


class Pending(TypedDict):
    """An activation that waits for the partition's clock to reach `at`."""

    at: int
    digest: str
    salt: str
    semantics: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a partition is: the row `_position`, the last record of every transaction in `state`."""

    next: int = 0
    last: int | None = None
    last_hash: str = ""
    partitions: int = 0
    clock: int | None = None
    announced: int | None = (
        None  # the furthest instant told to the other partitions, where the clock follows the events
    )
    semantics: int = 0
    ruleset: str = ""
    salt: str = ""
    pending: Pending | None = None
    timetable: str = ""  # what all members were planned for, or are being planned for
    copying: bool = False  # within records that were copied from other partitions (`engine.wire.copies`)

    def row(self) -> dict[str, Json]:
        """The row's JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Folded:
    """All of one transaction, in the order to write it: `outgoing` (outcomes and messages), then `state`.

    `state` ends with the position row.
    `end` is the new position. `counts` feeds the metrics: `events`, `dropped`, `due`, and `outcome.<type>`.
    """

    start: int
    end: int
    state: tuple[StateRecord, ...]
    outgoing: tuple[TopicRecord, ...]
    counts: dict[str, int]
    progress: Progress
    changed: dict[str, tuple[bytes, int | None] | None]
    origins: dict[str, int]
    forgotten: dict[str, int]  # subjects whose sealing keys are to be deleted, as `Partition.forgotten`
    told: tuple[tuple[int, int], ...] = ()  # each record that sent something, how much was sent by then

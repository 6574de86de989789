"""What can be read of a recorded deployment: its journal, what it published, its rulesets, and its rows as of a position.

A history has a cut, so that all who read it see the same, however long they take and whatever goes on meanwhile.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from engine.pipeline.records import JournalRecord, StateRecord
from engine.ruleset.model import Ruleset
from engine.ruleset.published import Publication


class Span(NamedTuple):
    """What a history has of one journal partition, as offsets; each is the first that is not meant any more.

    They are found in this order, so that they hold while the deployment runs: `decided`, `settled`, the ends of the outcome
    topics, `end`.

    `start`: the first record; 0 unless the history begins at a snapshot.
    `decided`: records below are decided, and all that they published is in the history.
    `settled`: messages that records below any partition's `decided` caused stand below.
    `end`: records below are in the history, so all that what was published, and a message below `settled`, goes back to.
    """

    start: int
    decided: int
    settled: int
    end: int


class Published(NamedTuple):
    """A record of an outcome topic; `topic` without the deployment's prefix."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes
    value: bytes


class Snapshot(NamedTuple):
    """The rows of every partition at its position row. Partitions are read one after the other, so each has a position of its own.

    `positions`: by partition, the next journal offset to decide. `settled`: as in `Span`, for these positions.
    """

    name: str
    positions: Mapping[int, int]
    settled: Mapping[int, int]
    taken_at_ms: int


class History(Protocol):
    """A recorded deployment. It can be pickled and opened again in another process, where it has the same cut."""

    @property
    def name(self) -> str:
        """What it is called in messages to people: the archive's folder, or the deployment's prefix and broker."""

    @property
    def partitions(self) -> int:
        """Partitions of the journal, and of all outcome topics."""

    @property
    def spans(self) -> Mapping[int, Span]:
        """What there is of each journal partition."""

    @property
    def rulesets(self) -> Mapping[str, Ruleset]:
        """All that were published, by digest."""

    @property
    def publications(self) -> Sequence[Publication]:
        """Who published which when, oldest first."""

    @property
    def quarantined(self) -> Mapping[int, frozenset[int]]:
        """The offsets that an operator took out, by journal partition."""

    @property
    def snapshots(self) -> Sequence[Snapshot]:
        """Where rows can be had of, oldest first."""

    def rows(self, snapshot: Snapshot, partition: int) -> Iterator[StateRecord]:
        """The rows of a partition at a snapshot, by key; those of the engine itself (`_position`, ...) among them."""

    def journal(self, partition: int, start: int = 0, end: int | None = None) -> Iterator[Sequence[JournalRecord]]:
        """The records of a partition at `start <= offset < end` in order, in batches; to the span's end by default."""

    def topics(self) -> Sequence[str]:
        """The outcome topics, by name."""

    def published(self, topic: str, partition: int) -> Iterator[Sequence[Published]]:
        """The records of an outcome topic in order, in batches."""

    def published_from(self, topic: str, partition: int) -> int:
        """The offset that the records of an outcome topic begin at: above 0 where earlier ones are not kept any more."""

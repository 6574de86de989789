"""A deployment in lists, to be archived without a broker; it may go on, be cut at its beginning, or be another one."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.broker.reading import Fetched
from engine.errors import BrokerUnavailable
from engine.history.cut import Cut
from engine.history.history import Snapshot, Span
from engine.history.tables import TABLES
from engine.pipeline.records import StateRecord

JOURNAL = "journal"


class Record(NamedTuple):
    """A record as a broker gives it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class Told:
    """Implements `engine.history.archiving.Source`. Fails as a broker does after so many batches where `fails_after` is set."""

    partitions: int = 2
    prefix: str = "shop."
    cluster: str = "c-1"
    name: str = "a told deployment"
    taken_at_ms: int = 1_700_000_000_000
    records: defaultdict[tuple[str, int], list[Record]] = field(default_factory=lambda: defaultdict(list))
    begins: dict[tuple[str, int], int] = field(default_factory=dict)
    kept: dict[int, list[StateRecord]] = field(default_factory=dict)
    decided: dict[int, int] = field(default_factory=dict)
    outcome_topics: Sequence[str] = ("points", "dead-letters")
    batch: int = 4
    fails_after: int | None = None

    def add(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
        hole: int = 0,
    ) -> Record:
        """Appends a record, behind so many offsets that hold none."""
        offset = self.end(topic, partition) + hole
        record = Record(topic, partition, offset, 1_700_000_000_000 + offset, key, value, headers)
        self.records[topic, partition].append(record)
        return record

    def end(self, topic: str, partition: int) -> int:
        """Where the next record would go: as at a broker a transaction's marker stands behind each."""
        there = self.records[topic, partition]
        return there[-1].offset + 2 if there else self.begins.get((topic, partition), 0)

    @property
    def cut(self) -> Cut:
        """As it stands."""
        spans = {}
        for number in range(self.partitions):
            end = self.end(JOURNAL, number)
            spans[number] = Span(self.begins.get((JOURNAL, number), 0), self.decided.get(number, end), end, end)
        outcomes = {topic: self._ends(topic, self.partitions) for topic in self.outcome_topics}
        return Cut(
            self.cluster,
            self.taken_at_ms,
            spans,
            dict.fromkeys(spans, (0, 0)),
            outcomes,
            {topic: {number: end for number, (_, end) in ends.items()} for topic, ends in outcomes.items()},
            {topic: self._ends(topic, 1) for topic in TABLES},
        )

    @property
    def snapshots(self) -> Sequence[Snapshot]:
        """The present."""
        return (Snapshot("now", self.cut.positions, self.cut.settled, self.taken_at_ms),)

    def rows(self, snapshot: Snapshot, partition: int) -> Iterator[StateRecord]:
        """Those kept."""
        assert snapshot.name == "now"
        yield from self.kept.get(partition, ())

    def fetched(
        self, topic: str, partition: int, start: int, end: int, *, compacted: bool = False
    ) -> Iterator[Sequence[Fetched]]:
        """In small batches."""
        assert compacted or start >= self.begins.get((topic, partition), 0)
        wanted = [each for each in self.records[topic, partition] if start <= each.offset < end]
        for first in range(0, len(wanted), self.batch):
            if self.fails_after is not None:
                if self.fails_after == 0:
                    raise BrokerUnavailable("gone")
                self.fails_after -= 1
            yield wanted[first : first + self.batch]

    def _ends(self, topic: str, count: int) -> dict[int, tuple[int, int]]:
        return {number: (self.begins.get((topic, number), 0), self.end(topic, number)) for number in range(count)}

"""A simulated deployment as a history in memory, to derive, verify and ask again without a broker."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.core.ids import digest_of_ruleset
from engine.history.history import Published, Snapshot, Span
from engine.pipeline.partition import JournalRecord, Partition, TopicRecord
from engine.pipeline.records import StateRecord
from engine.replay.lines import Line
from engine.replay.simulate import Simulation
from engine.ruleset.model import Ruleset
from engine.ruleset.published import Publication

SECRET = b"a secret of thirty-two bytes, or more"


@dataclass
class Remembered:
    """A history in lists, free to be damaged by a test. Implements `engine.history.history.History`."""

    partitions: int
    rulesets: Mapping[str, Ruleset]
    records: dict[int, list[JournalRecord]]
    outcomes: dict[tuple[str, int], list[Published]] = field(default_factory=dict)
    quarantined: Mapping[int, frozenset[int]] = field(default_factory=dict)
    snapshots: Sequence[Snapshot] = ()
    snapshot_rows: dict[tuple[str, int], list[StateRecord]] = field(default_factory=dict)
    own_rows: dict[tuple[str, int], list[StateRecord]] = field(default_factory=dict)  # of the engine itself
    publications: Sequence[Publication] = ()
    name: str = "a simulated deployment"

    @property
    def spans(self) -> Mapping[int, Span]:
        """All of it is decided."""
        ends = {number: records[-1].offset + 1 if records else 0 for number, records in self.records.items()}
        return {number: Span(0, end, end, end) for number, end in ends.items()}

    def rows(self, snapshot: Snapshot, partition: int) -> Iterator[StateRecord]:
        """The rows that were kept at the end."""
        yield from self.own_rows.get((snapshot.name, partition), ())
        yield from self.snapshot_rows[snapshot.name, partition]

    def journal(self, partition: int, start: int = 0, end: int | None = None) -> Iterator[Sequence[JournalRecord]]:
        """In batches of 1,000."""
        wanted = [
            each for each in self.records[partition] if start <= each.offset and (end is None or each.offset < end)
        ]
        for first in range(0, len(wanted), 1_000):
            yield wanted[first : first + 1_000]

    def topics(self) -> Sequence[str]:
        """Those that something was published to."""
        return sorted({topic for topic, _ in self.outcomes})

    def published(self, topic: str, partition: int) -> Iterator[Sequence[Published]]:
        """In one batch."""
        yield self.outcomes.get((topic, partition), [])

    def published_from(self, topic: str, partition: int) -> int:
        """All is kept."""
        del topic, partition
        return 0


def remember(ruleset: Ruleset, events: Iterable[Line], partitions: int = 2, until_ms: int | None = None) -> Remembered:
    """Simulates the events, afterwards the clock to `until_ms`, and keeps all that a broker would; with a snapshot of the end."""
    sink = _Sink(partitions)
    simulation = Simulation(ruleset, SECRET, sink, partitions)
    for line in events:
        simulation.take(line)
    if until_ms is not None:
        simulation.until(until_ms)
    simulation.finish()
    ends = {number: records[-1].offset + 1 for number, records in sink.records.items()}
    return Remembered(
        partitions,
        {ruleset.digest: ruleset},
        sink.records,
        dict(sink.outcomes),
        snapshots=(Snapshot("end", ends, ends, 0),),
        snapshot_rows={("end", number): rows for number, rows in sink.rows.items()},
        own_rows={("end", number): rows for number, rows in sink.own_rows.items()},
    )


def salt_of(ruleset: Ruleset) -> str:
    """The salt that a simulation of the ruleset activates it with."""
    return digest_of_ruleset(b"simulate:" + ruleset.digest.encode())


class _Sink:
    def __init__(self, partitions: int) -> None:
        self.records: dict[int, list[JournalRecord]] = {number: [] for number in range(partitions)}
        self.outcomes: defaultdict[tuple[str, int], list[Published]] = defaultdict(list)
        self.rows: dict[int, list[StateRecord]] = {}
        self.own_rows: dict[int, list[StateRecord]] = {}

    def take(self, record: TopicRecord) -> None:
        there = self.outcomes[record.topic, record.partition]
        there.append(Published(record.topic, record.partition, len(there), 0, record.key, record.value))

    def write(self, line: Line) -> None:
        if line.topic == "journal" and line.key is not None and line.value is not None:
            record = JournalRecord(line.offset or 0, line.timestamp_ms or 0, line.key, line.value)
            self.records[line.partition or 0].append(record)

    def finish(self, partitions: list[Partition], run: dict[str, Any]) -> dict[str, Any]:
        for partition in partitions:
            self.rows[partition.number] = [
                StateRecord(key.encode(), partition.rows[key], partition.due_ms(key)) for key in sorted(partition.rows)
            ]
            self.own_rows[partition.number] = list(partition.own_rows())
        return run

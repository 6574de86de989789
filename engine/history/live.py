"""A deployment at its broker as a history: read to a cut, whatever goes on meanwhile."""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from functools import cached_property
from typing import Self

from engine.broker.reading import Fetched, beginning_offsets, read
from engine.broker.settings import Settings
from engine.errors import EngineError
from engine.history.cut import JOURNAL, STATE, Cut, take
from engine.history.history import Published, Snapshot, Span
from engine.history.outcome_topics import is_of_deciding
from engine.history.pulling import finished, pulled
from engine.history.tables import QUARANTINE, RULESETS, Entry, publications_in, quarantined_in, rulesets_in
from engine.pipeline.partition import POSITION_KEY
from engine.pipeline.records import JournalRecord, StateRecord
from engine.ruleset.model import Ruleset
from engine.ruleset.published import Publication
from engine.wire.rows import DUE_HEADER, decode_due

NOW = "now"

Tables = Mapping[str, Sequence[Entry]]


class StateCompacted(EngineError):
    """The broker has thrown rows away that the cut needs; a new cut will do."""

    exit_code = 75


class Live:
    """Implements `engine.history.history.History`. Made by `Live.at`. Rulesets and operators' words are read with the cut.

    Its one snapshot is the present: the rows at the position row of each partition.
    """

    def __init__(self, settings: Settings, cut: Cut, tables: Tables) -> None:
        self._settings = settings
        self._tables = tables
        self.cut = cut

    def __reduce__(self) -> tuple[Callable[..., "Live"], tuple[Settings, Cut, Tables]]:
        """What is made of the tables is made anew."""
        return Live, (self._settings, self.cut, self._tables)

    @classmethod
    def at(cls, settings: Settings) -> Self:
        """Cuts the deployment now. Raises TopicsDiffer where it has none, BrokerUnavailable, BrokerRefused."""

        async def cut_now() -> Self:
            cut = await take(settings)
            return cls(settings, cut, {topic: await _entries(settings, topic, cut) for topic in cut.tables})

        return finished(cut_now)

    @property
    def name(self) -> str:
        """Prefix and broker."""
        return f"the deployment {self._settings.prefix!r} at {self._settings.bootstrap}"

    @property
    def prefix(self) -> str:
        """What the deployment's topics begin with."""
        return self._settings.prefix

    @property
    def partitions(self) -> int:
        """Partitions of the journal."""
        return len(self.cut.spans)

    @property
    def spans(self) -> Mapping[int, Span]:
        """What there is of each journal partition."""
        return self.cut.spans

    @cached_property
    def rulesets(self) -> Mapping[str, Ruleset]:
        """All that were published, by digest."""
        return rulesets_in(self._tables.get(RULESETS, ()))

    @cached_property
    def publications(self) -> Sequence[Publication]:
        """Who published which when, oldest first."""
        return publications_in(self._tables.get(RULESETS, ()))

    @cached_property
    def quarantined(self) -> Mapping[int, frozenset[int]]:
        """The offsets that an operator took out, by journal partition."""
        return quarantined_in(self._tables.get(QUARANTINE, ()))

    @property
    def snapshots(self) -> Sequence[Snapshot]:
        """The present."""
        return (Snapshot(NOW, self.cut.positions, self.cut.settled, self.cut.taken_at_ms),)

    def rows(self, snapshot: Snapshot, partition: int) -> Iterator[StateRecord]:
        """The rows at the position row. Raises StateCompacted where they are not there any more."""
        if snapshot.name != NOW:
            raise KeyError(snapshot.name)
        begin, end = self.cut.state[partition]
        rows: dict[bytes, StateRecord] = {}
        last: Fetched | None = None
        for records in self.fetched(STATE, partition, begin, end, compacted=True):
            for record in records:
                last = record
                if record.key is not None and record.value is not None:
                    due = dict(record.headers).get(DUE_HEADER) if record.headers else None
                    rows[record.key] = StateRecord(record.key, record.value, None if due is None else decode_due(due))
                elif record.key is not None:
                    rows.pop(record.key, None)
        if end > begin and (last is None or last.offset != end - 1 or last.key != POSITION_KEY.encode()):
            # Each transaction writes that row: where the broker keeps a later one instead, it may have dropped others too.
            raise StateCompacted(
                f"{self._settings.topic(STATE)}:{partition} was compacted since it was cut at {end}; try again"
            )
        for key in sorted(rows):
            yield rows[key]

    def journal(self, partition: int, start: int = 0, end: int | None = None) -> Iterator[Sequence[JournalRecord]]:
        """The records of a partition in batches as fetched."""
        span = self.cut.spans[partition]
        last = span.end if end is None else min(end, span.end)
        for records in self.fetched(JOURNAL, partition, max(start, span.start), last):
            yield [JournalRecord(each.offset, each.timestamp, each.key or b"", each.value or b"") for each in records]

    def topics(self) -> Sequence[str]:
        """The outcome topics that the broker has."""
        return sorted(self.cut.outcomes)

    def published(self, topic: str, partition: int) -> Iterator[Sequence[Published]]:
        """The records of an outcome topic in batches as fetched; none of a partition that it does not have."""
        begin, end = self.cut.outcomes[topic].get(partition, (0, 0))
        for records in self.fetched(topic, partition, begin, end):
            yield [
                Published(topic, partition, each.offset, each.timestamp, each.key or b"", each.value or b"")
                for each in records
                if is_of_deciding(topic, each.key)
            ]

    def published_from(self, topic: str, partition: int) -> int:
        """The first offset that the broker keeps."""
        return self.cut.outcomes[topic].get(partition, (0, 0))[0]

    def fetched(
        self, topic: str, partition: int, start: int, end: int, *, compacted: bool = False
    ) -> Iterator[Sequence[Fetched]]:
        """The records of any topic as the broker gives them, in batches; of a compacted one those that are left."""
        settings = self._settings

        async def reading() -> AsyncGenerator[Sequence[Fetched], None]:
            begin = start
            if compacted:
                begin = max(start, (await beginning_offsets(settings, topic, [partition]))[partition])
            async with aclosing(read(settings, topic, partition, begin, end)) as batches:
                async for batch in batches:
                    if batch.records:
                        yield batch.records

        if start < end:
            yield from pulled(reading)


async def _entries(settings: Settings, topic: str, cut: Cut) -> Sequence[Entry]:
    found = []
    for partition, (begin, end) in sorted(cut.tables[topic].items()):
        async for batch in read(settings, topic, partition, begin, end):
            found += [
                Entry(each.key, each.value) for each in batch.records if each.key is not None and each.value is not None
            ]
    return found

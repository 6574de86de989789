"""The deployment that a copy is made in: its topics, empty, and what stands beside the journal and is copied as it is."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.broker import topics
from engine.broker.clients import Producer, idempotent_producer
from engine.broker.declaration import declared
from engine.broker.offsets import Positions
from engine.broker.publishing import RULESETS
from engine.broker.reading import Fetched, bounds_of, partitions_of, read_spans, topics_of
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, write_batches
from engine.core import keys
from engine.core.partitioning import murmur2, partition_of
from engine.errors import UsageError
from engine.history.tables import QUARANTINE
from engine.wire.quarantine import ClockConfirmed, QuarantinedRecord, Word, decode, encode

KEYS = "keys"
AT_ONCE = 1_000


class Tables(NamedTuple):
    """The latest records of the old deployment's compacted topics, in the order of their log. `confirmed_ms`: of its clocks."""

    rulesets: Sequence[Outgoing]
    keys: Sequence[Outgoing]
    confirmed_ms: int | None


async def demand_taken_in(settings: Settings) -> None:
    """Raises UsageError where an input topic holds events that intake has not written to the journal."""
    inputs = [topic.name for topic in declared(settings) if topic.free]
    there = await topics_of(settings)
    places = [(name, number) for name in inputs for number in range(there.get(settings.topic(name), 0))]
    bounds = await bounds_of(settings, places)
    async with Positions(settings, settings.intake_group) as positions:
        read = await positions.read(places)
    behind = {place: (max(first, read.get(place, 0)), end) for place, (first, end) in bounds.items()}
    for (name, number), span in sorted(behind.items()):
        if span[0] < span[1]:  # offsets have holes, so this alone says nothing
            async for batch in read_spans(settings, name, {number: span}):
                if batch.records:
                    raise UsageError(
                        f"{settings.topic(name)}:{number} holds events that are not taken in, from {batch.records[0].offset} on:"
                        " stop the producers, let the workers finish, then stop them"
                    )


async def make_topics(settings: Settings) -> tuple[str, ...]:
    """Creates the missing topics, as `guerdon topics apply` does. Raises UsageError where any but an input holds something."""
    applied = await topics.apply(settings)
    topics.demand(applied.remaining)
    there = await topics_of(settings)
    own = [topic.name for topic in declared(settings) if not topic.free]
    places = [(name, number) for name in own for number in range(there[settings.topic(name)])]
    for (name, _), (_, end) in (await bounds_of(settings, places)).items():
        if end > 0:
            raise UsageError(
                f"{settings.topic(name)} holds records: a copy is made into empty topics. What a copy that was ended early left"
                " is deleted by whoever administers the broker; nothing here deletes topics"
            )
    return applied.created


async def read_tables(settings: Settings, partitions: int) -> Tables:
    """What the old deployment has beside its journal, for a new one with so many partitions of the journal."""
    words = [_word(record) for record in await _latest(settings, QUARANTINE)]
    confirmed = [word.to_ms for word in words if isinstance(word, ClockConfirmed)]
    return Tables(
        [_same(RULESETS, 0, record) for record in await _latest(settings, RULESETS)],
        [_same(KEYS, _of_key(record, partitions), record) for record in await _latest(settings, KEYS)],
        max(confirmed, default=None),
    )


async def write_tables(
    settings: Settings, tables: Tables, quarantined: Mapping[int, Sequence[int]], partitions: int
) -> None:
    """Writes all of it, and the operators' words for the new offsets."""
    words: list[Word] = [
        QuarantinedRecord(number, offset, "copied") for number, own in quarantined.items() for offset in own
    ]
    if tables.confirmed_ms is not None:
        words += [ClockConfirmed(number, tables.confirmed_ms, "copied") for number in range(partitions)]
    there = await partitions_of(settings, QUARANTINE)
    said = [Outgoing(QUARANTINE, (murmur2(key) & 0x7FFFFFFF) % there, key, value) for key, value in map(encode, words)]
    producer = await idempotent_producer(settings)
    try:
        count = await producer.partitions(KEYS)
        sealing = [record._replace(partition=record.partition % count) for record in tables.keys]
        for records in (tables.rulesets, sealing, said):
            await _write(producer, records)
    finally:
        await producer.stop()


async def _write(producer: Producer, records: Sequence[Outgoing]) -> None:
    """Writes records in order, a number of them at a time."""
    for first in range(0, len(records), AT_ONCE):
        await write_batches(producer, records[first : first + AT_ONCE])


async def _latest(settings: Settings, topic: str) -> list[Fetched]:
    count = await partitions_of(settings, topic)
    bounds = await bounds_of(settings, [(topic, number) for number in range(count)])
    found: dict[bytes, Fetched] = {}
    async for batch in read_spans(settings, topic, {number: span for (_, number), span in bounds.items()}):
        for record in batch.records:
            if record.key is not None:
                found.pop(record.key, None)  # the latest stands last
                if record.value is not None:
                    found[record.key] = record
    return list(found.values())


def _same(topic: str, partition: int, record: Fetched) -> Outgoing:
    return Outgoing(topic, partition, record.key, record.value, tuple(record.headers), record.timestamp)


def _of_key(record: Fetched, partitions: int) -> int:
    """Where intake writes a sealing key, and where it is looked for to be deleted."""
    return partition_of(keys.owner_of((record.key or b"").decode()), partitions)


def _word(record: Fetched) -> Word | None:
    try:
        return decode(record.key or b"", record.value or b"")
    except ValueError:
        return None  # a worker passes over it as well

"""What an operator needs of the log: where partitions stand, and a word to them on the topic `quarantine`."""

from typing import Any

import orjson

from engine.broker.clients import idempotent_producer
from engine.broker.reading import partitions_of
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, write_batches
from engine.cli.tail import read_all
from engine.core.partitioning import murmur2
from engine.errors import TopicsDiffer
from engine.pipeline.partition import POSITION_KEY, STUCK_KEY
from engine.wire.quarantine import Word, encode

TOPIC = "quarantine"


async def journal_partitions(settings: Settings) -> int:
    """How many partitions the journal has; raises TopicsDiffer where there is no journal."""
    partitions = await partitions_of(settings, "journal")
    if not partitions:
        raise TopicsDiffer(f"the broker has no topic {settings.topic('journal')}: guerdon topics apply")
    return partitions


async def partition_rows(settings: Settings, *keys: str) -> list[dict[int, dict[str, Any]]]:
    """For each key the latest row of each partition of `state`, in one reading."""
    wanted = {key.encode(): dict[int, dict[str, Any]]() for key in keys}
    async for record in read_all(settings, "state"):
        rows = wanted.get(record.key or b"")
        if rows is None:
            continue
        if record.value is None:
            rows.pop(record.partition, None)
        else:
            rows[record.partition] = orjson.loads(record.value)
    return list(wanted.values())


async def standing(settings: Settings) -> tuple[dict[int, dict[str, Any]], dict[int, dict[str, Any]]]:
    """By partition the row `_position`, and the row `_stuck` of those that have not gone past it."""
    positions, halts = await partition_rows(settings, POSITION_KEY, STUCK_KEY)
    stuck = {
        number: row for number, row in halts.items() if row["offset"] >= positions.get(number, {"next": 0})["next"]
    }
    return positions, stuck


async def say(settings: Settings, *words: Word) -> None:
    """Writes an operator's words."""
    partitions = await partitions_of(settings, TOPIC)
    if not partitions:
        raise TopicsDiffer(f"the broker has no topic {settings.topic(TOPIC)}: guerdon topics apply")
    producer = await idempotent_producer(settings)
    try:
        records = []
        for word in words:
            key, value = encode(word)
            records.append(Outgoing(TOPIC, (murmur2(key) & 0x7FFFFFFF) % partitions, key, value))
        await write_batches(producer, records)
    finally:
        await producer.stop()

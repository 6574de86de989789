"""Lines to the broker: fast, acknowledged, each key in its order."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from engine.broker.clients import Producer, idempotent_producer
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, write_batches
from engine.cli.screen import Shown
from engine.core.partitioning import murmur2
from engine.replay.lines import Line

CHUNK = 5_000  # records acknowledged together
CHUNK_BYTES = 8 << 20
CHUNKS_A_SECOND = 20  # at a given rate, so that it is even


class Sent(NamedTuple):
    """How many lines were acknowledged, and in how many seconds."""

    lines: int
    seconds: float


async def send(settings: Settings, lines: Iterable[Line], shown: Shown, rate: int | None = None) -> Sent:
    """Publishes lines in their order and returns when all are acknowledged; `rate` in lines a second, None for no limit.

    A key decides the partition as Kafka's clients do it; without one the line's own partition, else one after the other.
    Raises BrokerUnavailable, BrokerRefused, or WriteFailed, of which `shown` says how many lines came before it.
    """
    began = time.monotonic()
    producer = await idempotent_producer(settings)
    try:
        spread = _Spread(settings, producer)
        sent = 0
        for chunk in _chunks(lines, CHUNK if rate is None else max(1, rate // CHUNKS_A_SECOND)):
            await write_batches(producer, [await spread.outgoing(line) for line in chunk])
            sent += len(chunk)
            shown.reached(sent)
            if rate is not None:
                await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))
    finally:
        await producer.stop()
    return Sent(sent, time.monotonic() - began)


class _Spread:
    """Chooses partitions."""

    def __init__(self, settings: Settings, producer: Producer) -> None:
        self._settings, self._producer = settings, producer
        self._partitions: dict[str, int] = {}
        self._keyless = 0

    async def outgoing(self, line: Line) -> Outgoing:
        topic = self._settings.short(line.topic)
        partitions = self._partitions.get(topic)
        if partitions is None:
            partitions = self._partitions[topic] = await self._producer.partitions(topic)
        if line.key is not None:
            partition = (murmur2(line.key) & 0x7FFFFFFF) % partitions
        elif line.partition is not None and line.partition < partitions:
            partition = line.partition
        else:
            partition = self._keyless % partitions
            self._keyless += 1
        return Outgoing(topic, partition, line.key, line.value, line.headers)


def _chunks(lines: Iterable[Line], most: int) -> Iterator[list[Line]]:
    """The lines in lists of at most `most`, and of about CHUNK_BYTES."""
    chunk: list[Line] = []
    size = 0
    for line in lines:
        chunk.append(line)
        size += len(line.value or b"")
        if len(chunk) == most or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk

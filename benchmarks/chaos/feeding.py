"""Feeds the inputs while everything breaks: each once and in its owner's order, at a rate, in bursts where a fault asks for one."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from benchmarks.chaos.history import Input, owed, partition_for
from engine.broker.clients import Producer, idempotent_producer
from engine.broker.reading import end_offsets
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, WriteFailed, write_batches
from engine.errors import BrokerUnavailable

EVERY_S = 0.25
PATIENCE_S = 20.0


class Feeder:
    """Feeds `inputs` in order at `rate` a second. The topics must be its own: what is missing in them it feeds again."""

    def __init__(self, settings: Settings, inputs: Sequence[Input], rate: float) -> None:
        self._settings = settings
        self._inputs = inputs
        self._rate = rate
        self._due = 0.0
        self._producer: Producer | None = None
        self._written: defaultdict[tuple[str, int], list[Outgoing]] = defaultdict(list)
        self.fed = 0
        self._owed = owed(inputs)
        self.done = asyncio.Event()
        self._going = asyncio.Event()
        self._going.set()

    def owed(self) -> int:
        """How many decisions there must be for what was fed: one for each input, unless it cannot be read or waits."""
        return self._owed[self.fed]

    def burst(self, count: int) -> None:
        """Feeds so many more at once."""
        self._due += count

    def pause(self) -> None:
        """Feeds nothing until `go_on`; what is being fed is finished."""
        self._going.clear()

    def go_on(self) -> None:
        """Feeds again."""
        self._going.set()

    def rest(self) -> None:
        """Feeds all that is left, as fast as it goes."""
        self._due = float(len(self._inputs))

    async def run(self) -> None:
        """Feeds until all is fed."""
        at = 0
        try:
            while at < len(self._inputs):
                await self._going.wait()
                self._due = min(self._due + self._rate * EVERY_S, len(self._inputs) - at)
                size = min(int(self._due), 500)
                if size:
                    await self._feed(self._inputs[at : at + size])
                    at += size
                    self._due -= size
                    self.fed = at
                await asyncio.sleep(0 if self._due >= 1 else EVERY_S)
            self.done.set()
        finally:
            if self._producer is not None:
                await self._producer.stop()

    async def _feed(self, inputs: Sequence[Input]) -> None:
        missing = [await self._record(each) for each in inputs]
        while missing:
            try:
                await write_batches(await self._started(), missing, PATIENCE_S)
            except (WriteFailed, BrokerUnavailable):
                missing = await self._missing()
            else:
                missing = []

    async def _record(self, given: Input) -> Outgoing:
        while True:
            try:
                partitions = await (await self._started()).partitions(given.topic)
                break
            except BrokerUnavailable:
                await asyncio.sleep(EVERY_S)
        number = partition_for(given.owner, partitions)
        record = Outgoing(given.topic, number, given.owner.encode(), given.value)
        self._written[given.topic, number].append(record)
        return record

    async def _missing(self) -> list[Outgoing]:
        """What of all that should be in the topics is not: an input topic has no holes, so counting is enough."""
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None
        while True:
            try:
                await self._started()
                ends = {
                    topic: await end_offsets(self._settings, topic) for topic in {name for name, _ in self._written}
                }
                break
            except BrokerUnavailable:
                await asyncio.sleep(EVERY_S)
        return [
            record for (topic, number), records in self._written.items() for record in records[ends[topic][number] :]
        ]

    async def _started(self) -> Producer:
        if self._producer is None:
            self._producer = await idempotent_producer(self._settings)
        return self._producer

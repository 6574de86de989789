"""Journal partitions of this worker: each opened, decided, suspended and closed in a task of its own.

A rebalance takes everything from everybody and mostly gives it back, so what is revoked is only suspended: rows and producer stay,
and if the partition comes back it goes on without a restore. Had anybody else opened it, the next commit would be fenced.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Collection

from faust.types import TP

from engine.broker.ending import end
from engine.broker.transaction import TransactionUnknown
from engine.errors import RecordFailed
from engine.kafka import metrics
from engine.kafka.deciding import Deciding, Gap, Halted
from engine.kafka.logs import at
from engine.kafka.opening import JOURNAL, Opened, open_partition
from engine.kafka.surroundings import Surroundings
from engine.kafka.transport import Batch

OPENINGS_AT_ONCE = 4
QUEUED_BATCHES = 2  # beyond that the partition is held at the consumer
SUSPEND_S = 5.0

_log = logging.getLogger(__name__)


class OwnedPartition:
    """One journal partition while it is ours. Its task opens it, then works off its queue."""

    def __init__(self, number: int, around: Surroundings, openings: asyncio.Semaphore) -> None:
        self.number = number
        self.tp = TP(around.settings.topic(JOURNAL), number)
        self.halted = ""
        self._around = around
        self._openings = openings
        self._opened: Opened | None = None
        self._deciding: Deciding | None = None
        self._queue: deque[Batch] = deque()
        self._tick_to: int | None = None
        self._active = True
        self._failed = False
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task = asyncio.create_task(self._run(), name=f"journal:{number}")

    @property
    def deciding(self) -> Deciding | None:
        """What decides it, once it is open."""
        return self._deciding

    @property
    def open(self) -> bool:
        """Whether it is restored and going."""
        return self._active and self._deciding is not None

    @property
    def at_rest(self) -> bool:
        """Whether nothing waits and nothing is being decided."""
        return not self._queue and self._idle.is_set()

    @property
    def queued(self) -> int:
        """Batches waiting."""
        return len(self._queue)

    def deliver(self, batch: Batch) -> None:
        """Queues a batch; holds the partition at the consumer when there are enough. What comes too late is read again."""
        if not self.open or self.halted:
            return
        self._queue.append(batch)
        if len(self._queue) >= QUEUED_BATCHES:
            self._around.consumer().hold(self.tp)
        self._news.set()

    def want_tick(self, to_ms: int) -> None:
        """Asks the task to append a tick."""
        self._tick_to = to_ms
        self._news.set()

    async def suspend(self) -> None:
        """Takes no more; waits a bounded time for the batch in work; an opening is given up."""
        self._active = False
        self._queue.clear()
        self._tick_to = None
        if self._deciding is None:
            await self._end_task()
            return
        with contextlib.suppress(TimeoutError):  # Then it ends by itself, or is fenced by the next owner.
            await asyncio.wait_for(self._idle.wait(), SUSPEND_S)

    async def resume(self) -> None:
        """Goes on after a rebalance that gave the partition back."""
        self._active = True
        self._queue.clear()
        if self._deciding is None:
            await self._end_task()
            self._task = asyncio.create_task(self._run(), name=f"journal:{self.number}")
        else:
            await self.place()

    async def place(self) -> None:
        """Reads on from the position, unless an operator must speak first."""
        if self._deciding is None or not self._active:
            return
        self._queue.clear()
        was, self.halted = self.halted, self._deciding.halted()
        if self.halted:
            if not was:
                _log.error("halted: %s", self.halted, extra=at(JOURNAL, self.number, self._deciding.rows.position))
            return
        await self._around.consumer().place({self.tp: self._deciding.rows.position})

    async def close(self) -> None:
        """Ends its task after the batch in work, and its producer."""
        await self.suspend()
        if self._idle.is_set():
            await self._end_task()
        if self._opened is not None:
            await self._opened.producer.stop()

    async def abandon(self) -> None:
        """Where its transaction failed, frees what others cannot read because of it."""
        if self._opened is not None and self._failed:
            await self._opened.producer.abandon()

    async def _end_task(self) -> None:
        await end(self._task)

    async def _run(self) -> None:
        try:
            async with self._openings:
                self._opened = await open_partition(self.number, self._around)
            self._deciding = Deciding(self._opened, self._around)
            self._around.forgetting.want(self._opened.rows.forgotten)
            _log.info("open", extra=at(JOURNAL, self.number, self._deciding.rows.position))
            await self.place()
            while True:
                await self._news.wait()
                self._news.clear()
                while self._active and not self.halted and (self._queue or self._tick_to is not None):
                    await self._work(self._deciding)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it was, the worker must not go on without this partition
            self._failed = isinstance(error, TransactionUnknown)
            self._around.fail(error)

    async def _work(self, deciding: Deciding) -> None:
        self._idle.clear()
        try:
            if self._tick_to is not None:
                to_ms, self._tick_to = self._tick_to, None
                await deciding.tick(to_ms)
                return
            batch = self._queue.popleft()
            await deciding.apply(batch)
            if len(self._queue) < QUEUED_BATCHES and self._active:
                self._around.consumer().release(self.tp)
        except Gap:
            await self.place()
        except Halted as waiting:
            self._halt(str(waiting), deciding)
        except RecordFailed:
            if not (waiting_for := deciding.halted()):
                raise
            self._halt(waiting_for, deciding)
        finally:
            self._idle.set()

    def _halt(self, waiting_for: str, deciding: Deciding) -> None:
        self.halted = waiting_for
        self._queue.clear()
        self._around.consumer().hold(self.tp)
        _log.error("halted: %s", waiting_for, extra=at(JOURNAL, self.number, deciding.rows.position))


class Ownership:
    """The journal partitions of this worker."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._openings = asyncio.Semaphore(OPENINGS_AT_ONCE)
        self._owned: dict[int, OwnedPartition] = {}

    @property
    def partitions(self) -> Collection[OwnedPartition]:
        """All that are ours, suspended ones included."""
        return self._owned.values()

    def deliver(self, batch: Batch) -> None:
        """Hands a batch to its partition's task; one that is ours no longer is dropped, since its owner reads it again."""
        partition = self._owned.get(batch.partition)
        if partition is not None:
            partition.deliver(batch)

    async def suspend(self) -> None:
        """Before a rebalance: everything stands still."""
        await asyncio.gather(*(partition.suspend() for partition in self._owned.values()))

    async def assigned(self, numbers: Collection[int]) -> None:
        """After a rebalance: goes on with what stayed, opens what is new, closes what went."""
        gone = [self._owned.pop(number) for number in list(self._owned) if number not in numbers]
        await asyncio.gather(*(partition.close() for partition in gone))
        for number in sorted(numbers):
            if number in self._owned:
                await self._owned[number].resume()
            else:
                self._owned[number] = OwnedPartition(number, self._around, self._openings)
        self._around.metrics.set(metrics.ASSIGNED, len(numbers))

    async def heard(self, number: int) -> None:
        """An operator spoke about a partition."""
        partition = self._owned.get(number)
        if partition is not None and partition.halted:
            await partition.place()

    async def close(self) -> None:
        """Finishes the batches in work and stops all producers."""
        owned = list(self._owned.values())
        await asyncio.gather(*(partition.close() for partition in owned))
        self._owned.clear()

    async def abandon(self) -> None:
        """Aborts what is open, so that others read on."""
        await asyncio.gather(*(partition.abandon() for partition in self._owned.values()))

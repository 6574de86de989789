"""Intake: inputs of any topic and key become journal records by subject, or dead letters. Stateless, and without transactions.

Every incarnation writes the records of a source partition in their order and without holes, and deciding drops what it has seen
(each record names its source), so a crash, a retry or a lost commit of positions doubles nothing.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Collection, Sequence

from faust.types import TP

from engine.broker.clients import Producer
from engine.broker.ending import end
from engine.broker.offsets import Positions
from engine.broker.reading import Fetched
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, write_batches
from engine.core.partitioning import partition_of
from engine.errors import WorkerStuck
from engine.kafka import metrics
from engine.kafka.forgetting import KEYS
from engine.kafka.logs import at
from engine.kafka.opening import JOURNAL
from engine.kafka.sources import Source, starting_offsets
from engine.kafka.surroundings import Surroundings
from engine.kafka.transport import Batch
from engine.wire.dead_letters import letter
from engine.wire.intake import Accepted, Dead, Intake, SourceRecord
from engine.wire.unreadable import Unreadable

DEAD_LETTERS = "dead-letters"
ROUND_RECORDS = 2_000
QUEUED_BATCHES = 2
SUSPEND_S = 5.0
GAPS_ALLOWED = 3
SAY_WAITING_S = 10.0
_KEY_BYTES = 1_024  # what a record's key may take of the largest record
_BREATH_RECORDS = 500  # so that other tasks run in between

_log = logging.getLogger(__name__)


class IntakeStage:
    """Takes in what the group gave this worker of the input topics. One task works off all of them, a round at a time."""

    def __init__(self, around: Surroundings, producer: Producer, positions: Positions, keys_partitions: int) -> None:
        self._around = around
        self._settings: Settings = around.settings
        self._producer = producer
        self._positions = positions
        self._keys_partitions = keys_partitions
        self._largest = producer.max_record_bytes - _KEY_BYTES
        self._sources: dict[TP, Source] = {}
        self._intake: Intake | None = None
        self._digest = ""
        self._active = False
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._placing: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def sources(self) -> Collection[Source]:
        """The input partitions that are ours."""
        return self._sources.values()

    @property
    def placed(self) -> bool:
        """Whether every input partition's position is known."""
        return all(source.position is not None for source in self._sources.values())

    @property
    def sealing(self) -> bool:
        """Whether a ruleset is published to take in by."""
        return self._intake is not None

    def start(self) -> None:
        """Starts working."""
        self._task = asyncio.create_task(self._run(), name="intake")

    def deliver(self, batch: Batch) -> None:
        """Queues a batch; holds its partition at the consumer when there are enough."""
        source = self._sources.get(TP(batch.topic, batch.partition))
        if source is None or source.position is None or not self._active:
            return
        source.queue.append(batch)
        if len(source.queue) >= QUEUED_BATCHES:
            self._around.consumer().hold(source.tp)
        self._news.set()

    async def suspend(self) -> None:
        """Before a rebalance: takes no more, and waits a bounded time for the round in work."""
        self._active = False
        if self._placing is not None:
            await end(self._placing)
        for source in self._sources.values():
            source.queue.clear()
        with contextlib.suppress(TimeoutError):  # What it still writes, the next owner writes again and deciding drops.
            await asyncio.wait_for(self._idle.wait(), SUSPEND_S)

    def assigned(self, tps: Collection[TP]) -> None:
        """After a rebalance: reads each partition on from its committed position, or from the start of its log."""
        self._sources = {tp: self._sources.get(tp) or Source(tp, self._settings.short(tp.topic)) for tp in sorted(tps)}
        self._active = True
        self._placing = asyncio.create_task(self._place_all(), name="intake positions")

    async def close(self) -> None:
        """Finishes the round in work and stops the producer."""
        await self.suspend()
        if self._task is not None:
            await end(self._task)
        await self._producer.stop()

    # -- positions

    async def _place_all(self) -> None:
        try:
            unknown = [source for source in self._sources.values() if source.position is None]
            starts = await starting_offsets(self._settings, self._positions, unknown) if unknown else {}
            for source in unknown:
                source.position = starts[source.tp]
            await self._place(self._sources.values())
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - without its positions the worker must not go on
            self._around.fail(error)

    async def _place(self, sources: Collection[Source]) -> None:
        for source in sources:
            source.queue.clear()
        await self._around.consumer().place(
            {source.tp: source.position for source in sources if source.position is not None}
        )

    # -- rounds

    async def _run(self) -> None:
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                if not await self._follow_rules():
                    await self._wait_for_rules()
                while self._active and (taken := self._take()):
                    await self._round(taken)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - what is written is unknown now: never go on
            self._around.fail(error)

    def _take(self) -> list[tuple[Source, Batch]]:
        """Batches in turn from all partitions, up to a round's size; at least one."""
        taken: list[tuple[Source, Batch]] = []
        size = 0
        waiting = [source for source in self._sources.values() if source.queue]
        while waiting and size < ROUND_RECORDS:
            for source in waiting:
                taken.append((source, source.queue.popleft()))
                size += len(taken[-1][1].records)
            waiting = [source for source in waiting if source.queue]
        return taken

    async def _round(self, taken: Sequence[tuple[Source, Batch]]) -> None:
        self._idle.clear()
        began = time.monotonic()
        try:
            await self._follow_rules()
            ends: dict[Source, int] = {}
            records: list[tuple[Source, Fetched]] = []
            for source, batch in taken:
                if await self._in_order(source, batch):
                    reached = max(ends.get(source, source.position or 0), batch.end)
                    records += [(source, record) for record in batch.records if record.offset >= (source.position or 0)]
                    ends[source] = source.position = reached
            await self._write(records)
            await self._positions.commit({(source.topic, source.tp.partition): end for source, end in ends.items()})
        finally:
            self._idle.set()
        for source, _ in taken:
            if len(source.queue) < QUEUED_BATCHES and self._active:
                self._around.consumer().release(source.tp)
        self._around.metrics.observe(metrics.BATCH_SECONDS, time.monotonic() - began, "intake")
        self._around.metrics.add(metrics.BATCH_RECORDS, len(records), "intake")

    async def _in_order(self, source: Source, batch: Batch) -> bool:
        position = source.position or 0
        if batch.start <= position:
            source.gaps = 0
            return batch.end > position
        source.gaps += 1
        self._around.metrics.add(metrics.GAPS, 1, source.topic)
        _log.warning(
            "a batch begins beyond the position; reading again",
            extra=at(source.topic, source.tp.partition, position, start=batch.start, gaps=source.gaps),
        )
        if source.gaps >= GAPS_ALLOWED:
            raise WorkerStuck(
                f"{source.gaps} times a batch of {source.tp.topic}:{source.tp.partition} began beyond {position}"
            )
        await self._place([source])
        return False

    async def _write(self, records: Sequence[tuple[Source, Fetched]]) -> None:
        """Sealing keys first and acknowledged, so that nothing sealed is ever without its key; then the records."""
        keys: list[Outgoing] = []
        outgoing: list[Outgoing] = []
        codes: dict[str, int] = {}
        received_at_ms = time.time_ns() // 1_000_000
        for number, (source, record) in enumerate(records):
            if number % _BREATH_RECORDS == _BREATH_RECORDS - 1:
                await asyncio.sleep(0)
            outgoing.append(self._one(source, record, received_at_ms, keys, codes))
        if keys:
            await write_batches(self._producer, keys)
        if outgoing:
            await write_batches(self._producer, outgoing)
        for code, count in codes.items():
            self._around.metrics.add(metrics.DEAD_LETTERS, count, code)

    def _one(
        self, source: Source, record: Fetched, received_at_ms: int, keys: list[Outgoing], codes: dict[str, int]
    ) -> Outgoing:
        if self._intake is None:
            raise AssertionError("a round began without rules")
        read = _source_record(source, self._settings.epoch, record)
        taken = self._intake.accept(read, received_at_ms)
        if isinstance(taken, Accepted) and len(taken.value) > self._largest:
            taken = letter(read, Unreadable("too_large", "", f"more than {self._largest} bytes once normalised"))
        count = self._around.journal_partitions
        match taken:
            case Accepted(subject, value, new_keys):
                number = partition_of(subject, count)
                keys += [Outgoing(KEYS, number % self._keys_partitions, key, sealed) for key, sealed in new_keys]
                return Outgoing(JOURNAL, number, subject.encode(), value)
            case Dead() as dead:
                codes[dead.code] = codes.get(dead.code, 0) + 1
                return Outgoing(DEAD_LETTERS, record.partition % count, dead.key, dead.value)

    # -- rules

    async def _follow_rules(self) -> bool:
        """Takes in by the newest published ruleset; False while there is none."""
        digest = self._around.rulesets.newest_digest()
        if digest is None:
            return False
        if digest != self._digest:
            ruleset = await self._around.rulesets.load(digest)
            self._intake = Intake(
                self._settings.secret_bytes,
                ruleset.programme,
                digest,
                self._settings.max_event_bytes,
                secrets.token_bytes,
            )
            self._digest = digest
            _log.info("taking in by ruleset %s", digest)
        return True

    async def _wait_for_rules(self) -> None:
        said_at = 0.0
        while not await self._follow_rules():
            if time.monotonic() - said_at >= SAY_WAITING_S:
                _log.warning("waiting: no ruleset is published; see `guerdon rules publish`")
                said_at = time.monotonic()
            await asyncio.sleep(0.2)


def _source_record(source: Source, epoch: int, record: Fetched) -> SourceRecord:
    return SourceRecord(
        source.topic,
        epoch,
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        record.headers,
    )

"""Forgetting: deletes the sealing keys of subjects that deciding has forgotten (B-51), after the transaction that says so.

What is to be deleted stands in the rows of each partition (`Partition.forgotten`). All of it is asked for when a partition is
opened, and what is new after each commit, so a crash in between loses nothing; and deleting twice is nothing. A key is written
and acknowledged before the record that it seals, so whoever has seen the record finds the key.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Self

from engine.broker.clients import idempotent_producer
from engine.broker.ending import end
from engine.broker.reading import beginning_offsets, end_offsets, partitions_of, read_spans
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, WriteFailed, write_batches
from engine.core import keys
from engine.core.partitioning import partition_of
from engine.errors import BrokerUnavailable
from engine.kafka import metrics
from engine.kafka.metrics import Metrics

KEYS = "keys"
RETRY_PAUSE_S = 5.0
FINISH_S = 5.0
SKEW_MS = 60_000  # between the clock that stamps keys (intake's) and that of the journal (the broker's)

_log = logging.getLogger(__name__)


class Forgetting:
    """Deletes in the background, everything that is asked for at once in one pass. `async with Forgetting(...)`."""

    def __init__(
        self, settings: Settings, journal_partitions: int, measured: Metrics, fail: Callable[[BaseException], None]
    ) -> None:
        self._settings = settings
        self._journal_partitions = journal_partitions
        self._metrics = measured
        self._fail = fail
        self._wanted: dict[str, int] = {}
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="forgetting")
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Finishes what was asked for in bounded time; whoever opens the partition next asks again."""
        if self._task is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), FINISH_S)
            await end(self._task)

    def want(self, forgotten: Mapping[str, int]) -> None:
        """Asks for the keys of these subjects to be deleted: a member's all, another's as of the instant given."""
        if forgotten:
            self._wanted |= {subject: max(at, self._wanted.get(subject, 0)) for subject, at in forgotten.items()}
            self._idle.clear()
            self._news.set()

    async def _run(self) -> None:
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                wanted, self._wanted = self._wanted, {}
                try:
                    await self._delete(wanted)
                except (BrokerUnavailable, WriteFailed) as error:
                    _log.warning("sealing keys are not deleted yet: %s; trying again", error)
                    self.want(wanted)
                    await asyncio.sleep(RETRY_PAUSE_S)
                if not self._news.is_set():
                    self._idle.set()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - a worker that cannot forget must not go on as if it could
            self._idle.set()
            self._fail(error)

    async def _delete(self, wanted: Mapping[str, int]) -> None:
        found = await self._keys_of(wanted)
        if not found:
            return
        producer = await idempotent_producer(self._settings)
        try:
            await write_batches(producer, [Outgoing(KEYS, number, key, None) for key, number in found.items()])
        finally:
            await producer.stop()
        self._metrics.add(metrics.KEYS_DELETED, len(found))
        _log.info("sealing keys deleted", extra={"keys": len(found)})

    async def _keys_of(self, wanted: Mapping[str, int]) -> dict[bytes, int]:
        """The keys below these subjects that are still there, with their partitions."""
        count = await partitions_of(self._settings, KEYS)
        numbers = {partition_of(subject, self._journal_partitions) % count for subject in wanted}
        starts = await beginning_offsets(self._settings, KEYS, numbers)
        ends = await end_offsets(self._settings, KEYS, numbers)
        found: dict[bytes, int] = {}
        async for batch in read_spans(
            self._settings, KEYS, {number: (starts[number], ends[number]) for number in numbers}
        ):
            for record in batch.records:
                key = record.key or b""
                until_ms = wanted.get(keys.owner_of(key.decode()))
                if until_ms is None:
                    continue
                if record.value is None:
                    found.pop(key, None)
                elif _is_meant(key, record.timestamp, until_ms):
                    found[key] = batch.partition
        return found


def _is_meant(key: bytes, written_ms: int, until_ms: int) -> bool:
    """A member is forgotten for ever; another subject may have come to belong to somebody else since."""
    return key.startswith(b"member:") or written_ms <= until_ms + SKEW_MS

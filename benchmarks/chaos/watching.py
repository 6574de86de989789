"""Watches a run from outside: how many decisions are visible, for how long none came, and for how long nobody could read on."""

import asyncio
import time
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from engine.broker.reading import follow, partitions_of
from engine.broker.settings import Settings, client_options
from engine.errors import BrokerUnavailable

LOOK_S = 0.3


class Watch:
    """Follows `decisions` and the ends of the journal. `owed` says how many decisions there should be by now.

    A stall is a time without a decision while some are owed; `held_back_s` a time in which an open transaction kept a
    journal partition's readers where they were. Both are the longest since `begin`.
    """

    def __init__(self, settings: Settings, owed: Callable[[], int]) -> None:
        self._settings = settings
        self._owed = owed
        self._moved_at = time.monotonic()
        self.decided = 0
        self.stall_s = self.longest_stall_s = 0.0
        self.held_back_s = self.longest_held_back_s = 0.0

    def begin(self) -> None:
        """Begins to measure anew."""
        self._moved_at = time.monotonic()
        self.stall_s = self.held_back_s = 0.0

    async def run(self) -> None:
        """Watches for ever."""
        await asyncio.gather(self._follow(), self._measure(), self._hold())

    async def _follow(self) -> None:
        count = await partitions_of(self._settings, "decisions")
        positions = {("decisions", number): 0 for number in range(count)}
        while True:
            try:
                async for batch in follow(self._settings, ["decisions"], positions):
                    positions["decisions", batch.partition] = batch.end
                    if batch.records:
                        self._note()
                        self.decided += len(batch.records)
                        self._moved_at = time.monotonic()
            except BrokerUnavailable:
                await asyncio.sleep(LOOK_S)

    async def _measure(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self._note()

    def _note(self) -> None:
        now = time.monotonic()
        if self._owed() <= self.decided:
            self._moved_at = now
        self.stall_s = max(self.stall_s, now - self._moved_at)
        self.longest_stall_s = max(self.longest_stall_s, self.stall_s)

    async def _hold(self) -> None:
        while True:
            try:
                await self._hold_back()
            except (KafkaError, OSError, BrokerUnavailable):
                await asyncio.sleep(LOOK_S)

    async def _hold_back(self) -> None:
        options = client_options(self._settings)
        written = AIOKafkaConsumer(**options, isolation_level="read_uncommitted", enable_auto_commit=False)
        readable = AIOKafkaConsumer(**options, isolation_level="read_committed", enable_auto_commit=False)
        topic = self._settings.topic("journal")
        try:
            await written.start()
            await readable.start()
            count = await partitions_of(self._settings, "journal")
            tps = [TopicPartition(topic, number) for number in range(count)]
            since: dict[TopicPartition, tuple[int, float]] = {}
            while True:
                stable, ends = await readable.end_offsets(tps), await written.end_offsets(tps)
                now = time.monotonic()
                for tp in tps:
                    if stable[tp] >= ends[tp]:
                        since.pop(tp, None)
                    elif since.get(tp, (-1, 0.0))[0] != stable[tp]:
                        since[tp] = stable[tp], now
                held = max((now - at for _, at in since.values()), default=0.0)
                self.held_back_s = max(self.held_back_s, held)
                self.longest_held_back_s = max(self.longest_held_back_s, held)
                await asyncio.sleep(LOOK_S)
        finally:
            await written.stop()
            await readable.stop()

"""What operators have said: follows the topic `quarantine` in the background."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Self

from engine.broker.ending import end
from engine.broker.reading import beginning_offsets, end_offsets, follow
from engine.broker.settings import Settings
from engine.kafka.logs import at
from engine.wire.quarantine import ClockConfirmed, QuarantinedRecord, decode

TOPIC = "quarantine"

_log = logging.getLogger(__name__)


class Operators:
    """Quarantined offsets and confirmed clocks by partition, kept up to date. `async with Operators(settings, heard)`.

    `heard` is called with the partition of each new word. Entering returns when everything said so far was read.
    """

    def __init__(self, settings: Settings, heard: Callable[[int], None]) -> None:
        self._settings = settings
        self._heard = heard
        self._quarantined: defaultdict[int, set[int]] = defaultdict(set)
        self._confirmed: dict[int, int] = {}
        self._unread: dict[int, int] = {}
        self._caught_up = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        starts = await beginning_offsets(self._settings, TOPIC)
        ends = await end_offsets(self._settings, TOPIC)
        self._unread = {partition: end for partition, end in ends.items() if end > starts[partition]}
        self._following = asyncio.create_task(self._follow(starts), name="operators")
        waiting = asyncio.create_task(self._caught_up.wait())
        await asyncio.wait({waiting, self._following}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        self.raise_failure()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._following is not None:
            await end(self._following)

    def quarantined(self, partition: int) -> set[int]:
        """Offsets of the partition that operators took out; the same set for ever, growing."""
        return self._quarantined[partition]

    def confirmed_ms(self, partition: int) -> int:
        """Up to which instant ticks of the partition are confirmed; 0 where nothing was said."""
        return self._confirmed.get(partition, 0)

    def raise_failure(self) -> None:
        """Raises what ended the following, if anything did."""
        if self._following is not None and self._following.done() and not self._following.cancelled():
            self._following.result()

    async def _follow(self, starts: dict[int, int]) -> None:
        if not self._unread:
            self._caught_up.set()
        async for batch in follow(
            self._settings, [TOPIC], {(TOPIC, number): start for number, start in starts.items()}
        ):
            for record in batch.records:
                self._take(record.key, record.value, batch.partition, record.offset)
            if batch.end >= self._unread.get(batch.partition, 0):
                self._unread.pop(batch.partition, None)
            if not self._unread:
                self._caught_up.set()

    def _take(self, key: bytes | None, value: bytes | None, partition: int, offset: int) -> None:
        if key is None or value is None:
            return  # A deleted word: what was decided by it stays decided.
        try:
            word = decode(key, value)
        except ValueError as error:
            _log.error("an unreadable record on the topic quarantine: %s", error, extra=at(TOPIC, partition, offset))
            return
        match word:
            case QuarantinedRecord():
                self._quarantined[word.partition].add(word.offset)
            case ClockConfirmed():
                self._confirmed[word.partition] = max(word.to_ms, self.confirmed_ms(word.partition))
        if self._caught_up.is_set():
            self._heard(word.partition)

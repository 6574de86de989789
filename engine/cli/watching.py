"""Watching a feed being decided: counting the outcome topics until every input has its decision."""

import asyncio
import contextlib
import time
from collections.abc import Iterable
from typing import Self

from engine.broker.reading import end_offsets, follow
from engine.broker.settings import Settings
from engine.cli.screen import Shown
from engine.cli.sending import send
from engine.replay.lines import Line
from engine.replay.tally import TOPICS, Tally

LOOK_EVERY_S = 0.2
IDLE_S = 60.0  # nothing decided for so long after the last line was sent: what is left waits for something
CATCH_UP_S = 15.0


class Watch:
    """Counts what the outcome topics say from the moment it is entered."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.tally = Tally()
        self._reached: dict[tuple[str, int], int] = {}
        self._moved = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        for topic in TOPICS:
            for partition, end in (await end_offsets(self._settings, topic)).items():
                self._reached[topic, partition] = end
        self._following = asyncio.create_task(self._follow(), name="watching")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following

    async def feed(self, lines: Iterable[Line], total: int, shown: Shown) -> float:
        """Sends lines and returns when each is decided or dead, or nothing moves any more.

        The seconds are those from the first decision to the last: a worker that just started restores before.
        """
        began = last_move = time.monotonic()
        sending = asyncio.create_task(send(self._settings, lines, _Unseen()), name="feeding")
        try:
            settled = 0
            while settled < total:
                await asyncio.sleep(LOOK_EVERY_S)
                self._raise_failures(sending)
                if self.tally.settled != settled or not sending.done():
                    began = began if settled else time.monotonic() - LOOK_EVERY_S
                    settled, last_move = self.tally.settled, time.monotonic()
                    shown.reached(min(settled, total))
                elif time.monotonic() - last_move > IDLE_S:
                    break
            took = last_move - began
            await self._catch_up()
        finally:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending
        return took

    async def _catch_up(self) -> None:
        """Waits until all that is committed by now has been counted."""
        ends: dict[tuple[str, int], int] = {}
        for topic in TOPICS:
            ends |= {(topic, number): end for number, end in (await end_offsets(self._settings, topic)).items()}
        with contextlib.suppress(TimeoutError):  # the summary then lacks what the broker did not hand over
            async with asyncio.timeout(CATCH_UP_S):
                while any(self._reached[place] < end for place, end in ends.items()):
                    self._moved.clear()
                    await self._moved.wait()

    async def _follow(self) -> None:
        async for batch in follow(self._settings, TOPICS, dict(self._reached)):
            for record in batch.records:
                self.tally.take(batch.topic, record.value)
            self._reached[batch.topic, batch.partition] = batch.end
            self._moved.set()

    def _raise_failures(self, sending: "asyncio.Task[object]") -> None:
        for task in (sending, self._following):
            if task is not None and task.done():
                task.result()


class _Unseen:
    """Progress of sending, which nobody looks at: the decisions are what counts."""

    def reached(self, done: int, total: int | None = None) -> None:
        """Drops it."""
        del done, total

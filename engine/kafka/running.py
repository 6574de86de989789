"""The stages while they run in Faust: what a rebalance does to them, and the order in which they stop.

Batches in work are finished and producers stopped before the group is left, so that nobody waits for a transaction.
"""

import asyncio
import contextlib
import logging
from collections.abc import Collection
from typing import Any

import faust
from faust.types import TP

from engine.broker.clients import Producer
from engine.broker.offsets import Positions
from engine.kafka.app import Stages, WorkerApp, make_app
from engine.kafka.housekeeping import Housekeeping
from engine.kafka.intake import IntakeStage
from engine.kafka.opening import JOURNAL
from engine.kafka.partitions import Ownership
from engine.kafka.surroundings import Surroundings
from schemas.registry import INPUTS

STOP_S = 30.0
LEAVE_S = 10.0

_log = logging.getLogger(__name__)


class Running:
    """Intake, deciding and housekeeping of one worker. `stop` is set by whoever wants it to end."""

    def __init__(
        self, around: Surroundings, producer: Producer, positions: Positions, keys_partitions: int, stop: asyncio.Event
    ) -> None:
        self._around = around
        self._stop = stop
        self._ownership = Ownership(around)
        self._intake = IntakeStage(around, producer, positions, keys_partitions)
        self._housekeeping = Housekeeping(around, self._ownership, self._intake)
        stages = Stages(self._intake.deliver, self._ownership.deliver, self._assigned, self._revoked)
        inputs = sorted({entry.topic for entry in INPUTS.values()})
        self.app = make_app(around.settings, inputs, JOURNAL, stages)

    def unready(self) -> list[str]:
        """Why the worker is not ready, in words; empty where it is."""
        return self._housekeeping.unready()

    async def heard(self, partition: int) -> None:
        """An operator spoke about a partition."""
        await self._ownership.heard(partition)

    async def serve(self) -> BaseException | None:
        """Runs until it is told to stop or something ends it; what that was. Follow it by `shut_down`."""
        self._worker = _embedded(self.app)
        self._intake.start()
        self._serving = asyncio.create_task(self._worker.start(), name="faust")
        keeping = asyncio.create_task(self._housekeeping.keep(), name="housekeeping")
        stopping = asyncio.create_task(self._stop.wait(), name="stop")
        settings = self._around.settings
        _log.info("started", extra={"group": settings.membership_group, "broker": settings.bootstrap})
        await asyncio.wait({self._serving, keeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        ended = _ended_by(keeping) or _ended_by(self._serving) or self._worker.crash_reason or self.app.crash_reason
        keeping.cancel()
        reason: BaseException | None = ended
        return reason

    async def shut_down(self, *, failed: bool) -> None:
        """Ends everything in order, in bounded time; after a failure the open transaction is aborted first."""
        with self._around.watchdog.stopping(STOP_S):
            if failed:
                await self._ownership.abandon()
            await self._revoked()
            if not failed:
                await self._housekeeping.commit_for_tools()
            await asyncio.gather(self._ownership.close(), self._intake.close())
            try:
                async with asyncio.timeout(LEAVE_S):
                    await self._worker.stop()
                    with contextlib.suppress(Exception):  # Its end was looked at before.
                        await self._serving
            except TimeoutError:
                _log.warning("the group was not left in time; its coordinator will notice")

    async def _assigned(self, tps: Collection[TP]) -> None:
        if self._stop.is_set():
            return
        journal = self._around.settings.topic(JOURNAL)
        numbers = [tp.partition for tp in tps if tp.topic == journal]
        inputs = [tp for tp in tps if tp.topic != journal]
        _log.info("assigned", extra={"partitions": sorted(numbers), "inputs": len(inputs)})
        self._intake.assigned(inputs)
        await self._ownership.assigned(numbers)
        self._housekeeping.assigned = True

    async def _revoked(self) -> None:
        with self._around.watchdog.revoking():
            await asyncio.gather(self._ownership.suspend(), self._intake.suspend())


def _embedded(app: WorkerApp) -> Any:
    """Faust's worker, without its hands on signals, logging and the process's title."""
    worker = faust.Worker(
        app,
        loop=asyncio.get_running_loop(),
        override_logging=False,
        redirect_stdouts=False,
        quiet=True,
        loglevel="info",
    )
    worker.spinner = None
    worker.install_signal_handlers = lambda: None
    worker._setproctitle = lambda *_, **__: None  # noqa: SLF001 - the title would say nothing of use
    return worker


def _ended_by(task: "asyncio.Task[None]") -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None

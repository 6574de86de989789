"""The worker as a process: waits for the broker, starts the stages in Faust, ends with an exit code that says why.

Faust is embedded, so that signals, logs and the order of stopping are ours: batches in work are finished and producers stopped
before the group is left.
"""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from typing import Any

import faust
from faust.types import TP

from engine.broker.clients import idempotent_producer, probe
from engine.broker.offsets import Positions
from engine.broker.publishing import RulesetFollower
from engine.broker.reading import topics_of
from engine.broker.settings import Settings
from engine.broker.topics import check, demand
from engine.errors import BrokerUnavailable, EngineError, TopicsDiffer
from engine.kafka import logs
from engine.kafka.app import Stages, WorkerApp, make_app
from engine.kafka.housekeeping import Housekeeping
from engine.kafka.intake import KEYS, IntakeStage
from engine.kafka.metrics import Metrics
from engine.kafka.opening import JOURNAL, STATE
from engine.kafka.operators import Operators
from engine.kafka.partitions import Ownership
from engine.kafka.rulesets import Rulesets
from engine.kafka.surroundings import MakePartition, Surroundings
from engine.kafka.watchdog import Watchdog
from engine.kafka.web import WebServer
from engine.match.plain import PlainMatcher
from engine.pipeline.partition import Partition
from schemas.registry import INPUTS

BROKER_WAIT_S = 300.0
LONGEST_PAUSE_S = 15.0
STOP_S = 30.0
LEAVE_S = 10.0
DEFECT = 70  # whatever is none of our own errors
REFUSED = 78
_OUT_OF_LOG = ("OffsetOutOfRangeError", "NoOffsetForPartitionError")

_log = logging.getLogger(__name__)


def run(settings: Settings, make_partition: MakePartition = Partition) -> int:
    """Runs a worker until it is told to stop (SIGTERM, SIGINT) or cannot go on; returns the process's exit code.

    0: stopped as told. Else the code of the error (`engine.errors`, `docs/worker.md`). `make_partition` is for tests.
    """
    logs.configure(settings.log_format, settings.log_level)
    try:
        return asyncio.run(Worker(settings, make_partition).run())
    finally:
        logs.flush()


class Worker:
    """One worker process."""

    def __init__(self, settings: Settings, make_partition: MakePartition = Partition) -> None:
        self._settings = settings
        self._make_partition = make_partition
        self._metrics = Metrics()
        self._watchdog = Watchdog()
        self._stop = asyncio.Event()
        self._failure: BaseException | None = None
        self._app: WorkerApp | None = None
        self._ownership: Ownership | None = None
        self._intake: IntakeStage | None = None
        self._housekeeping: Housekeeping | None = None

    async def run(self) -> int:
        """Runs until told to stop; returns the exit code."""
        loop = asyncio.get_running_loop()
        working = asyncio.create_task(self._work(), name="worker")
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_stop, number, working)
        self._watchdog.start()
        try:
            await working
        except asyncio.CancelledError:
            _log.info("stopped before it had started")
        except Exception as error:  # noqa: BLE001 - the last resort: every error becomes an exit code
            self._fail(error)
        finally:
            self._watchdog.stop()
        return self._exit_code()

    # -- starting

    async def _work(self) -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(WebServer(self._settings, self._metrics, self._unready))
            beating = asyncio.create_task(self._beat())
            stack.callback(beating.cancel)
            around = await self._surroundings(stack)
            producer = await idempotent_producer(self._settings)
            stack.push_async_callback(producer.stop)
            positions = await stack.enter_async_context(Positions(self._settings, self._settings.intake_group))
            counts = await topics_of(self._settings)
            self._ownership = Ownership(around)
            self._intake = IntakeStage(around, producer, positions, counts[self._settings.topic(KEYS)])
            self._housekeeping = Housekeeping(around, self._ownership, self._intake)
            stages = Stages(self._intake.deliver, self._ownership.deliver, self._assigned, self._revoked)
            inputs = sorted({entry.topic for entry in INPUTS.values()})
            self._app = make_app(self._settings, inputs, JOURNAL, stages)
            await self._serve(self._app)

    async def _surroundings(self, stack: AsyncExitStack) -> Surroundings:
        """Waits for the broker and holds its topics against ours; then what the stages share."""
        settings = self._settings
        assert_secret = settings.secret_bytes
        del assert_secret
        await _wait_for_broker(settings)
        demand(await check(settings))
        follower = await stack.enter_async_context(RulesetFollower(settings))
        operators = await stack.enter_async_context(Operators(settings, self._heard))
        return Surroundings(
            settings,
            self._metrics,
            self._watchdog,
            Rulesets(follower, PlainMatcher),
            operators,
            await _journal_partitions(settings),
            self._make_partition,
            lambda: self._app.consumer if self._app is not None else None,
            self._fail,
        )

    # -- running

    async def _serve(self, app: WorkerApp) -> None:
        worker = _embedded(app)
        assert self._housekeeping is not None and self._intake is not None  # noqa: S101, PT018 - made just before
        self._intake.start()
        serving = asyncio.create_task(worker.start(), name="faust")
        keeping = asyncio.create_task(self._housekeeping.keep(), name="housekeeping")
        stopping = asyncio.create_task(self._stop.wait(), name="stop")
        _log.info("started", extra={"group": self._settings.membership_group, "broker": self._settings.bootstrap})
        await asyncio.wait({serving, keeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (serving, keeping):
            if task.done() and (error := _ended_by(task, worker, app)) is not None:
                self._fail(error)
        with self._watchdog.stopping(STOP_S):
            await self._shut_down(worker, serving)
        for task in (keeping, stopping):
            task.cancel()

    async def _shut_down(self, worker: Any, serving: "asyncio.Task[None]") -> None:
        """Batches are finished and producers stopped before the group is left, so that nobody waits for a transaction."""
        assert self._ownership is not None and self._intake is not None and self._housekeeping is not None  # noqa: S101, PT018
        self._stop.set()
        if self._failure is not None:
            await self._ownership.abandon()
        await asyncio.gather(self._ownership.suspend(), self._intake.suspend())
        if self._failure is None:
            await self._housekeeping.commit_for_tools()
        await asyncio.gather(self._ownership.close(), self._intake.close())
        try:
            async with asyncio.timeout(LEAVE_S):
                await worker.stop()
                with contextlib.suppress(Exception):  # Its end was looked at before.
                    await serving
        except TimeoutError:
            _log.warning("the group was not left in time; its coordinator will notice")

    async def _assigned(self, tps: Collection[TP]) -> None:
        if self._stop.is_set() or self._ownership is None or self._intake is None or self._housekeeping is None:
            return
        journal = self._settings.topic(JOURNAL)
        numbers = [tp.partition for tp in tps if tp.topic == journal]
        inputs = [tp for tp in tps if tp.topic != journal]
        _log.info("assigned", extra={"partitions": sorted(numbers), "inputs": len(inputs)})
        self._intake.assigned(inputs)
        await self._ownership.assigned(numbers)
        self._housekeeping.assigned = True

    async def _revoked(self) -> None:
        if self._ownership is not None and self._intake is not None:
            await asyncio.gather(self._ownership.suspend(), self._intake.suspend())

    async def _beat(self) -> None:
        while True:
            self._watchdog.beat()
            await asyncio.sleep(0.5)

    # -- ending

    def _told_to_stop(self, number: int, working: "asyncio.Task[None]") -> None:
        _log.info("told to stop by signal %s", signal.Signals(number).name)
        self._stop.set()
        if self._app is None:
            working.cancel()

    def _heard(self, partition: int) -> None:
        if self._ownership is not None:
            task = asyncio.ensure_future(self._ownership.heard(partition))
            task.add_done_callback(
                lambda done: done.cancelled() or done.exception() is None or self._fail(done.exception())
            )

    def _fail(self, error: BaseException) -> None:
        """Takes the first error as the reason to end."""
        if self._failure is None:
            self._failure = error
            _log.critical(
                "ending: %s",
                logs.said(error),
                extra={"exit_code": self._exit_code(), "error": type(error).__name__, "places": logs.places(error)},
            )
        self._stop.set()

    def _exit_code(self) -> int:
        error = self._failure
        if error is None:
            return 0
        if isinstance(error, EngineError):
            return error.exit_code
        return REFUSED if type(error).__name__ in _OUT_OF_LOG else DEFECT

    def _unready(self) -> list[str]:
        return ["starting"] if self._housekeeping is None else self._housekeeping.unready()


async def _wait_for_broker(settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
    """Tries with growing pauses for minutes. Raises BrokerUnavailable then, BrokerRefused at once."""
    deadline = clock() + BROKER_WAIT_S
    pause_s = 0.5
    while True:
        try:
            return await probe(settings)
        except BrokerUnavailable as error:
            if clock() + pause_s > deadline:
                raise
            _log.warning("%s; trying again in %.1f s", error, pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


async def _journal_partitions(settings: Settings) -> int:
    counts = await topics_of(settings)
    journal, state = (counts.get(settings.topic(name), 0) for name in (JOURNAL, STATE))
    if journal != state or journal == 0:
        raise TopicsDiffer(
            f"{settings.topic(JOURNAL)} has {journal} partitions, {settings.topic(STATE)} has {state}: they must be as many"
        )
    return journal


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
    worker._setproctitle = lambda *_, **__: None  # noqa: SLF001 - the title would carry the group's name only
    return worker


def _ended_by(task: "asyncio.Task[None]", worker: Any, app: WorkerApp) -> BaseException | None:
    if not task.cancelled() and (error := task.exception()) is not None:
        return error
    return worker.crash_reason or app.crash_reason

"""The worker as a process: waits for the broker, holds its topics against ours, runs, and ends with an exit code that says why."""

import asyncio
import gc
import logging
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial

from engine.broker.clients import idempotent_producer, probe
from engine.broker.offsets import Positions
from engine.broker.publishing import RulesetFollower
from engine.broker.reading import topics_of
from engine.broker.settings import Settings
from engine.broker.topics import check, demand
from engine.errors import BrokerUnavailable, EngineError, TopicsDiffer
from engine.kafka import logs
from engine.kafka.forgetting import KEYS, Forgetting
from engine.kafka.metrics import Metrics
from engine.kafka.opening import JOURNAL, STATE
from engine.kafka.operators import Operators
from engine.kafka.rulesets import Rulesets
from engine.kafka.running import Running
from engine.kafka.surroundings import Surroundings
from engine.kafka.watchdog import Watchdog
from engine.kafka.web import WebServer
from engine.match.choice import matcher_for, said_of

BROKER_WAIT_S = 300.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
BEAT_S = 0.5
# How many objects more there must be before Python looks for cycles: deciding makes none, and looking cost 5 % of it (ADR 7).
CYCLES_AFTER = (50_000, 20, 100)
DEFECT = 70  # whatever is none of our own errors
REFUSED = 78
_OUT_OF_LOG = ("OffsetOutOfRangeError", "NoOffsetForPartitionError")

_log = logging.getLogger(__name__)


def run(settings: Settings) -> int:
    """Runs a worker until it is told to stop (SIGTERM, SIGINT) or cannot go on; returns the process's exit code.

    0: stopped as told. Else the code of the error (`engine.errors`, `docs/worker.md`). The watchdog ends the process itself.
    """
    logs.configure(settings.log_format, settings.log_level)
    gc.freeze()  # the modules stay: nobody looks through them again
    gc.set_threshold(*CYCLES_AFTER)
    watchdog = Watchdog()
    watchdog.start()
    try:
        return asyncio.run(_run(settings, watchdog))
    finally:
        watchdog.stop()  # Not before: what is left of the loop may hang as well.
        logs.flush()


async def _run(settings: Settings, watchdog: Watchdog) -> int:
    return await Worker(settings, watchdog).run()


class Worker:
    """One worker process."""

    def __init__(self, settings: Settings, watchdog: Watchdog) -> None:
        self._settings = settings
        self._metrics = Metrics()
        self._watchdog = watchdog
        self._stop = asyncio.Event()
        self._failure: BaseException | None = None
        self._running: Running | None = None
        self._hearing: set[asyncio.Task[None]] = set()

    async def run(self) -> int:
        """Runs until told to stop; returns the exit code."""
        working = asyncio.create_task(self._work(), name="worker")
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._told_to_stop, number, working)
        try:
            await working
        except asyncio.CancelledError:
            _log.info("stopped before it had started")
        except Exception as error:  # noqa: BLE001 - the last resort: every error becomes an exit code
            self._fail(error)
        return self._exit_code()

    async def _work(self) -> None:
        async with AsyncExitStack() as stack:
            beating = asyncio.create_task(self._beat())
            stack.callback(beating.cancel)
            await stack.enter_async_context(WebServer(self._settings, self._metrics, self._unready))
            around = await self._surroundings(stack)
            producer = await idempotent_producer(self._settings)
            stack.push_async_callback(producer.stop)
            positions = await stack.enter_async_context(Positions(self._settings, self._settings.intake_group))
            keys_partitions = (await topics_of(self._settings))[self._settings.topic(KEYS)]
            running = self._running = Running(around, producer, positions, keys_partitions, self._stop)
            try:
                if (ended_by := await running.serve()) is not None:
                    self._fail(ended_by)
            finally:
                await running.shut_down(failed=self._failure is not None)

    async def _surroundings(self, stack: AsyncExitStack) -> Surroundings:
        """Waits for the broker and holds its topics against ours; then what the stages share."""
        settings = self._settings
        _ = settings.secret_bytes  # Raises where none is set, before anything is touched.
        _log.info(said_of(settings.matcher))
        await _wait_for_broker(settings)
        demand(await check(settings))
        follower = await stack.enter_async_context(RulesetFollower(settings))
        operators = await stack.enter_async_context(Operators(settings, self._heard))
        partitions = await _journal_partitions(settings)
        forgetting = await stack.enter_async_context(Forgetting(settings, partitions, self._metrics, self._fail))
        return Surroundings(
            settings,
            self._metrics,
            self._watchdog,
            Rulesets(follower, partial(matcher_for, setting=settings.matcher)),
            operators,
            forgetting,
            partitions,
            self._consumer,
            self._fail,
        )

    def _consumer(self) -> object:
        return None if self._running is None else self._running.app.consumer

    def _unready(self) -> list[str]:
        return ["starting"] if self._running is None else self._running.unready()

    async def _beat(self) -> None:
        while True:
            self._watchdog.beat()
            await asyncio.sleep(BEAT_S)

    # -- ending

    def _told_to_stop(self, number: int, working: "asyncio.Task[None]") -> None:
        _log.info("told to stop by signal %s", signal.Signals(number).name)
        self._stop.set()
        if self._running is None:
            working.cancel()

    def _heard(self, partition: int) -> None:
        if self._running is not None:
            hearing = asyncio.create_task(self._running.heard(partition))
            self._hearing.add(hearing)
            hearing.add_done_callback(self._after_hearing)

    def _after_hearing(self, hearing: "asyncio.Task[None]") -> None:
        self._hearing.discard(hearing)
        if not hearing.cancelled() and (error := hearing.exception()) is not None:
            self._fail(error)

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


async def _wait_for_broker(settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
    """Tries with growing pauses for minutes. Raises BrokerUnavailable then, BrokerRefused at once."""
    deadline = clock() + BROKER_WAIT_S
    pause_s = FIRST_PAUSE_S
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

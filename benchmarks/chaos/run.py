"""One chaos run on one broker: sets up, feeds, breaks, waits, counts."""

import asyncio
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chaos import verification
from benchmarks.chaos.faults import ALWAYS, EMBEDDED_FAULTS, FAULTS, LONG_ONLY, PUBLISHER, Fault
from benchmarks.chaos.feeding import Feeder
from benchmarks.chaos.history import history
from benchmarks.chaos.processes import STUCK_AT_STOP, Worker, run_command
from benchmarks.chaos.proxy import Proxy
from benchmarks.chaos.watching import Watch
from benchmarks.chaos.world import Violation, World
from engine.broker.embedded import free_port
from engine.errors import EngineError
from tests.support.apache import ApacheBroker, fetched_jars
from tests.support.brokers import ROOT, Broker, Embedded, broker_settings, environment_of

Say = Callable[[str], None]
SETTLE_S = 3.0  # so long nothing more may come
DWELL_S = 1.5  # what a fault breaks may show a moment later
CATCH_UP_S = 240.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything. `session_ms` and `transaction_ms` of None leave the defaults of production."""

    broker: str
    seed: int
    events: int
    members: int
    rate: float
    faults: tuple[str, ...]
    session_ms: int | None = None
    transaction_ms: int | None = None


@dataclass(slots=True)
class Report:
    """What a run found; `violations` empty is well."""

    plan: Plan
    faults: Counter[str] = field(default_factory=Counter)
    exits: Counter[int] = field(default_factory=Counter)
    inputs: int = 0
    decisions: int = 0
    outcomes: int = 0
    repeats: int = 0
    dead_letters: int = 0
    points: int = 0
    stall_s: float = 0.0
    held_back_s: float = 0.0
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)
    kept: Path | None = None  # the folder with the logs, where something was violated


def drawn(seed: int, *, long: bool) -> tuple[str, ...]:
    """Faults on Apache Kafka in their order: long, every kind and some again; short, some that are always there and some drawn."""
    rng = random.Random(seed)
    kinds = [name for name in FAULTS if long or name not in LONG_ONLY]
    if long:
        chosen = [*kinds, *rng.choices([name for name in kinds if name not in LONG_ONLY], k=7)]
    else:
        quick = [name for name in kinds if name not in ALWAYS]
        chosen = [*ALWAYS, *rng.sample(quick, 3)]
    rng.shuffle(chosen)
    return tuple(chosen)


def drawn_embedded(seed: int, *, long: bool) -> tuple[str, ...]:
    """Faults on the embedded broker in their order."""
    times = {"kill -9": 6, "broker restarted": 3, "SIGTERM": 2} if long else {"kill -9": 2, "broker restarted": 1}
    chosen = [name for name, count in times.items() for _ in range(count)]
    random.Random(seed).shuffle(chosen)
    return tuple(chosen)


async def run(plan: Plan, say: Say = print) -> Report:
    """Carries out a plan. The folder with logs and exports stays where something was violated."""
    folder = Path(tempfile.mkdtemp(prefix="guerdon-chaos-"))
    report = Report(plan)
    began = time.monotonic()
    try:
        await _Run(plan, report, folder, say).run()
    except Violation as violation:
        report.violations.append(str(violation))
    except EngineError as error:
        report.violations.append(f"the run itself ended with {error!r}")
    finally:
        report.seconds = time.monotonic() - began
        if report.violations:
            report.kept = folder
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return report


class _Run:
    def __init__(self, plan: Plan, report: Report, folder: Path, say: Say) -> None:
        self._plan = plan
        self._report = report
        self._folder = folder
        self._say = say
        self._apache = plan.broker == "apache"

    async def run(self) -> None:
        async with AsyncExitStack() as stack:
            world = await self._world(stack)
            watching = asyncio.create_task(world.watch.run(), name="watch")
            feeding = asyncio.create_task(world.feeder.run(), name="feeder")
            for task in (watching, feeding):
                stack.push_async_callback(_cancelled, task)
            for worker in world.workers:
                worker.start()
                stack.push_async_callback(worker.stop)
            breaking = asyncio.create_task(self._carry_out(world), name="faults")
            stack.push_async_callback(_cancelled, breaking)
            await asyncio.wait({breaking, watching}, return_when=asyncio.FIRST_COMPLETED)
            for task in (feeding, watching, breaking):
                if task.done():
                    task.result()
            await self._verify(world)

    async def _world(self, stack: AsyncExitStack) -> World:
        plan = self._plan
        names = ("one", "two") if self._apache else ("one",)
        ports = {name: free_port() for name in (*names, PUBLISHER)} if self._apache else {}
        broker: Broker
        if self._apache:
            apache = ApacheBroker(self._folder / "broker", await asyncio.to_thread(fetched_jars), through=ports)
            proxies = {name: Proxy(port, apache.ports_behind[name]) for name, port in ports.items()}
            broker = apache
        else:
            broker, proxies = Embedded(self._folder / "broker"), {}
        stack.push_async_callback(broker.stop)
        await broker.start()
        for proxy in proxies.values():
            await proxy.start()
            stack.push_async_callback(proxy.stop)
        given = {"session_timeout_ms": plan.session_ms, "transaction_timeout_ms": plan.transaction_ms}
        if plan.session_ms is not None:
            given["heartbeat_interval_ms"] = plan.session_ms // 5
        chosen = {name: value for name, value in given.items() if value is not None}
        settings = broker_settings(broker, f"chaos-{plan.seed}", **chosen)
        environment = environment_of(settings)
        for command in (("topics", "apply"), ("rules", "publish")):
            code, said = await run_command(command, environment, ROOT)
            if code != 0:
                raise Violation(f"guerdon {' '.join(command)} ended with {code}: {said}")
        workers = [self._worker(name, environment, proxies) for name in names]
        feeder = Feeder(settings, history(plan.seed, plan.events, plan.members), plan.rate)
        watch = Watch(settings, feeder.owed)
        rng = random.Random(plan.seed)
        return World(settings, broker, workers, proxies, feeder, watch, rng, ROOT, environment)

    def _worker(self, name: str, environment: dict[str, str], proxies: dict[str, Proxy]) -> Worker:
        own = dict(environment)
        if name in proxies:
            own["GUERDON_BOOTSTRAP"] = f"127.0.0.1:{proxies[name].port}"
        own["GUERDON_WEB_PORT"] = str(free_port())
        return Worker(name, own, ROOT, self._folder / f"worker-{name}.log")

    async def _carry_out(self, world: World) -> None:
        faults = FAULTS if self._apache else EMBEDDED_FAULTS
        await world.well()
        for number, name in enumerate(self._plan.faults, 1):
            await self._one(world, f"{number}/{len(self._plan.faults)} {name}", faults[name])
            self._report.faults[name] += 1
        world.feeder.rest()
        await world.until("all is fed", world.feeder.done.is_set, CATCH_UP_S)
        world.patience_s = CATCH_UP_S
        await world.well()
        await asyncio.sleep(SETTLE_S)

    async def _one(self, world: World, title: str, fault: Fault) -> None:
        world.watch.begin()
        before = world.exits()
        try:
            await fault(world)
            for proxy in world.proxies.values():
                proxy.clear()
            await asyncio.sleep(DWELL_S)
            took = await world.well()
        except TimeoutError as error:
            raise Violation(f"{title}: something did not come in time") from error
        except Violation as violation:
            for worker in world.workers:
                await worker.keep_metrics()
            raise Violation(f"{title}: {violation}; {world.watch.decided} decided") from violation
        exits = world.exits() - before
        codes = ", ".join(f"{count} x {code}" for code, count in sorted(exits.items())) or "none"
        self._say(
            f"  {title}: well after {took:.1f} s; stall {world.watch.stall_s:.1f} s, "
            f"held back {world.watch.held_back_s:.1f} s, exits {codes}; {world.watch.decided:,} decided"
        )

    async def _verify(self, world: World) -> None:
        report = self._report
        for worker in world.workers:
            code = await worker.stop()
            if code != 0:
                report.violations.append(f"{worker.name} ended with {code} when it was stopped")
        report.exits = world.exits()
        if defects := world.defects():
            report.violations.append(f"exits that are defects: {defects} ({STUCK_AT_STOP}: had to be killed)")
        found = await verification.find(world.settings)
        report.violations += verification.violations(found)
        report.violations += await verification.replayed(found, world.environment, ROOT, self._folder)
        report.violations += await verification.verified(world.environment, ROOT, self._folder)
        report.inputs = found.expected.inputs
        report.repeats = found.expected.sent.total() - len(found.expected.sent)
        report.dead_letters = found.expected.unreadable
        report.decisions = len(found.events("decisions"))
        report.outcomes = sum(len(found.events(topic)) for topic in verification.OUTCOMES)
        report.points = sum(found.expected.balance(member) for member in found.expected.points)
        report.stall_s, report.held_back_s = world.watch.longest_stall_s, world.watch.longest_held_back_s
        if report.inputs != world.feeder.fed:
            report.violations.append(f"the feeder wrote {report.inputs} inputs, and meant {world.feeder.fed}")


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait({task})  # what it raised was looked at before

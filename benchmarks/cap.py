"""`python -m benchmarks.cap [--members N --cap N] [--broker apache|embedded] [--seed N]`: a campaign's cap, hit by many more members.

Workers run in processes of their own and are killed (`kill -9`) in the middle of every part: while the cap is filled, while some of
the awarded sales come back, and while others take the places that came free. Then all is counted.
"""

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from benchmarks.chaos.processes import Worker
from benchmarks.deployments import broker, unavailable
from engine.broker import topics
from engine.broker.embedded import free_port
from engine.broker.reading import follow, partitions_of, read_table
from engine.broker.settings import Settings
from engine.errors import BrokerUnavailable
from engine.ruleset.effects import AwardPoints, Fixed
from engine.ruleset.limits import Limit, Window
from tests.support.brokers import ROOT, Broker, broker_settings, environment_of
from tests.support.programme import campaign, ruleset
from tests.support.workers import cloudevent, enrolment, feed, publish, purchase

NAME, POINTS = "capped", 5
OUTCOMES = ("decisions", "points")
LOOK_S = 0.2
PATIENCE_S = 600.0  # without a decision, a restart of a worker included
SETTLE_S = 3.0  # so long nothing more may come


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything. `workers`: one on the embedded broker, whose groups know no second."""

    members: int = 50_000
    cap: int = 10_000
    seed: int = 1
    workers: int = 2
    kills: int = 2  # in each part
    session_ms: int = 6_000


@dataclass(slots=True)
class Report:
    """What a run found; `violations` empty is well."""

    plan: Plan
    decisions: int = 0
    awarded: int = 0
    refused: int = 0
    reversed: int = 0
    awarded_again: int = 0
    held: int = 0
    kills: int = 0
    exits: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)

    def hold(self, what: str, found: object, wanted: object) -> None:
        """Notes what is not as it must be."""
        if found != wanted:
            self.violations.append(f"{what}: {found}, not {wanted}")


class Tally:
    """What is visible on the topics of outcomes, as it comes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.events: dict[str, list[Any]] = {topic: [] for topic in OUTCOMES}

    async def run(self) -> None:
        """Follows the outcomes for ever."""
        positions = {
            (topic, number): 0 for topic in OUTCOMES for number in range(await partitions_of(self._settings, topic))
        }
        while True:
            with contextlib.suppress(BrokerUnavailable):
                async for batch in follow(self._settings, OUTCOMES, positions):
                    positions[batch.topic, batch.partition] = batch.end
                    self.events[batch.topic] += [orjson.loads(record.value or b"null") for record in batch.records]
            await asyncio.sleep(LOOK_S)

    @property
    def decided(self) -> int:
        """How many decisions there are."""
        return len(self.events["decisions"])

    def points(self, kind: str) -> list[Any]:
        """The outcomes about points of a type."""
        return [each for each in self.events["points"] if each["type"] == kind]


class Run:
    """One run on a broker."""

    def __init__(self, plan: Plan, settings: Settings, workers: Sequence[Worker], tally: Tally) -> None:
        self._plan = plan
        self._settings = settings
        self._workers = workers
        self._tally = tally
        self._rng = random.Random(plan.seed)
        self.report = Report(plan)

    async def go(self) -> Report:
        """All parts, each counted."""
        plan, report = self._plan, self.report
        names = [f"M-{number}" for number in range(plan.members)]
        self._rng.shuffle(names)
        await self._part([enrolment(name) for name in names], kills=0)
        await self._part([purchase(name, 1) for name in names])
        winners = [each["data"]["member_id"] for each in self._tally.points("points.awarded")]
        report.awarded = len(winners)
        report.refused = self._refused()
        report.hold("awards", report.awarded, plan.cap)
        report.hold("members awarded", len(set(winners)), plan.cap)
        report.hold("refusals", report.refused, plan.members - plan.cap)
        back = self._rng.sample(sorted(set(winners)), min(max(plan.cap // 10, 1), len(set(winners))))
        await self._part([_return(name, 1) for name in back])
        reversed_ = self._tally.points("points.reversed")
        report.reversed = len(reversed_)
        report.hold("reversals", Counter(each["data"]["points"] for each in reversed_), Counter({POINTS: len(back)}))
        losers = sorted(set(names) - set(winners))
        again = self._rng.sample(losers, min(len(losers), 2 * len(back)))
        await self._part([purchase(name, 2) for name in again])
        report.awarded_again = len(self._tally.points("points.awarded")) - report.awarded
        report.hold("awards of places given back", report.awarded_again, min(len(back), len(again)))
        await self._count(len(back), len(again))
        return report

    async def _part(self, inputs: Sequence[tuple[str, bytes]], kills: int | None = None) -> None:
        """Feeds inputs and waits for their decisions, while workers are killed."""
        before = self._tally.decided
        often = self._plan.kills if kills is None else kills
        moments = sorted(self._rng.uniform(0.05, 0.8) for _ in range(often))
        feeding = asyncio.create_task(feed(self._settings, inputs))
        try:
            for moment in moments:
                await self._until(before + int(moment * len(inputs)))
                await self._kill()
            await feeding
            await self._until(before + len(inputs))
        finally:
            feeding.cancel()
        await asyncio.sleep(SETTLE_S)
        self.report.hold("decisions of this part", self._tally.decided - before, len(inputs))

    async def _kill(self) -> None:
        """Kills a worker that is at work."""
        working: list[Worker] = []
        while not working:
            await asyncio.sleep(LOOK_S)
            working = [worker for worker in self._workers if worker.ready]
        victim = self._rng.choice(working)
        victim.send(signal.SIGKILL)
        await victim.ended()
        self.report.kills += 1

    async def _until(self, decided: int) -> None:
        seen, since = self._tally.decided, time.monotonic()
        while self._tally.decided < decided:
            await asyncio.sleep(LOOK_S)
            if self._tally.decided != seen:
                seen, since = self._tally.decided, time.monotonic()
            if time.monotonic() - since > PATIENCE_S:
                raise TimeoutError(f"{seen} decisions, not {decided}, and none more for {PATIENCE_S:.0f} s")

    def _refused(self) -> int:
        reason = {"campaign": NAME, "reason": "campaign_limit_reached"}
        return sum(reason in each["data"]["campaigns_refused"] for each in self._tally.events["decisions"])

    async def _count(self, back: int, again: int) -> None:
        report, plan = self.report, self._plan
        report.decisions = self._tally.decided
        report.hold("decisions", report.decisions, 2 * plan.members + back + again)
        for topic, events in self._tally.events.items():
            report.hold(f"ids of {topic}", len({each["id"] for each in events}), len(events))
        table = {key.decode(): value for key, value in (await read_table(self._settings, "state")).items()}
        held = orjson.loads(table[f"campaign:{NAME}/uses/campaign:{NAME}"])["used"]
        report.held = sum(amount for periods in held.values() for amount in periods.values())
        given = len(self._tally.points("points.awarded")) - report.reversed
        report.hold("places held", report.held, given)
        report.hold("places held", report.held, plan.cap if again >= back else plan.cap - back + again)
        report.hold("events that still wait", [key for key in table if "/asked/" in key], [])
        balances = sum(
            account["balance"]
            for key, value in table.items()
            if key.startswith("member:") and "/" not in key
            for account in orjson.loads(value)["accounts"].values()
        )
        report.hold("points that members have", balances, given * POINTS)


async def run(plan: Plan, kind: str, directory: Path) -> Report:
    """A run with a broker of its own."""
    async with broker(kind, directory / "broker") as on:
        return await run_on(on, plan, f"cap-{plan.seed}", directory)


async def run_on(on: Broker, plan: Plan, name: str, directory: Path) -> Report:
    """A run on a broker that is there; logs of the workers go into the directory."""
    began = time.monotonic()
    settings = broker_settings(on, name, session_timeout_ms=plan.session_ms, heartbeat_interval_ms=plan.session_ms // 5)
    await topics.apply(settings)
    limit = Limit("times", plan.cap, "campaign", Window("ever"), "refuse")
    await publish(settings, ruleset(campaign(NAME, AwardPoints(Fixed(POINTS), "points"), limits=(limit,))))
    async with AsyncExitStack() as stack:
        tally = Tally(settings)
        await stack.enter_async_context(_running(tally))
        workers = [_worker(settings, number, directory) for number in range(plan.workers)]
        for worker in workers:
            worker.start()
            stack.push_async_callback(worker.stop)
        ended = Run(plan, settings, workers, tally)
        try:
            await ended.go()
        except TimeoutError as late:
            ended.report.violations.append(str(late))
        for worker in workers:
            await worker.stop()
            ended.report.exits += worker.exits
        ended.report.hold("exits by code", ended.report.exits, Counter({-9: ended.report.kills, 0: plan.workers}))
    ended.report.seconds = time.monotonic() - began
    return ended.report


def show(report: Report) -> None:
    """Prints totals and the verdict."""
    plan = report.plan
    print(f"seed {plan.seed}: {plan.members:,} members, a cap of {plan.cap:,}, {plan.workers} workers")
    print(f"  decisions         {report.decisions:,} in {report.seconds:.0f} s, {report.kills} x kill -9")
    print(f"  awarded, refused  {report.awarded:,}, {report.refused:,}")
    print(f"  given back        {report.reversed:,}, awarded again {report.awarded_again:,}")
    print(f"  places held       {report.held:,}")
    print(f"  exits by code     {', '.join(f'{count} x {code}' for code, count in sorted(report.exits.items()))}")
    for text in report.violations:
        print(f"  VIOLATED {text}")
    print("VIOLATED" if report.violations else "exact: no place lost, none given twice", flush=True)


def _return(name: str, number: int) -> tuple[str, bytes]:
    data = {
        "return_id": f"R-{name}-{number}",
        "member_id": name,
        "original_transaction_id": f"T-{name}-{number}",
        "lines": [{"line_id": "1", "quantity": 1}],
    }
    return "returns", cloudevent("transaction.returned", f"return-{name}-{number}", data)


def _worker(settings: Settings, number: int, directory: Path) -> Worker:
    environment = {**environment_of(settings), "GUERDON_WEB_PORT": str(free_port())}
    return Worker(f"worker-{number}", environment, ROOT, directory / f"worker-{number}.log")


@asynccontextmanager
async def _running(tally: Tally) -> AsyncIterator[None]:
    task = asyncio.create_task(tally.run(), name="tally")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def main() -> int:
    """Runs what is asked for; 1 where anything was violated."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cap", description=__doc__)
    parser.add_argument("--members", type=int, default=Plan().members)
    parser.add_argument("--cap", type=int, default=Plan().cap)
    parser.add_argument("--broker", choices=("apache", "embedded"), default="apache")
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    if given.broker == "apache" and (reason := unavailable()):
        print(f"left out: {reason}")
        return os.EX_UNAVAILABLE
    seed = random.SystemRandom().randrange(1 << 31) if given.seed is None else given.seed
    plan = Plan(given.members, given.cap, seed, workers=2 if given.broker == "apache" else 1)
    directory = Path(tempfile.mkdtemp(prefix="guerdon-cap-"))
    print(f"seed {seed}: logs in {directory}", flush=True)
    report = asyncio.run(run(plan, given.broker, directory))
    show(report)
    if not report.violations:
        shutil.rmtree(directory, ignore_errors=True)
    return int(bool(report.violations))


if __name__ == "__main__":
    sys.exit(main())

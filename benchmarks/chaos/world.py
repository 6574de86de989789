"""What a fault may touch: broker, workers, their proxies, the feeder; and how it is known that all is well again."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chaos.feeding import Feeder
from benchmarks.chaos.frames import Api
from benchmarks.chaos.processes import Worker
from benchmarks.chaos.proxy import Act, Proxy, Rule
from benchmarks.chaos.watching import Watch
from engine.broker.settings import Settings
from tests.support.brokers import Broker

LOOK_S = 0.15
BURST = 120
# 0: told to stop. -9: killed by us. 69, 75: go on elsewhere or later. Anything else is a defect.
EXPECTED_EXITS = frozenset({0, -9, 69, 75})


class Violation(Exception):
    """Something that must hold did not; its message says what differs."""


@dataclass(eq=False)
class World:
    """One run's parts. `settings` are those of the broker's own listener; `proxies` go with `workers`, or there are none."""

    settings: Settings
    broker: Broker
    workers: Sequence[Worker]
    proxies: Mapping[str, Proxy]
    feeder: Feeder
    watch: Watch
    rng: random.Random
    root: Path
    environment: Mapping[str, str]
    patience_s: float = 120.0
    groups: int = 0
    violations: list[str] = field(default_factory=list)

    @property
    def deciding(self) -> bytes:
        """What stands in the requests of the producers that decide."""
        return f"{self.settings.app_id}-decide-".encode()

    def topic(self, name: str) -> bytes:
        """A topic's name as it stands in requests."""
        return self.settings.topic(name).encode()

    def pair(self) -> tuple[Worker, Worker]:
        """A victim and another, drawn."""
        victim, other = self.rng.sample(list(self.workers), 2)
        return victim, other

    def one(self) -> Worker:
        """A victim, drawn."""
        return self.rng.choice(list(self.workers))

    def rule(
        self, worker: Worker, api: Api, act: Act, contains: bytes = b"", lacks: bytes | None = None,
        times: int | None = 1, delay_s: float = 0.0,
    ) -> Rule:  # fmt: skip
        """Puts a rule in force at a worker's proxy."""
        return self.proxies[worker.name].add(Rule(api, act, contains, lacks, times, delay_s))

    def rule_at(self, name: str, api: Api, act: Act) -> Rule:
        """Puts a rule in force at a proxy that is no worker's."""
        return self.proxies[name].add(Rule(api, act))

    async def hit(self, rule: Rule, timeout_s: float = 30.0) -> None:
        """Feeds bursts until a rule was hit."""
        deadline = time.monotonic() + timeout_s
        while not rule.hit.is_set():
            if time.monotonic() > deadline:
                raise Violation(f"nothing came by for {rule.act.name} of {rule.api.name} within {timeout_s:.0f} s")
            self.feeder.burst(BURST)
            try:
                await asyncio.wait_for(rule.hit.wait(), 2.0)
            except TimeoutError:
                continue

    async def until(self, what: str, reached: Callable[[], bool], timeout_s: float | None = None) -> None:
        """Waits; raises Violation after the timeout."""
        deadline = time.monotonic() + (timeout_s or self.patience_s)
        while not reached():
            if defects := self.defects():
                raise Violation(f"exits that are defects: {defects}")
            if time.monotonic() > deadline:
                raise Violation(f"not within {timeout_s or self.patience_s:.0f} s: {what}")
            await asyncio.sleep(LOOK_S)

    async def taken_over(self, by: Worker, since: int) -> None:
        """Waits until a worker has opened or resumed all of the journal."""
        count = self.settings.partitions

        def has_all() -> bool:
            return any(len(line["partitions"]) == count for line in by.said("assigned", since))

        await self.until(f"{by.name} has all partitions", has_all, 60.0)
        await asyncio.sleep(1.0)  # it opens them now

    async def well(self) -> float:
        """Waits until every worker is ready and all that was fed has its decision; how long that took, in seconds."""
        began = time.monotonic()
        await self.until("all workers are ready", lambda: all(worker.ready for worker in self.workers))
        owed = self.feeder.owed()
        await self.until(f"all that was fed is decided ({owed} inputs)", lambda: self.watch.decided >= owed)
        return time.monotonic() - began

    def defects(self) -> dict[int, int]:
        """Exit codes that no fault explains, with their counts."""
        return {code: count for code, count in self.exits().items() if code not in EXPECTED_EXITS}

    def exits(self) -> Counter[int]:
        """Exit codes of all workers."""
        total: Counter[int] = Counter()
        for worker in self.workers:
            total += worker.exits
        return total

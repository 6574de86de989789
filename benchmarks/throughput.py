"""Throughput: the worker end to end against the bare client, on the same backlog of the same broker."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from aiokafka.admin import NewTopic

from benchmarks.bare import Cost, Style, Task
from benchmarks.deployments import broker, deployment, feed
from benchmarks.events import feed_of
from benchmarks.running import GUERDON, WorkerEnded, enrol, worker
from engine.broker.clients import admin
from engine.broker.settings import Settings

EVENTS = 36_000
EMBEDDED_EVENTS = 18_000  # it writes all that it holds to disk once a second, so that more only makes it slower
_INPUT = "transactions"


@dataclass(frozen=True, slots=True)
class Throughput:
    """What the backlog took on one kind of broker: (a) a send a record, (a') ready-made batches, (b) the worker."""

    broker: str
    events: int
    bytes_an_event: int
    sends: Cost
    batches: Cost
    worker: Cost

    def value(self) -> dict[str, object]:
        """As JSON."""
        costs = {"sends": self.sends, "batches": self.batches, "worker": self.worker}
        return asdict(self) | {name: cost._asdict() for name, cost in costs.items()}


async def measure(kind: str, count: int, directory: Path, command: Sequence[str] = GUERDON) -> Throughput:
    """Feeds a backlog, works it off by the bare client in both styles, then by the worker, which knows all members before."""
    async with broker(kind, directory / kind) as running:
        settings = await deployment(running, "throughput")
        given = feed_of(count)
        await enrol(settings, given.enrolments, directory / f"{kind}-enrolling.log")
        baskets = list(given.baskets)
        await feed(settings, baskets)
        size = sum(len(line.value or b"") for line in baskets) // count
        await _bare_topics(settings)
        sends = await _bare(settings, count, "send")
        batches = await _bare(settings, count, "batches")
        async with worker(settings, directory / f"{kind}.log", command) as working:
            first, last = await working.work_off(count)
        cost = Cost(count, last.at_s - first.at_s, last.usage.cpu_s - first.usage.cpu_s)
        return Throughput(kind, count, size, sends, batches, cost)


async def _bare_topics(settings: Settings) -> None:
    async with admin(settings) as kafka:
        names = [settings.topic(name) for style in ("send", "batches") for name in _outputs(style)]
        await kafka.create_topics([NewTopic(name, settings.partitions or 1, 1) for name in names])


async def _bare(settings: Settings, count: int, style: Style) -> Cost:
    outcomes, rows = map(settings.topic, _outputs(style))
    task = Task(settings.bootstrap or "", settings.topic(_INPUT), outcomes, rows, count, style)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.bare",
        orjson.dumps(task._asdict()).decode(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    if process.returncode != 0:
        raise WorkerEnded(f"the bare client ended with {process.returncode}:\n{complained.decode()[-2000:]}")
    return Cost(**orjson.loads(said))


def _outputs(style: str) -> Sequence[str]:
    return f"bare-{style}-outcomes", f"bare-{style}-rows"

"""Replay: events a second against the machine's bare read of the same journal, and against the live worker in the same run."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.deployments import broker, deployment, feed
from benchmarks.events import feed_of
from benchmarks.running import enrol, worker
from engine.history.archive import Archive
from engine.history.archiving import archive
from engine.history.history import History
from engine.history.live import Live
from engine.replay.replaying.whole import Into, replay
from engine.replay.verifying.whole import verify

EVENTS = 18_000
PROCESSES = (1, 2)


@dataclass(frozen=True, slots=True)
class Replaying:
    """Seconds of each, over the same journal; `seconds` by what was done and the number of processes."""

    events: int
    records: int
    worker_s: float
    worker_cpu_s: float
    read_s: dict[str, float]
    seconds: dict[str, dict[int, float]]

    def value(self) -> dict[str, Any]:
        """As JSON, with the ratios."""
        live = self.events / self.worker_s
        ratios = {
            f"{name} x{count}": round(self.events / seconds / live, 2)
            for name, by_count in self.seconds.items()
            for count, seconds in by_count.items()
        }
        return {**asdict(self), "against_live": ratios}


async def measure(count: int, directory: Path) -> Replaying:
    """Feeds and decides a backlog on the embedded broker, then derives it from there and from an archive of it."""
    async with broker("embedded", directory / "replay") as running:
        settings = await deployment(running, "replay")
        given = feed_of(count)
        await enrol(settings, given.enrolments, directory / "enrolling.log")
        await feed(settings, given.baskets)
        async with worker(settings, directory / "replay.log") as working:
            first, last = await working.work_off(count)
        live = await asyncio.to_thread(Live.at, settings)
        await asyncio.to_thread(archive, live, directory / "archive")
        stored = Archive(directory / "archive")
        records = await asyncio.to_thread(_read, stored)
        read_s = {
            "broker": await asyncio.to_thread(_elapsed, lambda: _read(live)),
            "archive": await asyncio.to_thread(_elapsed, lambda: _read(stored)),
        }
        seconds = {
            "derive": await asyncio.to_thread(_by_processes, lambda number: _derived(stored, number)),
            "verify": await asyncio.to_thread(_by_processes, lambda number: _verified(stored, number)),
            "verify, broker": await asyncio.to_thread(_by_processes, lambda number: _verified(live, number)),
        }
        worked_s, worked_cpu_s = last.at_s - first.at_s, last.usage.cpu_s - first.usage.cpu_s
        return Replaying(count, records, worked_s, worked_cpu_s, read_s, seconds)


def show(console: Console, found: Replaying) -> None:
    """The rates, each beside the live worker's and the bare read's."""
    console.print(
        f"replay of {found.events:,} baskets ({found.records:,} journal records), embedded broker", style="bold"
    )
    table = Table(box=None, pad_edge=False)
    for column in ("", "processes", "events/s", "of live", "of the bare read"):
        table.add_column(column, justify="right" if column else "left", header_style="dim")
    bare = found.read_s["archive"]
    table.add_row("live worker", "1", f"{found.events / found.worker_s:,.0f}", "1.00", f"{bare / found.worker_s:.3f}")
    for source, seconds in found.read_s.items():
        live = found.worker_s / seconds
        table.add_row(
            f"bare read, {source}", "1", f"{found.events / seconds:,.0f}", f"{live:.2f}", f"{bare / seconds:.3f}"
        )
    for name, by_count in found.seconds.items():
        for number, seconds in by_count.items():
            rate = f"{found.events / seconds:,.0f}"
            table.add_row(name, str(number), rate, f"{found.worker_s / seconds:.2f}", f"{bare / seconds:.3f}")
    console.print(table)
    console.print("aim: derive on one process at least 3.00 of live, two nearly twice that", style="dim")


def _by_processes(run: Callable[[int], object]) -> dict[int, float]:
    return {number: _elapsed(lambda number=number: run(number)) for number in PROCESSES}  # type: ignore[misc]  # bound now


def _elapsed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _derived(history: History, processes: int) -> None:
    if not replay(history, None, Into(), processes, _unseen).same_messages:
        raise AssertionError("the messages derived are not those recorded")


def _verified(history: History, processes: int) -> None:
    report = verify(history, None, processes, _unseen)
    if not report.agrees:
        raise AssertionError(f"what was derived differs from what was published: {report.counts}")


def _read(history: History) -> int:
    return sum(len(batch) for number in range(history.partitions) for batch in history.journal(number))


def _unseen(done: int) -> None:
    """Shows nothing."""
    del done

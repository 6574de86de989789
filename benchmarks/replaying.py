"""Replay: events a second against the machine's bare read of the same journal, and against the live worker in the same run."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

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


class Took(NamedTuple):
    """Seconds by the clock and of CPU, children included."""

    seconds: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Replaying:
    """What each took over the same journal: of the worker, of a bare read by where from, of deriving by what and how many processes."""

    events: int
    records: int
    worker: Took
    read: dict[str, Took]
    derived: dict[str, dict[int, Took]]

    def value(self) -> dict[str, Any]:
        """As JSON, with the ratios to the worker: by the clock, and by CPU."""
        rows = {name: took for name, _, took in self.rows()}
        return {
            "events": self.events,
            "journal_records": self.records,
            "took": {name: took._asdict() for name, took in rows.items()},
            "of_live": {name: round(self.worker.seconds / took.seconds, 3) for name, took in rows.items()},
            "of_live_by_cpu": {name: round(self.worker.cpu_s / took.cpu_s, 3) for name, took in rows.items()},
        }

    def rows(self) -> Iterator[tuple[str, int, Took]]:
        """Each with its name and number of processes."""
        yield "live worker", 1, self.worker
        for source, took in self.read.items():
            yield f"bare read, {source}", 1, took
        for name, by_count in self.derived.items():
            for count, took in by_count.items():
                yield f"{name}, {count} process{'es' if count > 1 else ''}", count, took


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
        read = {
            "broker": await asyncio.to_thread(_took, lambda: _read(live)),
            "archive": await asyncio.to_thread(_took, lambda: _read(stored)),
        }
        derived = {
            "derive": await asyncio.to_thread(_by_processes, lambda number: _derived(stored, number)),
            "verify": await asyncio.to_thread(_by_processes, lambda number: _verified(stored, number)),
            "verify from the broker": await asyncio.to_thread(_by_processes, lambda number: _verified(live, number)),
        }
        worked = Took(last.at_s - first.at_s, last.usage.cpu_s - first.usage.cpu_s)
        return Replaying(count, records, worked, read, derived)


def show(console: Console, found: Replaying) -> None:
    """The rates, each beside the live worker's and the bare read's."""
    console.print(
        f"replay of {found.events:,} baskets ({found.records:,} journal records), embedded broker", style="bold"
    )
    table = Table(box=None, pad_edge=False)
    for column in ("", "events/s", "of live", "of the bare read", "CPU us/event", "of live by CPU"):
        table.add_column(column, justify="right" if column else "left", header_style="dim")
    bare = found.read["archive"]
    for name, _, took in found.rows():
        table.add_row(
            name,
            f"{found.events / took.seconds:,.0f}",
            f"{found.worker.seconds / took.seconds:.2f}",
            f"{bare.seconds / took.seconds:.3f}",
            f"{took.cpu_s / found.events * 1e6:.1f}",
            f"{found.worker.cpu_s / took.cpu_s:.2f}",
        )
    console.print(table)
    console.print("aim: derive with one process at least 3.00 of live, with two nearly twice that", style="dim")


def _by_processes(run: Callable[[int], object]) -> dict[int, Took]:
    return {number: _took(partial(run, number)) for number in PROCESSES}


def _took(run: Callable[[], object]) -> Took:
    began, used = time.perf_counter(), _cpu_s()
    run()
    return Took(time.perf_counter() - began, _cpu_s() - used)


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


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

"""`python -m benchmarks`: the measurements, each as a table, in one run on one machine.

Brokers and workers are started on free ports of this machine and stopped afterwards. Needs Linux (`/proc`) and the extra `baskets`.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import orjson
import typer
from rich.console import Console

from benchmarks import due, hot_member, matching, memory, pipeline, replaying, tables, throughput
from benchmarks.deployments import unavailable
from benchmarks.running import GUERDON
from tests.support.brokers import ROOT

T = TypeVar("T")


class Name(Enum):
    """What can be measured alone."""

    PIPELINE = "pipeline"
    MATCHING = "matching"  # by the number of campaigns, beside other engines
    HOT_MEMBER = "hot_member"  # 10,000 purchases of one member: the last beside the first
    DUE = "due"  # many members due at one instant
    EMBEDDED = "embedded"  # throughput on the embedded broker
    APACHE = "apache"  # throughput on Apache Kafka
    MEMORY = "memory"  # and the restore after it
    REPLAY = "replay"  # deriving and verifying, beside the live worker and a bare read of the journal


class Wanted(NamedTuple):
    """What is asked of a measurement."""

    events: int | None
    million: bool
    command: Sequence[str]  # of the worker


def main(
    only: Annotated[list[Name] | None, typer.Option(help="Measure only this; more than once for more.")] = None,
    events: Annotated[int | None, typer.Option(min=1_000, help="So many events in each measurement.")] = None,
    million: Annotated[bool, typer.Option("--million", help="A backlog of 1,000,000 for `memory`.")] = False,
    guerdon: Annotated[str, typer.Option(help="The command whose worker is measured, such as a compiled one.")] = "",
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file as well.")] = None,
) -> None:
    """Measure guerdon against a bare client, on this machine, now. Ratios within one run are what can be compared."""
    console = Console(highlight=False, width=None if Console().is_terminal else 120)
    lacking = unavailable()
    found: dict[str, Any] = {}
    for name in only or list(Name):
        if name is Name.APACHE and lacking:
            console.print(f"[bold]NOT MEASURED[/bold] on Apache Kafka: {lacking}\n")
            continue
        console.print(f"measuring {name.value} ...", style="dim")
        found[name.value] = _MEASURES[name](console, Wanted(events, million, (guerdon,) if guerdon else GUERDON))
        console.print()
    if json is not None:
        json.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))


def _pipeline(console: Console, wanted: Wanted) -> Mapping[str, Any]:
    found = pipeline.measure(ROOT / "rules", wanted.events or pipeline.EVENTS)
    tables.show_pipeline(console, found)
    return asdict(found)


def _matching(console: Console, wanted: Wanted) -> Mapping[str, Any]:
    found = matching.measure(wanted.events or matching.EVENTS)
    matching.show(console, found)
    return {f"{size.campaigns}": asdict(size) for size in found}


def _hot_member(console: Console, wanted: Wanted) -> Mapping[str, Any]:
    found = hot_member.measure(max(wanted.events or 0, hot_member.EVENTS))
    hot_member.show(console, found)
    return {**asdict(found), "ratio": round(found.ratio, 3)}


def _due(console: Console, wanted: Wanted) -> Mapping[str, Any]:
    found = due.measure(wanted.events or due.MEMBERS)
    tables.show_due(console, found)
    return asdict(found)


def _embedded(console: Console, wanted: Wanted) -> Mapping[str, Any]:
    return _throughput(console, "embedded", wanted.events or throughput.EMBEDDED_EVENTS, wanted.command)


def _apache(console: Console, wanted: Wanted) -> Mapping[str, Any]:
    return _throughput(console, "apache", wanted.events or throughput.EVENTS, wanted.command)


def _throughput(console: Console, kind: str, count: int, command: Sequence[str]) -> Mapping[str, Any]:
    found = _in_directory(lambda directory: throughput.measure(kind, count, directory, command))
    tables.show_throughput(console, found)
    return found.value()


def _memory(console: Console, wanted: Wanted) -> Mapping[str, Any]:
    """On Apache Kafka where it is: the embedded broker keeps the whole backlog in memory itself."""
    lacking = unavailable()
    if wanted.million and lacking:
        raise typer.BadParameter(f"the embedded broker cannot hold a million events; {lacking}")
    kind = "embedded" if lacking else "apache"
    count = (
        memory.MILLION if wanted.million else wanted.events or (memory.EMBEDDED_EVENTS if lacking else memory.EVENTS)
    )
    found = _in_directory(lambda directory: memory.measure(kind, count, directory))
    tables.show_memory(console, found)
    console.print()
    tables.show_restore(console, found)
    return asdict(found)


def _replay(console: Console, wanted: Wanted) -> Mapping[str, Any]:
    found = _in_directory(lambda directory: replaying.measure(wanted.events or replaying.EVENTS, directory))
    replaying.show(console, found)
    return found.value()


def _in_directory(measure: Callable[[Path], Awaitable[T]]) -> T:
    async def measured() -> T:
        with tempfile.TemporaryDirectory(prefix="guerdon-bench-") as directory:
            return await measure(Path(directory))

    return asyncio.run(measured())


_MEASURES: Mapping[Name, Callable[[Console, Wanted], Mapping[str, Any]]] = {
    Name.PIPELINE: _pipeline,
    Name.MATCHING: _matching,
    Name.HOT_MEMBER: _hot_member,
    Name.DUE: _due,
    Name.EMBEDDED: _embedded,
    Name.APACHE: _apache,
    Name.MEMORY: _memory,
    Name.REPLAY: _replay,
}

if __name__ == "__main__":
    typer.run(main)

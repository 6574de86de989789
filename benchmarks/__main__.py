"""`python -m benchmarks`: the measurements, each as a table, in one run on one machine.

Brokers and workers are started on free ports of this machine and stopped afterwards. Needs Linux (`/proc`) and the extra `baskets`.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import orjson
import typer
from rich.console import Console

from benchmarks import memory, pipeline, tables, throughput
from benchmarks.deployments import unavailable
from tests.support.brokers import ROOT

T = TypeVar("T")


class Name(Enum):
    """What can be measured alone."""

    PIPELINE = "pipeline"
    EMBEDDED = "embedded"  # throughput on the embedded broker
    APACHE = "apache"  # throughput on Apache Kafka
    MEMORY = "memory"  # and the restore after it


def main(
    only: Annotated[list[Name] | None, typer.Option(help="Measure only this; more than once for more.")] = None,
    events: Annotated[int | None, typer.Option(min=1_000, help="So many events in each measurement.")] = None,
    million: Annotated[bool, typer.Option("--million", help="A backlog of 1,000,000 for `memory`.")] = False,
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
        found[name.value] = _MEASURES[name](console, events, million)
        console.print()
    if json is not None:
        json.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))


def _pipeline(console: Console, events: int | None, million: bool) -> Mapping[str, Any]:
    del million
    found = pipeline.measure(ROOT / "rules", events or pipeline.EVENTS)
    tables.show_pipeline(console, found)
    return asdict(found)


def _embedded(console: Console, events: int | None, million: bool) -> Mapping[str, Any]:
    del million
    return _throughput(console, "embedded", events or throughput.EMBEDDED_EVENTS)


def _apache(console: Console, events: int | None, million: bool) -> Mapping[str, Any]:
    del million
    return _throughput(console, "apache", events or throughput.EVENTS)


def _throughput(console: Console, kind: str, count: int) -> Mapping[str, Any]:
    found = _in_directory(lambda directory: throughput.measure(kind, count, directory))
    tables.show_throughput(console, found)
    return found.value()


def _memory(console: Console, events: int | None, million: bool) -> Mapping[str, Any]:
    """On Apache Kafka where it is: the embedded broker keeps the whole backlog in memory itself."""
    lacking = unavailable()
    if million and lacking:
        raise typer.BadParameter(f"the embedded broker cannot hold a million events; {lacking}")
    kind = "embedded" if lacking else "apache"
    count = memory.MILLION if million else events or (memory.EMBEDDED_EVENTS if lacking else memory.EVENTS)
    found = _in_directory(lambda directory: memory.measure(kind, count, directory))
    tables.show_memory(console, found)
    console.print()
    tables.show_restore(console, found)
    return asdict(found)


def _in_directory(measure: Callable[[Path], Awaitable[T]]) -> T:
    async def measured() -> T:
        with tempfile.TemporaryDirectory(prefix="guerdon-bench-") as directory:
            return await measure(Path(directory))

    return asyncio.run(measured())


_MEASURES: Mapping[Name, Callable[[Console, int | None, bool], Mapping[str, Any]]] = {
    Name.PIPELINE: _pipeline,
    Name.EMBEDDED: _embedded,
    Name.APACHE: _apache,
    Name.MEMORY: _memory,
}

if __name__ == "__main__":
    typer.run(main)

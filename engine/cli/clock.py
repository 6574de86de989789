"""`guerdon clock`: the programme's time, where an operator has a word in it."""

import asyncio
from typing import Annotated

import typer

from engine.broker.settings import Settings
from engine.cli import operators, screen
from engine.cli.deployment import deployment
from engine.core import instants
from engine.errors import UsageError
from engine.wire.quarantine import ClockConfirmed

app = typer.Typer(help="The programme's clock.", no_args_is_help=True)


@app.callback()
def options() -> None:
    """The programme's clock."""


@app.command()
def confirm(
    to: Annotated[str, typer.Argument(metavar="INSTANT", help="RFC 3339, such as 2026-11-03T09:00:00Z.")],
    partition: Annotated[
        list[int] | None, typer.Option(min=0, help="A journal partition (may be repeated; default: all).")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
) -> None:
    """Say that clock ticks up to an instant are meant, where a partition halted at one far ahead of the broker's clock."""
    try:
        to_ms = instants.parse(to)
    except ValueError as error:
        raise UsageError(f"{to}: {error}") from error
    confirmed = asyncio.run(_confirm(deployment(), to_ms, partition, reason))
    screen.say(f"ticks up to {instants.render(to_ms)} are confirmed in journal partitions {_listed(confirmed)}")


@app.command()
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show how far each journal partition is: its clock, its position, and whether it is stuck."""
    rows = asyncio.run(_positions(deployment()))
    if as_json:
        screen.say_json(rows)
        return
    screen.show_table(
        ("#partition", "clock", "#position", "stuck"),
        [(row["partition"], row["clock"], row["position"], row["stuck"]) for row in rows],
    )


async def _confirm(settings: Settings, to_ms: int, partitions: list[int] | None, reason: str) -> list[int]:
    there = await operators.journal_partitions(settings)
    unknown = [number for number in partitions or () if number >= there]
    if unknown:
        raise UsageError(f"the journal has {there} partitions, not one numbered {unknown[0]}")
    chosen = sorted(set(partitions or range(there)))
    await operators.say(settings, *(ClockConfirmed(number, to_ms, reason) for number in chosen))
    return chosen


async def _positions(settings: Settings) -> list[dict[str, object]]:
    positions, stuck = await operators.standing(settings)
    return [
        {
            "partition": number,
            "clock": None if row["clock"] is None else instants.render(row["clock"]),
            "position": row["next"],
            "stuck": f"{stuck[number]['offset']}: {stuck[number]['error']}" if number in stuck else None,
        }
        for number, row in sorted(positions.items())
    ]


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))

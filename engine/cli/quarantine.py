"""`guerdon quarantine`: taking a record out of the way that no worker can decide."""

import asyncio
from typing import Annotated

import typer

from engine.broker.reading import record_at
from engine.broker.settings import Settings
from engine.cli import operators, screen
from engine.cli.deployment import deployment
from engine.errors import UsageError
from engine.wire.quarantine import QuarantinedRecord


def quarantine(
    partition: Annotated[int, typer.Argument(min=0, help="The journal partition.")],
    offset: Annotated[int, typer.Argument(min=0, help="The journal offset.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Also a record that nothing is stuck at.")] = False,
) -> None:
    """Take the journal record that a partition is stuck at out of the way: it is refused and dead-lettered.

    The log of the worker names partition, offset and error. This cannot be taken back: replays leave it out as well.
    """
    asyncio.run(_quarantine(deployment(), QuarantinedRecord(partition, offset, reason), force))
    screen.say(f"journal {partition}:{offset} is quarantined; the worker goes on without it")


async def _quarantine(settings: Settings, word: QuarantinedRecord, force: bool) -> None:
    if await record_at(settings, "journal", word.partition, word.offset) is None:
        raise UsageError(f"the journal has no record at {word.partition}:{word.offset}")
    if not force:
        _, stuck = await operators.standing(settings)
        row = stuck.get(word.partition)
        if row is None:
            raise UsageError(f"journal partition {word.partition} is not stuck; --force quarantines nevertheless")
        if row["offset"] != word.offset:
            raise UsageError(
                f"journal partition {word.partition} is stuck at offset {row['offset']} ({row['error']}), "
                f"not at {word.offset}; --force quarantines nevertheless"
            )
    await operators.say(settings, word)

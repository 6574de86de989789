"""`guerdon tail`: the records of topics, for people or as lines that `feed` and `simulate` read."""

import asyncio
import difflib
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated

import orjson
import typer

from engine.broker.reading import Batch, Fetched, beginning_offsets, end_offsets, follow, read, topics_of
from engine.broker.settings import Settings
from engine.cli import screen
from engine.cli.deployment import deployment
from engine.errors import UsageError
from engine.replay import lines
from engine.replay.lines import Line


def tail(
    topics: Annotated[list[str], typer.Argument(help="Topics, with or without the deployment's prefix.")],
    from_start: Annotated[bool, typer.Option("--from-start", help="Begin with the oldest record.")] = False,
    until_end: Annotated[
        bool, typer.Option("--until-end", help="Stop at the end as of now, instead of following.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print lines that feed and simulate read.")] = False,
) -> None:
    """Print the committed records of topics, new ones by default.

    With --json each record is a line `{"topic", "key", "value", "partition", "offset", "timestamp_ms", "headers"}`
    that keeps its bytes: `guerdon tail journal --from-start --until-end --json > journal.jsonl`.
    """
    if until_end and not from_start:
        raise UsageError("--until-end reads nothing without --from-start")
    settings = deployment()
    asyncio.run(_tail(settings, [settings.short(topic) for topic in topics], from_start, until_end, as_json))


def line_of(settings: Settings, record: Fetched) -> Line:
    """A record as fetched, as a line."""
    return Line(
        settings.short(record.topic),
        record.key,
        record.value,
        record.partition,
        record.offset,
        record.timestamp,
        tuple(record.headers),
    )


async def demand_topics(settings: Settings, topics: Sequence[str]) -> None:
    """Raises UsageError naming the first topic that the broker does not have."""
    there = {settings.short(name) for name in await topics_of(settings) if name.startswith(settings.prefix)}
    for topic in topics:
        if topic not in there:
            close = difflib.get_close_matches(topic, there, n=1)
            meant = f"; did you mean {close[0]}?" if close else f"; there are: {', '.join(sorted(there)) or 'none'}"
            raise UsageError(f"the broker has no topic {settings.topic(topic)}{meant}")


async def batches_of(settings: Settings, topic: str) -> AsyncGenerator[Batch, None]:
    """All of a topic as of now, partition by partition."""
    starts, ends = await beginning_offsets(settings, topic), await end_offsets(settings, topic)
    for partition in sorted(ends):
        if starts[partition] < ends[partition]:
            async with aclosing(read(settings, topic, partition, starts[partition], ends[partition])) as batches:
                async for batch in batches:
                    yield batch


async def read_all(settings: Settings, topic: str) -> AsyncGenerator[Fetched, None]:
    """The records of a topic as of now, partition by partition."""
    async with aclosing(batches_of(settings, topic)) as batches:
        async for batch in batches:
            for record in batch.records:
                yield record


async def _tail(settings: Settings, topics: Sequence[str], from_start: bool, until_end: bool, as_json: bool) -> None:
    await demand_topics(settings, topics)
    if until_end:
        for topic in topics:
            await _print_all(settings, batches_of(settings, topic), as_json)
        return
    starts: dict[tuple[str, int], int] = {}
    for topic in topics:
        offsets = await beginning_offsets(settings, topic) if from_start else await end_offsets(settings, topic)
        starts |= {(topic, partition): offset for partition, offset in offsets.items()}
    await _print_all(settings, follow(settings, topics, starts), as_json)


async def _print_all(settings: Settings, batches: AsyncGenerator[Batch, None], as_json: bool) -> None:
    """Prints batches as they come; the reading is closed in its order also where nobody takes what is printed."""
    async with aclosing(batches):
        async for batch in batches:
            shown = (line_of(settings, record) for record in batch.records)
            if as_json:
                screen.write_lines(map(lines.encode, shown))
            else:
                for line in shown:
                    screen.show_record(_summary(line))


def _summary(line: Line) -> tuple[str, str, str, str]:
    """Where, when, what and the rest of a record, for people."""
    where = f"{line.topic} {line.partition}:{line.offset}"
    when = datetime.fromtimestamp((line.timestamp_ms or 0) / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    key = (line.key or b"").decode(errors="replace")
    if line.value is None:
        return where, when, "(deleted)", key
    try:
        body = orjson.loads(line.value)
    except orjson.JSONDecodeError:
        return where, when, "(not JSON)", f"{key} {line.value[:200]!r}"
    if not isinstance(body, dict):
        return where, when, "(no object)", f"{key} {line.value[:200]!r}"
    kind = body.get("type") or body.get("kind") or ""
    rest = body.get("data") if "specversion" in body else body
    return where, str(body.get("time", when)), str(kind), f"{key} {orjson.dumps(rest).decode()}"

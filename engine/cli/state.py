"""`guerdon state`: what is kept of a subject."""

import asyncio
import time
from collections.abc import Container, Mapping
from typing import Annotated, Any, NamedTuple

import orjson
import typer

from engine.broker.reading import Fetched, beginning_offsets, end_offsets, read, read_table
from engine.broker.settings import Settings
from engine.cli import member_view, screen
from engine.cli.advancing import published
from engine.cli.deployment import deployment
from engine.core import instants, keys
from engine.core.partitioning import partition_of
from engine.decide.views.view import MemberView
from engine.errors import EngineError, UsageError
from engine.pipeline.partition import POSITION_KEY
from engine.ruleset.model import Ruleset
from engine.wire.rows import DUE_HEADER, decode_due
from engine.wire.sealing import cleared, key_in


class NothingKept(EngineError):
    """There is no row of the subject."""


class Kept(NamedTuple):
    """A row of `state` with its due instant."""

    row: Any
    due_ms: int | None


def state(
    subject: Annotated[str, typer.Argument(help="Such as member:HH-7, or external:<hash>.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    as_rows: Annotated[bool, typer.Option("--rows", help="Print the rows themselves, of a member too.")] = False,
    in_clear: Annotated[bool, typer.Option("--unseal", help="Show personal values in clear.")] = False,
) -> None:
    """Show what is kept of a subject as of now: a member as people read one, anything else row by row."""
    name = _subject(subject)
    settings = deployment()
    rows, clock_ms, ruleset = asyncio.run(_read(settings, name, in_clear))
    if not rows:
        raise NothingKept(f"nothing is kept of {name}")
    member = None if as_rows or ruleset is None else _member(name, rows, clock_ms, ruleset)
    if member is not None and ruleset is not None:
        if as_json:
            screen.say_json(member_view.as_json(member))
        else:
            member_view.show(member, ruleset)
    elif as_json:
        screen.say_json([_json(key, kept) for key, kept in rows.items()])
    else:
        for key, kept in rows.items():
            due = "" if kept.due_ms is None else f"  (due {instants.render(kept.due_ms)})"
            screen.say(f"{key}{due}\n  {orjson.dumps(kept.row).decode()}")


def _member(subject: str, rows: Mapping[str, Kept], clock_ms: int | None, ruleset: Ruleset) -> MemberView | None:
    """The member as of now: by the programme's clock, which follows its events or the wall."""
    if keys.kind_of(subject) != "member":
        return None
    at_ms = clock_ms or 0
    if ruleset.programme.time.clock == "wall":
        at_ms = max(at_ms, time.time_ns() // 1_000_000)
    plain = {key: kept.row for key, kept in rows.items()}
    return member_view.view(plain, keys.name_of(subject), ruleset, at_ms)


def _subject(text: str) -> str:
    kind, colon, name = text.partition(":")
    if not colon or not kind or not name:
        raise UsageError(f"{text!r} is no subject: say its kind as well, such as member:{name or text}")
    return text if "%" in name else keys.subject(kind, name)


async def _read(settings: Settings, subject: str, in_clear: bool) -> tuple[dict[str, Kept], int | None, Ruleset | None]:
    """The subject's rows by key, the clock of its partition, and the published ruleset."""
    starts, ends = await beginning_offsets(settings, "state"), await end_offsets(settings, "state")
    partition = partition_of(subject, len(ends))
    rows: dict[str, Kept] = {}
    position: dict[str, Any] = {}
    if starts[partition] < ends[partition]:
        async for batch in read(settings, "state", partition, starts[partition], ends[partition]):
            for record in batch.records:
                key = (record.key or b"").decode()
                if key == POSITION_KEY and record.value is not None:
                    position = orjson.loads(record.value)
                elif key == subject or key.startswith(subject + "/"):
                    _take(rows, key, record)
    if in_clear:
        rows = await _unsealed(settings, subject, rows)
    return dict(sorted(rows.items())), position.get("clock"), await published(settings)


def _take(rows: dict[str, Kept], key: str, record: Fetched) -> None:
    if record.value is None:
        rows.pop(key, None)
        return
    due = dict(record.headers).get(DUE_HEADER)
    rows[key] = Kept(orjson.loads(record.value), None if due is None else decode_due(due))


async def _unsealed(settings: Settings, subject: str, rows: Mapping[str, Kept]) -> dict[str, Kept]:
    """The rows with personal values in clear, as far as their keys are still there."""
    sealing = await sealing_keys(settings, {subject})
    return {key: kept._replace(row=cleared(kept.row, sealing)) for key, kept in rows.items()}


async def sealing_keys(settings: Settings, subjects: Container[str]) -> dict[str, bytes]:
    """The keys that are still there of what was sealed for some subjects, by their ids."""
    sealing: dict[str, bytes] = {}
    for name, value in (await read_table(settings, "keys")).items():
        owner, _, key_id = name.decode().rpartition("/")
        if owner in subjects:
            sealing[key_id] = key_in(value)
    return sealing


def _json(key: str, kept: Kept) -> Mapping[str, Any]:
    due = None if kept.due_ms is None else instants.render(kept.due_ms)
    return {"key": key, "row": kept.row, "due": due}

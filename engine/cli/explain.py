"""`guerdon explain`: the whole chain for one event or outcome, from the record that was received to what became of it since."""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from engine.broker.reading import Fetched, record_at
from engine.broker.settings import Settings
from engine.cli import explain_view, screen
from engine.cli.deployment import deployment
from engine.cli.state import sealing_keys
from engine.core.instants import render
from engine.core.records import Event, Origin
from engine.errors import EngineError, ExtraMissing, UsageError
from engine.history.opening import open_history
from engine.replay.explaining import model
from engine.replay.explaining.chain import Keys, Receive, explain
from engine.replay.explaining.masking import HIDDEN, masked

_HEADER = "ce_"


def explain_id(
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="The id of an event or of an outcome, or PARTITION:OFFSET of a record of the journal."
        ),
    ],
    archive: Annotated[Path | None, typer.Option(help="Read an archive instead of the broker.")] = None,
    source: Annotated[str | None, typer.Option(help="The event's source, where several sent the same id.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all of it as one HTML file.")] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Show also campaigns that could not hold, and all rows.")
    ] = False,
    in_clear: Annotated[bool, typer.Option("--unseal", help="Show personal values in clear.")] = False,
) -> None:
    """Explain an event or an outcome: what came, what stood, each campaign with the values seen, what was given, what became of it.

    The records are decided again, as they were, with every condition watched; nothing is written.
    """
    if as_json and html is not None:
        raise UsageError("say either --json or --html")
    settings = deployment()
    history = open_history(archive, settings)
    receive: Receive | None = None if archive is not None else _receiver(settings, in_clear=in_clear)
    with screen.progress("reading", None, "records") as shown:
        found = explain(
            history,
            wanted,
            source,
            receive=receive,
            sealing_keys=_keys(settings) if in_clear else None,
            reached=shown.reached,
        )
    if html is not None:
        _write(html, found)
    elif as_json:
        screen.say_json(found.model_dump(mode="json"))
    else:
        explain_view.show(found, show_all=show_all)


def _write(path: Path, found: model.Explanation) -> None:
    try:
        from engine.replay.explaining.page import page  # noqa: PLC0415 - jinja2 is an extra
    except ModuleNotFoundError as missing:
        raise ExtraMissing("a page needs", missing.name, "analysis") from missing
    begun = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        begun.write_text(page(found), encoding="utf-8")
        begun.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    for sentence in found.summary:
        screen.say(sentence)
    screen.say(f"\nwritten to {path}")


def _keys(settings: Settings) -> Keys:
    def read(subjects: Sequence[str]) -> Mapping[str, bytes]:
        return asyncio.run(sealing_keys(settings, set(subjects)))

    return read


def _receiver(settings: Settings, *, in_clear: bool) -> Receive:
    """Reads the public record that an input was made of, as far as it is kept; personal values only `in_clear`."""

    def receive(origin: Origin, event: Event) -> model.Received:
        place = {"topic": origin.topic, "partition": origin.partition, "offset": origin.offset}
        try:
            record = asyncio.run(record_at(settings, origin.topic, origin.partition, origin.offset))
        except EngineError as error:
            return model.Received(**place, kept=False, note=f"it cannot be read: {error}")
        if record is None:
            return model.Received(**place, kept=False, note="it is not kept any more; what follows is the journal's")
        value = _json(record.value)
        if _id_of(record, value) != event.event_id:
            return model.Received(**place, kept=False, note="another record lies there now: the topic was made anew")
        return model.Received(
            **place,
            kept=True,
            note="" if in_clear else "personal and keyed values are hidden: --unseal shows them",
            key=_key(record, event, in_clear=in_clear),
            appended_at=render(record.timestamp),
            headers=dict(_headers(record, in_clear=in_clear)),
            value=value if in_clear else masked(value, event.data),
        )

    return receive


def _json(value: bytes | None) -> Any:  # noqa: ANN401 - any JSON
    try:
        return orjson.loads(value or b"null")
    except orjson.JSONDecodeError:
        return (value or b"").decode(errors="replace")


def _id_of(record: Fetched, value: Any) -> str:  # noqa: ANN401 - any JSON
    for name, text in record.headers:
        if name == "ce_id":
            return text.decode(errors="replace")
    return str(value.get("id", "")) if isinstance(value, dict) else ""


def _key(record: Fetched, event: Event, *, in_clear: bool) -> str | None:
    """A sender may key by anything, a telephone number too."""
    if record.key is None:
        return None
    key = record.key.decode(errors="replace")
    return key if in_clear or key in {str(value) for value in event.data.values()} else HIDDEN


def _headers(record: Fetched, *, in_clear: bool) -> Iterator[tuple[str, str]]:
    for name, value in record.headers:
        known = name.startswith(_HEADER) and name != "ce_subject"
        yield name, value.decode(errors="replace") if in_clear or known else HIDDEN

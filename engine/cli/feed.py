"""`guerdon feed`: lines of files, or a public year of baskets, to the input topics."""

import asyncio
import difflib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from engine.broker.settings import Settings
from engine.cli import baskets, screen
from engine.cli.advancing import advance, demand_events_clock
from engine.cli.deployment import deployment
from engine.cli.sending import Sent, send
from engine.core import instants
from engine.errors import EngineError, UsageError
from engine.replay import lines
from engine.replay.lines import Line
from schemas.registry import INPUTS

BASKETS = "completejourney"
STDIN = "-"


class Clock(Enum):
    """Whose time the programme goes by."""

    EVENTS = "events"


class Source(NamedTuple):
    """Lines that can be read more than once, and how many there are."""

    lines: Iterable[Line]
    total: int


def feed(
    sources: Annotated[
        list[str], typer.Argument(metavar="FILE...|completejourney", help="Files of lines, `-`, or the public baskets.")
    ],
    rate: Annotated[int | None, typer.Option(min=1, help="At most so many lines a second.")] = None,
    clock: Annotated[
        Clock | None, typer.Option(help="`events`: afterwards set the programme's clock to the last event's time.")
    ] = None,
    households: Annotated[
        int | None, typer.Option(min=1, help=f"completejourney: how many (default {baskets.HOUSEHOLDS}).")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="completejourney: all 2,469 households.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the lines to a file instead of sending them.")] = None,
) -> None:
    """Publish events to the input topics, one JSON object `{"topic", "key", "value"}` a line.

    Nothing is sent where any line of the files cannot be read. `value` may be an object, or a text that is sent as it
    stands; `value_base64` stands for any bytes.
    """
    with _source(sources, households, everything) as source:
        if out is not None:
            _write(source, out)
        else:
            _publish(deployment(), source, rate, clock)


def _publish(settings: Settings, source: Source, rate: int | None, clock: Clock | None) -> None:
    _demand_inputs(settings, source.lines)
    if clock is not None:
        asyncio.run(demand_events_clock(settings))
    sent = _send(settings, source, rate)
    screen.say(f"sent {sent.lines:,} lines in {sent.seconds:.1f} s ({screen.per_second(*sent)}/s)")
    if clock is not None:
        last = _last_time(source.lines)
        asyncio.run(advance(settings, last))
        screen.say(f"the programme's clock goes to {instants.render(last)}")


class _Again:
    """Lines that are made anew whenever they are read."""

    def __init__(self, make: Callable[[], Iterator[Line]]) -> None:
        self._make = make

    def __iter__(self) -> Iterator[Line]:
        return self._make()


@contextmanager
def _source(names: Sequence[str], households: int | None, everything: bool) -> Iterator[Source]:
    """The lines that the arguments name, read and found good once."""
    if BASKETS not in names:
        if households is not None or everything:
            raise UsageError(f"--households and --all belong to `guerdon feed {BASKETS}`")
        with _spooled(names) as paths:
            source = _Again(lambda: (line for path in paths for line in lines.read(path)))
            yield Source(source, sum(1 for _ in source))
        return
    if len(names) > 1:
        raise UsageError(f"`{BASKETS}` stands alone (a file of that name is ./{BASKETS})")
    if everything and households is not None:
        raise UsageError("--households and --all exclude each other")
    chosen = baskets.load(None if everything else households or baskets.HOUSEHOLDS)
    yield Source(_Again(lambda: baskets.lines(chosen)), chosen.events)


@contextmanager
def _spooled(names: Sequence[str]) -> Iterator[list[Path]]:
    """The files; the standard input as a file of its own, since all lines are read before the first is sent."""
    with tempfile.TemporaryDirectory(prefix="guerdon-feed-") as folder:
        paths = [Path(name) for name in names]
        if STDIN in names:
            spool = Path(folder) / "stdin"
            with spool.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
            paths = [spool if name == STDIN else Path(name) for name in names]
        yield paths


def _demand_inputs(settings: Settings, source: Iterable[Line]) -> None:
    """Raises UsageError where a line is for a topic that is no input: the others are written by the worker alone."""
    inputs = sorted({spec.topic for spec in INPUTS.values()})
    for line in source:
        topic = settings.short(line.topic)
        if topic not in inputs:
            close = difflib.get_close_matches(topic, inputs, n=1)
            meant = f"; did you mean {close[0]}?" if close else ""
            raise UsageError(f"{topic} is no input topic{meant} (inputs: {', '.join(inputs)})")


def _send(settings: Settings, source: Source, rate: int | None) -> Sent:
    with screen.progress("sending", source.total, "lines") as shown:
        counted = _Counted(shown)
        try:
            return asyncio.run(send(settings, source.lines, counted, rate))
        except EngineError:
            screen.warn(f"{counted.done:,} of {source.total:,} lines were acknowledged before this failed:")
            raise


class _Counted:
    """Progress that can be asked how far it came."""

    def __init__(self, shown: screen.Shown) -> None:
        self._shown = shown
        self.done = 0

    def reached(self, done: int, total: int | None = None) -> None:
        """Passes it on."""
        self.done = done
        self._shown.reached(done, total)


def _write(source: Source, out: Path) -> None:
    try:
        with out.open("wb") as file:
            for line in source.lines:
                file.write(lines.encode(line) + b"\n")
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror or error}") from error
    screen.say(f"wrote {source.total:,} lines to {out}")


def _last_time(source: Iterable[Line]) -> int:
    """The greatest `time` of the events, in milliseconds."""
    times = [time for line in source if (time := lines.event_time_ms(line)) is not None]
    if not times:
        raise UsageError("no line has a time to set the clock to; all lines were sent")
    return max(times)

"""What commands print: text and tables for people, JSON for programs, and progress for whoever waits."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import orjson
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

PLAIN_EVERY_S = 5.0  # how often a line of progress is printed where there is no terminal
UNLIMITED_WIDTH = 100_000  # where nobody looks, no cell is cut


class Shown(Protocol):
    """Progress as the one who works tells it."""

    def reached(self, done: int, total: int | None = None) -> None:
        """Says how much is done, and of how much where that is known by now."""


def console(*, error: bool = False) -> Console:
    """The terminal, or what stands in its place."""
    shown = Console(stderr=error, highlight=False, soft_wrap=True, emoji=False)  # `member:M:` is no emoji
    if not shown.is_terminal:
        shown.width = UNLIMITED_WIDTH
    return shown


def say(text: str, *, markup: bool = False) -> None:
    """Prints a line for people."""
    console().print(text, markup=markup)


def plain(text: str) -> str:
    """Text as it is, within a line that has markup."""
    return escape(text)


def warn(text: str) -> None:
    """Prints a line on stderr, where it does not mix with what a program reads."""
    console(error=True).print(text, markup=False)


def say_json(value: object) -> None:
    """Prints a value as indented JSON, keys in their order."""
    write_lines([orjson.dumps(value, option=orjson.OPT_INDENT_2)])


def write_lines(lines: Iterable[bytes]) -> None:
    """Writes lines of bytes to the standard output."""
    sys.stdout.flush()
    sys.stdout.buffer.writelines(line + b"\n" for line in lines)
    sys.stdout.buffer.flush()


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """Prints a table; columns whose name starts with `#` hold numbers and stand to the right."""
    headed = any(column.strip("#") for column in columns)
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, show_header=headed)
    for column in columns:
        table.add_column(
            column.removeprefix("#"), justify="right" if column.startswith("#") else "left", header_style="dim"
        )
    for row in rows:
        table.add_row(*(escape(cell(each)) for each in row))
    shown = console()
    shown.print(table, soft_wrap=not shown.is_terminal)


def show_record(cells: Sequence[str]) -> None:
    """Prints a record on one line, cut to the terminal's width where there is one."""
    shown = console()
    text = "  ".join(cells)
    shown.print(text if not shown.is_terminal else text[: shown.width], markup=False)


@contextmanager
def progress(doing: str, total: int | None, unit: str) -> Iterator[Shown]:
    """Shows how far something has come while the block runs: a bar on a terminal, else a line every few seconds."""
    shown = console(error=True)
    if not shown.is_terminal:
        lines = _Lines(doing, total, unit)
        yield lines
        lines.last()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn(f"{unit}  " + "{task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=shown, refresh_per_second=5) as bar:
        yield _Bar(bar, bar.add_task(doing, total=total, rate=""), total)


class _Bar:
    """Progress on a terminal."""

    def __init__(self, bar: Progress, task: TaskID, total: int | None) -> None:
        self._bar, self._task, self._total = bar, task, total
        self._began = time.monotonic()

    def reached(self, done: int, total: int | None = None) -> None:
        self._total = total if total is not None else self._total
        rate = f"{per_second(done, time.monotonic() - self._began)}/s"
        self._bar.update(self._task, completed=done, total=self._total, rate=rate)


class _Lines:
    """Progress as lines."""

    def __init__(self, doing: str, total: int | None, unit: str) -> None:
        self._doing, self._total, self._unit = doing, total, unit
        self._began = self._printed = time.monotonic()
        self._done: int | None = None
        self._said: int | None = None

    def reached(self, done: int, total: int | None = None) -> None:
        self._done = done
        self._total = total if total is not None else self._total
        if time.monotonic() - self._printed >= PLAIN_EVERY_S:
            self._print()

    def last(self) -> None:
        if self._done is not None and self._done != self._said:
            self._print()

    def _print(self) -> None:
        self._printed, self._said = time.monotonic(), self._done
        of = "" if self._total is None else f" of {self._total:,}"
        rate = per_second(self._done or 0, self._printed - self._began)
        warn(f"{self._doing}: {self._done:,}{of} {self._unit}, {rate}/s")


def per_second(count: int, seconds: float) -> str:
    """A rate for people."""
    return f"{round(count / max(seconds, 0.001)):,}"


def cell(value: object) -> str:
    """A value as it stands in a table."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)

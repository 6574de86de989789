"""From a folder of YAML to a ruleset, or to all that is wrong with it, in one run."""

import gc
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UsageError
from engine.rulebook.book import Book
from engine.rulebook.diagnostics import Diagnostic, Place, Report
from engine.rulebook.emit import emit
from engine.rulebook.fitting import fitting
from engine.rulebook.language import fits
from engine.rulebook.lint import lint
from engine.rulebook.load import load
from engine.rulebook.names import names
from engine.rulebook.reachability import reachability
from engine.rulebook.shape import shape
from engine.rulebook.types import types
from engine.ruleset.model import Ruleset

Stage = Callable[[Book, Report], Book]

STAGES: tuple[Stage, ...] = (load, shape, names, types, fitting, reachability, lint, emit)
CAMPAIGNS = "campaigns/*.yaml"
SUFFIXES = (".yaml", ".yml", ".csv")  # other files in the folder are none of ours
EXAMPLES = "examples"  # programmes of their own, each in a folder below this one


@dataclass(frozen=True, slots=True)
class Compiled:
    """What came of it: `ruleset` is None where there is an error. `sources` are the texts by path within the folder."""

    ruleset: Ruleset | None
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, str]


def compile_folder(path: Path) -> Compiled:
    """Compiles the files of a folder. Raises UsageError where it cannot be read; what the files say is never an exception."""
    report = Report()
    return _compiled(read_folder(path, report), report)


def check_changed(path: Path, changed: Collection[str]) -> Compiled:
    """Checks some files of a folder, by their paths within it, against all others; the ruleset is not made.

    No campaign looks into another one, so where only campaigns changed, the others count by their names alone, which are those
    of their files. Where anything else changed, all is read.
    """
    report = Report()
    wanted = {each.removesuffix(".yaml").removesuffix(".test") for each in changed}
    others: set[str] = set()

    def left_out(within: str) -> bool:
        stem = within.removesuffix(".yaml").removesuffix(".test")
        if not fits(within, CAMPAIGNS) or stem in wanted:
            return False
        others.add(stem.rpartition("/")[2])
        return True

    alone = all(fits(each, CAMPAIGNS) for each in changed)
    sources = read_folder(path, report, left_out if alone else lambda _: False)
    found = _compiled(sources, report, frozenset(others))
    told = tuple(each for each in found.diagnostics if each.path in changed or each.severity == "error")
    return Compiled(None, told, found.sources)


def read_folder(path: Path, report: Report, leave_out: Callable[[str], bool] = lambda _: False) -> dict[str, str]:
    """The texts of a folder's files by their paths within it; those that are not UTF-8 are reported. Raises UsageError."""
    if not path.is_dir():
        raise UsageError(f"{path} is not a folder of rules")
    sources = {}
    try:
        found = sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES and each.is_file())
        for each in found:
            within = each.relative_to(path).as_posix()
            folders = within.split("/")
            hidden = folders[0] == EXAMPLES or any(part.startswith(".") for part in folders)
            if not hidden and not leave_out(within):
                sources[within] = _text(within, each.read_bytes(), report)
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem}") from problem
    return {within: text for within, text in sources.items() if text is not None}


def compile_sources(sources: Mapping[str, str]) -> Compiled:
    """Compiles texts by their paths within the folder of rules."""
    return _compiled(sources, Report())


def _compiled(sources: Mapping[str, str], report: Report, others: frozenset[str] = frozenset()) -> Compiled:
    book = Book(dict(sources), unread=others)
    with _collecting_nothing():
        for stage in STAGES:
            book = stage(book, report)
    return Compiled(book.ruleset, report.sorted(), book.sources)


@contextmanager
def _collecting_nothing() -> Iterator[None]:
    """Compiling makes millions of small values without a cycle; looking for some among them takes a fifth of its time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _text(path: str, data: bytes, report: Report) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        column = problem.start - (data.rfind(b"\n", 0, problem.start) + 1) + 1
        report.add("not-utf8", Place(path, line, column), "this is not UTF-8 text", "save the file as UTF-8")
        return None

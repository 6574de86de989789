"""From a folder of YAML to a ruleset, or to all that is wrong with it, in one run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UsageError
from engine.rulebook.book import Book
from engine.rulebook.diagnostics import Diagnostic, Place, Report
from engine.rulebook.emit import emit
from engine.rulebook.fitting import fitting
from engine.rulebook.lint import lint
from engine.rulebook.load import load
from engine.rulebook.names import names
from engine.rulebook.reachability import reachability
from engine.rulebook.shape import shape
from engine.rulebook.types import types
from engine.ruleset.model import Ruleset

Stage = Callable[[Book, Report], Book]

STAGES: tuple[Stage, ...] = (load, shape, names, types, fitting, reachability, lint, emit)
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
    if not path.is_dir():
        raise UsageError(f"{path} is not a folder of rules")
    report = Report()
    sources = {}
    try:
        found = sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES and each.is_file())
        for each in found:
            within = each.relative_to(path).as_posix()
            folders = within.split("/")
            if folders[0] != EXAMPLES and not any(part.startswith(".") for part in folders):
                sources[within] = _text(within, each.read_bytes(), report)
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem}") from problem
    return _compiled({within: text for within, text in sources.items() if text is not None}, report)


def compile_sources(sources: Mapping[str, str]) -> Compiled:
    """Compiles texts by their paths within the folder of rules."""
    return _compiled(sources, Report())


def _compiled(sources: Mapping[str, str], report: Report) -> Compiled:
    book = Book(dict(sources))
    for stage in STAGES:
        book = stage(book, report)
    return Compiled(book.ruleset, report.sorted(), book.sources)


def _text(path: str, data: bytes, report: Report) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        column = problem.start - (data.rfind(b"\n", 0, problem.start) + 1) + 1
        report.add("not-utf8", Place(path, line, column), "this is not UTF-8 text", "save the file as UTF-8")
        return None

"""What the compiler tells an author: every code, and the collector that the stages report to."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "info"]

SHOWN_TEXT = 60  # signs of an author's text that a message repeats
MOST_COMPARED = 500  # names that a wrong one is compared with in full; of more, only those that begin alike
MOST_IN_A_FILE = 100  # a file that is wrong throughout need not be told so a thousand times

# Adding a code is adding a line here and its section in docs/rules/diagnostics.md, whose example is its test.
CODES: Mapping[str, Severity] = {
    # load
    "not-utf8": "error",
    "too-large": "error",
    "yaml-syntax": "error",
    "too-deep": "error",
    "yaml-alias": "error",
    "yaml-tag": "error",
    "duplicate-key": "error",
    "empty-file": "error",
    "many-documents": "error",
    "unknown-file": "error",
    "programme-missing": "error",
    # shape
    "wrong-shape": "error",
    "unknown-key": "error",
    "missing-key": "error",
    "unknown-effect": "error",
    "unknown-test": "error",
    "keys-contradict": "error",
    "csv-row": "error",
    "decided-later": "info",
    # names
    "bad-name": "error",
    "reserved-name": "error",
    "name-differs": "error",
    "duplicate-name": "error",
    "unknown-name": "error",
    "unknown-field": "error",
    "field-not-here": "error",
    "personal-attribute": "error",
    "definition-cycle": "error",
    # types
    "field-type": "error",
    "test-type": "error",
    "unknown-choice": "error",
    "impossible-day": "error",
    "percentage-over-100": "error",
    "code-guessable": "error",
    "negative-points": "error",
    "negative-amount": "error",
    "not-positive": "error",
    "number-too-large": "error",
    # effects, limits and groups
    "window-not-here": "error",
    "limits-contradict": "error",
    "no-worth": "error",
    "group-needs-lines": "error",
    # reachability
    "never-runs": "error",
    "never-holds": "error",
    "ladder-not-ascending": "error",
    "ladder-accounts": "error",
    # lint
    "no-end": "warning",
    "no-effect": "warning",
    "unused-set": "warning",
    "unused-definition": "warning",
    "counter-forgets": "warning",
    "no-test": "warning",
    # matching
    "rete-left-to-plain": "info",
    # all stages
    "too-many": "info",
}


class Place(NamedTuple):
    """Where something stands: a path within the folder of rules, line and column from 1, length in signs."""

    path: str
    line: int = 1
    column: int = 1
    length: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One thing to tell the author. Sorted by place; `hint` says how to repair it, "" where that is plain."""

    path: str
    line: int
    column: int
    code: str
    severity: Severity
    length: int
    message: str
    hint: str = ""


class Report:
    """Collects diagnostics; each is kept once."""

    def __init__(self) -> None:
        self._found: dict[Diagnostic, None] = {}
        self._by_path: dict[str, int] = {}
        self._wrong: set[str] = set()
        self._told: set[tuple[str, str]] = set()

    def add(self, code: str, place: Place, message: str, hint: str | Callable[[], str] = "") -> None:
        """Notes one diagnostic; its severity is that of its code. A hint that is called is looked for only if needed."""
        severity = CODES[code]
        if severity == "error":
            self._wrong.add(place.path)
        count = self._by_path[place.path] = self._by_path.get(place.path, 0) + 1
        if count == MOST_IN_A_FILE:
            code, severity = "too-many", CODES["too-many"]
            message, hint = f"more than {MOST_IN_A_FILE - 1} things to say about this file; the rest is left out", ""
        if count <= MOST_IN_A_FILE:
            told = hint if isinstance(hint, str) else hint()
            self._found[Diagnostic(*place[:3], code, severity, place.length, message, told)] = None

    def once(self, code: str, place: Place, message: str) -> None:
        """Notes what need be said once a file only."""
        if (place.path, message) not in self._told:
            self._told.add((place.path, message))
            self.add(code, place, message)

    def has_errors(self, path: str | None = None) -> bool:
        """Whether there is an error, in this file or in any."""
        return bool(self._wrong) if path is None else path in self._wrong

    def sorted(self) -> tuple[Diagnostic, ...]:
        """All diagnostics by path, line, column and code."""
        return tuple(sorted(self._found))


def shown(text: str) -> str:
    """An author's text in quotes as a message repeats it: printable, and cut when long."""
    cut = text if len(text) <= SHOWN_TEXT else text[: SHOWN_TEXT - 1] + "…"
    return '"' + "".join(sign if sign.isprintable() else " " for sign in cut) + '"'


def nearest(text: str, known: Iterable[str]) -> str:
    """A hint naming what was probably meant, else what there is when that is little, else ""."""
    names = sorted(set(known))
    if len(names) > MOST_COMPARED:
        names = [name for name in names if name[:1] == text[:1] and abs(len(name) - len(text)) <= 1][:MOST_COMPARED]
    close = get_close_matches(text[:SHOWN_TEXT], names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    few = 8
    return f"one of: {', '.join(names)}" if 0 < len(names) <= few else ""

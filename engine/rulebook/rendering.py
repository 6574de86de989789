"""Diagnostics as text with a caret under the place, and as plain values."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from engine.rulebook.diagnostics import Diagnostic

_BREAK = re.compile("\r\n|\r|\n")  # the line breaks of YAML 1.2
_WIDEST = 160  # signs of a line that are shown


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str], folder: str = "") -> str:
    """One block for each diagnostic, as a terminal shows it; `folder` stands before the paths. Ends with a line break."""
    lines: dict[str, list[str]] = {}
    blocks = []
    for diagnostic in diagnostics:
        path = diagnostic.path
        if path not in lines:
            lines[path] = _BREAK.split(sources.get(path, ""))
        blocks.append(_block(diagnostic, lines[path], folder))
    return "".join(blocks)


def as_values(diagnostics: Iterable[Diagnostic]) -> list[dict[str, str | int]]:
    """Diagnostics as JSON objects, for scripts and editors."""
    return [asdict(diagnostic) for diagnostic in diagnostics]


def _block(diagnostic: Diagnostic, lines: list[str], folder: str) -> str:
    path = f"{folder.rstrip('/')}/{diagnostic.path}" if folder else diagnostic.path
    place = f"{path}:{diagnostic.line}:{diagnostic.column}"
    head = f"{place}: {diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}\n"
    hint = f" {diagnostic.hint}" if diagnostic.hint else ""
    if not (diagnostic.line <= len(lines) and lines[diagnostic.line - 1]):
        return head + (f"      = {diagnostic.hint}\n" if hint else "")
    text = "".join(sign if sign.isprintable() else " " for sign in lines[diagnostic.line - 1])
    before = min(diagnostic.column - 1, len(text))
    if len(text) > _WIDEST:
        start = max(0, before - _WIDEST // 2)
        text, before = text[start : start + _WIDEST], before - start
    carets = "^" * max(1, min(diagnostic.length, len(text) - before))
    return f"{head}{diagnostic.line:>5} | {text}\n      | {' ' * before}{carets}{hint}\n"

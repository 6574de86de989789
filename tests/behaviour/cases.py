"""Reads the cases of this folder: one YAML file for each numbered line of the specification of behaviour, programmes shared by name.

Every value is kept as it is written; whoever needs an amount, an instant or a number makes it of the text.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from engine.match.plain import PlainMatcher
from engine.rulebook.compiler import compile_sources
from engine.rulebook.diagnostics import Report
from engine.rulebook.nodes import Map, Node, Scalar
from engine.rulebook.yaml_text import read_yaml
from engine.ruleset.matching import Rules

HERE = Path(__file__).parent
NAMED = {"campaigns": "campaign", "tiers": "tiers", "achievements": "achievement", "vouchers": "voucher"}
_UNQUOTED = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ ./%+*-]*(:[0-9]+)*")

Written = Any  # texts, lists and maps, as they stand in a file
Folder = Mapping[str, Written]  # a folder of rules: what stands in each file


@dataclass(frozen=True, slots=True)
class Case:
    """A case of one numbered line: a folder of rules, and steps with what each must cause."""

    line: str
    name: str
    folder: Folder
    members: tuple[str, ...]
    start: str
    steps: tuple[Mapping[str, Written], ...]
    ignore: frozenset[str]
    diagnostic: str  # what the compiler says of the folder, where that is what the case is about

    @property
    def id(self) -> str:
        """The name that the test goes by."""
        return f"{self.line} {self.name}"


@dataclass(frozen=True, slots=True)
class NumberedLine:
    """A numbered line of the specification, and its cases."""

    number: str
    says: str
    cases: tuple[Case, ...]


def numbered_lines() -> tuple[NumberedLine, ...]:
    """All files, by their names."""
    return tuple(map(_numbered_line, sorted(HERE.glob("B-*.yaml"))))


def cases() -> Iterator[Case]:
    """All cases of all files."""
    for line in numbered_lines():
        yield from line.cases


def changed(folder: Folder, changes: Mapping[str, Written]) -> Folder:
    """A folder with campaigns, tiers and files added, changed or (where nothing stands) taken out; the programme key by key."""
    files = dict(folder)
    programme = {**files.get("programme.yaml", {}), **changes.get("programme", {})}
    files["programme.yaml"] = {key: value for key, value in programme.items() if value != ""}
    for kind, declares in NAMED.items():
        for name, body in changes.get(kind, {}).items():
            files[f"{kind}/{name}.yaml"] = body and {declares: name, **_usual(kind), **body}
    if "messages" in changes:
        files["messages.yaml"] = {"messages": changes["messages"]}
    files.update(changes.get("files", {}))
    return {path: content for path, content in files.items() if content != ""}


@cache
def _compiled(sources: tuple[tuple[str, str], ...]) -> Rules:
    made = compile_sources(dict(sources))
    wrong = "\n".join(
        f"{each.path}:{each.line}: {each.message}" for each in made.diagnostics if each.severity == "error"
    )
    assert made.ruleset is not None, wrong
    return Rules(made.ruleset, PlainMatcher(made.ruleset))


def compiled(folder: Folder) -> Rules:
    """The folder's ruleset, as the compiler makes it of the files."""
    return _compiled(tuple(_sources(folder).items()))


def diagnostics(folder: Folder) -> set[str]:
    """The codes of all that the compiler says of the folder."""
    return {each.code for each in compile_sources(_sources(folder)).diagnostics}


def _sources(folder: Folder) -> dict[str, str]:
    return {path: _text(content) for path, content in sorted(folder.items())}


def _numbered_line(path: Path) -> NumberedLine:
    read = _read(path)
    number = re.sub(r"-0", "-", path.stem)
    return NumberedLine(number, read["says"], tuple(_case(number, {**read, **each}) for each in read["cases"]))


def _case(number: str, given: Mapping[str, Written]) -> Case:
    return Case(
        number,
        given["name"],
        changed(changed(_programme(given.get("rules", "shop")), given.get("all", {})), given.get("with", {})),
        tuple(given.get("members", ["ann"])),
        given.get("start", "2026-11-03T09:00"),
        tuple(given.get("steps", ())),
        frozenset(given.get("ignore", ())),
        given.get("diagnostic", ""),
    )


@cache
def _programme(name: str) -> Folder:
    root = HERE / "programmes" / name
    return {path.relative_to(root).as_posix(): _read(path) for path in sorted(root.rglob("*.yaml"))}


def _read(path: Path) -> Written:
    report = Report()
    node = read_yaml(path.name, path.read_text(), report)
    assert node is not None, [str(each) for each in report.sorted()]
    return _written(node)


def _written(node: Node) -> Written:
    match node:
        case Scalar(text):
            return text
        case Map(entries):
            return {key.text: _written(value) for key, value in entries}
        case _:
            return [_written(item) for item in node.items]


def _text(content: Written) -> str:
    """A file's text: its content as one flow of YAML."""
    match content:
        case Mapping():
            return "{" + ", ".join(f"{key}: {_text(value)}" for key, value in content.items()) + "}"
        case list():
            return "[" + ", ".join(map(_text, content)) + "]"
        case _ if "\n" in content or _UNQUOTED.fullmatch(content):
            return str(content)
        case _:
            return json.dumps(content)


def _usual(kind: str) -> dict[str, Written]:
    return {"on": "transaction.completed"} if kind == "campaigns" else {}

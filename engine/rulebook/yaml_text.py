"""Reads YAML 1.2 text into nodes with places, by the parser's events; no value is ever resolved to a type.

Whatever the text is, this ends with a node, or with None and a diagnostic.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StreamMark
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.parser import Parser
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scanner import Scanner

from engine.rulebook.diagnostics import Place, Report, shown
from engine.rulebook.nodes import Map, Node, Scalar, Sequence
from engine.rulebook.yaml_common import read_common

LARGEST = 256 * 1024  # signs of a file; more is not reviewed by anybody
DEEPEST = 32  # maps and lists within each other; the language needs a third of it


_SURROGATE = re.compile("[\ud800-\udfff]")


class _Broken(Exception):
    """The document cannot be read further; said already."""


def read_yaml(path: str, text: str, report: Report) -> Node | None:
    """The one document of a text, or None where a diagnostic says why there is none."""
    if len(text) > LARGEST:
        report.add("too-large", Place(path), f"the file has more than {LARGEST} signs", "divide it")
        return None
    if not encodable(path, text, report):
        return None
    common = read_common(path, text)
    return read_fully(path, text, report) if common is None else common


def read_fully(path: str, text: str, report: Report) -> Node | None:
    """The same by the full parser, which reads all of YAML 1.2 and says what is wrong."""
    last = Place(path)
    try:
        return _Reading(path, text, report).document()
    except _Broken:
        return None
    except ReaderError as problem:
        place = _at_index(path, text, int(problem.position))
        report.add("yaml-syntax", place, f"the sign U+{int(problem.character):04X} may not stand in YAML")
    except MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        message = " ".join(str(problem.problem or problem.context or "this is not YAML").split())
        report.add("yaml-syntax", _at_mark(path, mark) if mark else last, message)
    except Exception as problem:  # noqa: BLE001 - the parser is not ours: whatever it raises is about the text
        report.add("yaml-syntax", last, f"this is not YAML ({type(problem).__name__})")
    return None


def encodable(path: str, text: str, report: Report) -> bool:
    """Whether a text can be written as UTF-8; half of a surrogate pair, which a caller may hand over, is said."""
    surrogate = _SURROGATE.search(text)
    if surrogate is not None:
        report.add("yaml-syntax", _at_index(path, text, surrogate.start()), "half of a surrogate pair is no sign")
    return surrogate is None


class _Scanner(Scanner):
    """The parser's scanner; looks its reader up once, and not a thousand times a file."""

    @cached_property
    def reader(self) -> Any:  # noqa: ANN401 - the parser's types say no more
        """The reader of this text."""
        return Scanner.reader.__get__(self)


class _Parser(Parser):
    """The parser; looks its scanner up once."""

    @cached_property
    def scanner(self) -> Any:  # noqa: ANN401 - the parser's types say no more
        """The scanner of this text."""
        return Parser.scanner.__get__(self)


class _Reading:
    """One pass over the events of a text."""

    def __init__(self, path: str, text: str, report: Report) -> None:
        self._path = path
        self._report = report
        yaml = YAML(typ="safe", pure=True)
        yaml.Parser, yaml.Scanner = _Parser, _Scanner
        self._events: Iterator[Event] = iter(yaml.parse(text))
        self._lines = text.split("\n")

    def document(self) -> Node | None:
        """The first document; a second one is a diagnostic."""
        node: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    place = _at_mark(self._path, event.start_mark, 3)
                    self._report.add("many-documents", place, "a second document begins here", "one document a file")
                    break
            elif isinstance(event, NodeEvent):
                node = self._node(event, 1)
        if node is None or (isinstance(node, Scalar) and not node.text and not node.quoted):
            self._report.add("empty-file", Place(self._path), "the file says nothing", "write it or remove it")
            return None
        return node

    def _node(self, event: Event, depth: int) -> Node:
        place = self._place(event)
        if depth > DEEPEST:
            self._report.add("too-deep", place, f"more than {DEEPEST} maps and lists within each other")
            raise _Broken
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            self._report.add("yaml-alias", place, "anchors and aliases are not part of the language", "write it out")
            if isinstance(event, AliasEvent):
                raise _Broken
        if isinstance(event, ScalarEvent | CollectionStartEvent) and event.tag and event.tag != "!":
            self._report.add("yaml-tag", place, "tags are not part of the language", "leave it out")
        if isinstance(event, ScalarEvent):
            return self._scalar(event, place)
        if isinstance(event, SequenceStartEvent):
            return Sequence(tuple(self._items(depth)), place)
        return self._map(place, depth)

    def _scalar(self, event: ScalarEvent, place: Place) -> Scalar:
        text = str(event.value)
        if any("\ud800" <= sign <= "\udfff" for sign in text):
            self._report.add("yaml-syntax", place, "half of a surrogate pair is no sign")
            raise _Broken
        return Scalar(text, event.style is not None, place)

    def _items(self, depth: int) -> Iterator[Node]:
        for event in self._events:
            if isinstance(event, CollectionEndEvent):
                return
            yield self._node(event, depth + 1)

    def _map(self, place: Place, depth: int) -> Map:
        entries: dict[str, tuple[Scalar, Node]] = {}
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar):
                self._report.add("wrong-shape", key.place, "a key must be a single text")
                raise _Broken
            value = self._node(next(self._events), depth + 1)
            if key.text in entries:
                first = entries[key.text][0].place.line
                hint = f"line {first} has it already"
                self._report.add("duplicate-key", key.place, f"{shown(key.text)} stands twice in this map", hint)
            else:
                entries[key.text] = (key, value)
        return Map(tuple(entries.values()), place)

    def _place(self, event: Event) -> Place:
        start, end = event.start_mark, event.end_mark
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            return _at_mark(self._path, start)
        if end.line == start.line:
            return _at_mark(self._path, start, end.column - start.column)
        line = self._lines[start.line] if start.line < len(self._lines) else ""
        return _at_mark(self._path, start, len(line.rstrip()) - start.column)


def _at_mark(path: str, mark: StreamMark, length: int = 1) -> Place:
    return Place(path, mark.line + 1, mark.column + 1, max(1, length))


def _at_index(path: str, text: str, index: int) -> Place:
    before = text[:index]
    return Place(path, before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)

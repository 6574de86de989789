"""A fast reader of the YAML that rules are usually written in: block and flow maps and lists of texts on one line.

It answers only where it is certain, with the very nodes that the full parser of `yaml_text` gives, which reads whatever this
one passes on. Most of the time of compiling a large folder would be the full parser's.
"""

import re
from typing import NamedTuple, NoReturn

from engine.rulebook.diagnostics import Place
from engine.rulebook.nodes import Map, Node, Scalar, Sequence

_DEEPEST = 12  # flow maps and lists within each other; deeper ones are the full parser's
_USUAL = re.compile(r"[\n\x20-\x7e]*")
_NOTHING = re.compile(r" *(#.*)?$")
_KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*):(?: +|$)")
_PLAIN = re.compile(r"[A-Za-z0-9](?:[^:#]|:(?=[A-Za-z0-9])|(?<=[^ ])#)*")
_FLOW_PLAIN = re.compile(r"[A-Za-z0-9](?:[^:#,\[\]{}]|:(?=[A-Za-z0-9])|(?<=[^ ])#)*")
_FLOW_KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*): +")
_QUOTED = re.compile(r"'[^'\\]*'|\"[^\"\\]*\"")
_BREAK = re.compile(r" *")


class _Unusual(Exception):
    """Not for this reader."""


class _Line(NamedTuple):
    number: int
    indent: int
    text: str


def read_common(path: str, text: str) -> Node | None:
    """The node of a text, None where the full parser should read it."""
    if _USUAL.fullmatch(text) is None:
        return None
    lines = [
        _Line(number, len(line) - len(line.lstrip(" ")), line)
        for number, line in enumerate(text.split("\n"), 1)
        if _NOTHING.match(line) is None
    ]
    try:
        reader = _Reader(path, lines)
        node = reader.block(0)
        return node if reader.done and lines[0].indent == 0 else None
    except (_Unusual, IndexError):
        return None


def _unusual() -> NoReturn:
    raise _Unusual


class _Reader:
    """One pass over the lines."""

    def __init__(self, path: str, lines: list[_Line]) -> None:
        self._path = path
        self._lines = lines
        self._at = 0

    @property
    def done(self) -> bool:
        """Whether all lines are read."""
        return self._at == len(self._lines)

    def block(self, least: int) -> Node:
        """The map or list that begins at this line, indented by at least so much."""
        line = self._lines[self._at]
        if line.indent < least:
            _unusual()
        if line.text.startswith("- ", line.indent):
            return self._items(line.indent)
        return self._entries(line.indent, line.indent)

    def _entries(self, indent: int, begins: int) -> Map:
        """A map whose keys stand at `indent`; the first may stand behind the dash of a list, on a line that begins earlier."""
        entries: dict[str, tuple[Scalar, Node]] = {}
        first = self._place(self._lines[self._at], indent, 1)
        while not self.done:
            line = self._lines[self._at]
            if line.indent < indent and (entries or line.indent != begins):
                break
            if line.indent > indent or (line.indent == indent and line.text.startswith("- ", indent)):
                _unusual()
            key = _KEY.match(line.text, indent)
            if key is None or key[1] in entries:
                _unusual()
            name = Scalar(key[1], quoted=False, place=self._place(line, indent, len(key[1])))
            entries[key[1]] = (name, self._value(line, key.end(), indent))
        return Map(tuple(entries.values()), first)

    def _items(self, indent: int) -> Sequence:
        items: list[Node] = []
        first = self._place(self._lines[self._at], indent, 1)
        while not self.done:
            line = self._lines[self._at]
            if line.indent != indent or not line.text.startswith("- ", indent):
                if line.indent > indent:
                    _unusual()
                break
            begin = _after_spaces(line.text, indent + 1)
            if _KEY.match(line.text, begin) is not None:
                items.append(self._entries(begin, indent))
            else:
                items.append(self._value(line, begin, indent))
        return Sequence(tuple(items), first)

    def _value(self, line: _Line, begin: int, indent: int) -> Node:
        """What stands behind a key or a dash; where nothing does, the block below."""
        self._at += 1
        if _NOTHING.match(line.text, begin) is not None:
            if line.text.startswith("- ", indent) or self.done:
                _unusual()
            below = self._lines[self._at]
            listed = below.text.startswith("- ", below.indent)
            return self.block(indent if listed else indent + 1)
        if line.text[begin] in "{[":
            node, end = self._flow(line, begin, 0)
        else:
            node, end = self._scalar(line, begin, _PLAIN)
        if _NOTHING.match(line.text, end) is None or (line.text[end : end + 1] == "#"):
            _unusual()
        if not self.done and self._lines[self._at].indent > indent:
            _unusual()  # a text over several lines
        return node

    def _flow(self, line: _Line, begin: int, depth: int) -> tuple[Node, int]:
        text = line.text
        if depth > _DEEPEST:
            _unusual()
        if text[begin] == "{":
            return self._flow_map(line, begin, depth)
        if text[begin] == "[":
            return self._flow_list(line, begin, depth)
        return self._scalar(line, begin, _FLOW_PLAIN)

    def _flow_map(self, line: _Line, begin: int, depth: int) -> tuple[Node, int]:
        entries: dict[str, tuple[Scalar, Node]] = {}
        at = begin
        while True:
            at = _after_spaces(line.text, at + 1)
            if line.text[at] == "}" and not entries:
                break
            key = _FLOW_KEY.match(line.text, at)
            if key is None or key[1] in entries:
                _unusual()
            name = Scalar(key[1], quoted=False, place=self._place(line, at, len(key[1])))
            value, at = self._flow(line, key.end(), depth + 1)
            entries[key[1]] = (name, value)
            at = _after_spaces(line.text, at)
            if line.text[at] == "}":
                break
            if line.text[at] != ",":
                _unusual()
        return Map(tuple(entries.values()), self._place(line, begin, 1)), at + 1

    def _flow_list(self, line: _Line, begin: int, depth: int) -> tuple[Node, int]:
        items: list[Node] = []
        at = begin
        while True:
            at = _after_spaces(line.text, at + 1)
            if line.text[at] == "]" and not items:
                break
            if _FLOW_KEY.match(line.text, at) is not None:
                _unusual()  # a map of one entry without braces
            value, at = self._flow(line, at, depth + 1)
            items.append(value)
            at = _after_spaces(line.text, at)
            if line.text[at] == "]":
                break
            if line.text[at] != ",":
                _unusual()
        return Sequence(tuple(items), self._place(line, begin, 1)), at + 1

    def _scalar(self, line: _Line, begin: int, plain: re.Pattern[str]) -> tuple[Node, int]:
        quoted = _QUOTED.match(line.text, begin)
        if quoted is not None:
            return Scalar(quoted[0][1:-1], quoted=True, place=self._place(line, begin, len(quoted[0]))), quoted.end()
        found = plain.match(line.text, begin)
        if found is None:
            _unusual()
        written = found[0].rstrip(" ")
        return Scalar(written, quoted=False, place=self._place(line, begin, len(written))), begin + len(written)

    def _place(self, line: _Line, column: int, length: int) -> Place:
        return Place(self._path, line.number, column + 1, length)


def _after_spaces(text: str, at: int) -> int:
    found = _BREAK.match(text, at)
    return found.end() if found else at

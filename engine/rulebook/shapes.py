"""The forms that the language's tables describe files with, and the parts of a document that were found to have them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from engine.rulebook.nodes import Node, Scalar

ConditionScope = Literal["audience", "when", "line", "message", "define", "counter", "voucher"]


CRITERION = "account or counter"  # what reaches a tier


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value, read as `type` (a key of `scalars.READERS`).

    `declares` names what kind of thing the value gives a name to; `refers` what kind it must be a name of. The type `typed` is
    that of what another key refers to (`Key.typed_by`), of a map's value that of its own key.
    """

    type: str
    declares: str = ""
    refers: str = ""
    prefix: str = ""  # stands before the name that is referred to: `counter.`

    def referred(self, text: str) -> tuple[str, str]:
        """The kind of thing that a text refers to and its name; of `account or counter`, one with a dot is a counter."""
        if self.refers == CRITERION:
            return ("counter", text.removeprefix("counter.")) if text.startswith("counter.") else ("account", text)
        return self.refers, text.removeprefix(self.prefix)


@dataclass(frozen=True, slots=True)
class Choice:
    """One word of several; `name` is what LATER calls it."""

    name: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; with `or_one` a single item may stand without its list."""

    item: "Shape"
    or_one: bool = False


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map whose keys the author chooses; `name` is what LATER calls it."""

    name: str
    key: Leaf
    value: "Shape"
    single: bool = False  # exactly one entry


@dataclass(frozen=True, slots=True)
class Either:
    """One of several shapes, told apart by what stands there: a single value, a list or a map; `name` is what LATER calls it."""

    name: str
    options: tuple["Shape", ...]


class Key(NamedTuple):
    """A key of a record: what it holds, and what that means in a sentence of the reference.

    One of the keys of `beside` must stand beside it. `typed_by` is the key whose name gives this one its type.
    """

    name: str
    shape: "Shape"
    meaning: str
    required: bool = False
    beside: tuple[str, ...] = ()
    typed_by: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A map with known keys; `name` is what LATER calls it.

    Of `one_of` exactly one key must be there, of each tuple of `not_both` at most one. A single value where the map should stand
    is that of the key `bare`.
    """

    name: str
    keys: tuple[Key, ...]
    one_of: tuple[str, ...] = ()
    not_both: tuple[tuple[str, ...], ...] = ()
    bare: str = ""

    def key(self, name: str) -> Key | None:
        """The key of that name."""
        return next((key for key in self.keys if key.name == name), None)


@dataclass(frozen=True, slots=True)
class EffectShape:
    """One effect: a map with the effect's name as its only key."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """A condition about what `scope` may ask of."""

    scope: ConditionScope


@dataclass(frozen=True, slots=True)
class Lines:
    """A set of lines: a condition on one line, with `except`."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a CSV file under the names of their columns; `others` may be there besides, each named like a field."""

    columns: tuple[Key, ...]
    others: str = ""


Shape = Leaf | Choice | ListOf | MapOf | Either | Record | EffectShape | Conditions | Lines | Table


Row = Mapping[str, "Part"]  # the cells of a row by column, those that are empty left out


class Named(NamedTuple):
    """An entry of a map, or an effect: its key as written and what stands there."""

    key: Scalar
    part: "Part"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a document that has its shape.

    `value`: a record's or a map's entries (`dict[str, Named]`), a list's (`tuple[Part, ...]`), an effect (`Named`), a
    condition's draft, a set of lines (a pair of drafts or None), a table's rows (`tuple[Row, ...]`), or a single value: its text,
    and once types are read what it means. Its shape is never an Either, but the one of its shapes that was found.
    """

    shape: Shape
    node: Node
    value: Any

    def get(self, *path: str) -> "Part | None":
        """The part under these keys, None where one is not there."""
        part: Part | None = self
        for name in path:
            named = part.value.get(name) if part and isinstance(part.value, dict) else None
            part = named.part if named else None
        return part

    def read(self, *path: str) -> Any:  # noqa: ANN401 - what a single value means depends on its type
        """The value under these keys, None where one is not there."""
        part = self.get(*path)
        return part.value if part else None

    @property
    def entries(self) -> Mapping[str, Named]:
        """The entries of a record or a map."""
        entries: Mapping[str, Named] = self.value
        return entries

    @property
    def items(self) -> "tuple[Part, ...]":
        """The items of a list."""
        items: tuple[Part, ...] = self.value
        return items

    def within(self) -> "Iterator[Part]":
        """The part and all parts in it, in the order of writing."""
        yield self
        match self.shape:
            case Record() | MapOf():
                inner = [named.part for named in self.entries.values()]
            case ListOf():
                inner = list(self.items)
            case EffectShape():
                inner = [self.value.part]
            case Table():
                inner = [cell for row in self.value for cell in row.values()]
            case _:
                inner = []
        for part in inner:
            yield from part.within()

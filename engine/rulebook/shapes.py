"""The forms that the language's tables describe files with, and the parts of a document that were found to have them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from engine.rulebook.nodes import Node, Scalar

ConditionScope = Literal["audience", "when", "line", "message", "define"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value, read as `type` (a key of `scalars.READERS`).

    `declares` names what kind of thing the value gives a name to; `refers` what kind it must be a name of.
    """

    type: str
    declares: str = ""
    refers: str = ""


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


class Key(NamedTuple):
    """A key of a record: what it holds, and what that means in a sentence of the reference."""

    name: str
    shape: "Shape"
    meaning: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A map with known keys; `name` is what LATER calls it."""

    name: str
    keys: tuple[Key, ...]

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


Shape = Leaf | Choice | ListOf | MapOf | Record | EffectShape | Conditions | Lines


class Named(NamedTuple):
    """An entry of a map, or an effect: its key as written and what stands there."""

    key: Scalar
    part: "Part"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a document that has its shape.

    `value`: a record's or a map's entries (`dict[str, Named]`), a list's (`tuple[Part, ...]`), an effect (`Named`), a
    condition's draft, a set of lines (a pair of drafts or None), or a single value: its text, and once types are read what it means.
    """

    shape: Shape
    node: Node
    value: Any

    def get(self, *path: str) -> "Part | None":
        """The part under these keys, None where one is not there."""
        part: Part | None = self
        for name in path:
            named = part.value.get(name) if part else None
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
            case _:
                inner = []
        for part in inner:
            yield from part.within()

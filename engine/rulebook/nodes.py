"""YAML as written: texts, lists and maps with their places, and nothing made of them yet."""

from dataclasses import dataclass

from engine.rulebook.diagnostics import Place


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text exactly as written, whatever it looks like. `quoted` tells `""` from nothing at all."""

    text: str
    quoted: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple["Node", ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Map:
    """A map in the order of writing; keys differ from each other."""

    entries: tuple[tuple[Scalar, "Node"], ...]
    place: Place

    def get(self, key: str) -> "Node | None":
        """The value of a key, or None."""
        return next((value for name, value in self.entries if name.text == key), None)


Node = Scalar | Sequence | Map


def kind_of(node: Node) -> str:
    """What an author would call it."""
    match node:
        case Scalar():
            return "a single value" if node.text or node.quoted else "nothing"
        case Sequence():
            return "a list"
        case Map():
            return "a map"

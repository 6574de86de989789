"""The fourth stage: every single value is read by its type. What cannot be read is said and left out."""

from dataclasses import replace

from engine.rulebook.book import Book, Declared
from engine.rulebook.condition_types import ConditionTypes
from engine.rulebook.currencies import DIGITS
from engine.rulebook.diagnostics import Report
from engine.rulebook.nodes import Map, Scalar
from engine.rulebook.resolving import counter_type
from engine.rulebook.scalars import READERS, Reading, Wrong
from engine.rulebook.shapes import (
    Conditions,
    EffectShape,
    Leaf,
    Lines,
    ListOf,
    MapOf,
    Named,
    Part,
    Record,
    Table,
)
from engine.rulebook.zones import zone_names, zone_table


def types(book: Book, report: Report) -> Book:
    """Reads the values of each document, and of what the names stand for."""
    reading = _reading(book)
    documents = []
    replaced: dict[int, Part] = {}
    for document in book.documents:
        content = document.content
        if content is not None:
            conditions = ConditionTypes(book, document.path, reading, report)
            content = _Types(book, reading, conditions, report, replaced).part(content)
        documents.append(replace(document, content=content))
    names = {
        kind: {
            name: Declared(given.place, replaced.get(id(given.part), given.part)) for name, given in declared.items()
        }
        for kind, declared in book.names.items()
    }
    return replace(book, documents=tuple(documents), names=names)


def _reading(book: Book) -> Reading:
    """The currency's digits and the zone, by the programme as far as it can be read."""
    programme = next((document.root for document in book.documents if document.kind.name == "programme"), None)
    currency = programme.get("currency") if isinstance(programme, Map) else None
    zone = programme.get("zone") if isinstance(programme, Map) else None
    digits = DIGITS.get(currency.text, 2) if isinstance(currency, Scalar) else 2
    known = isinstance(zone, Scalar) and zone.text in zone_names()
    return Reading(digits, zone_table(zone.text) if known and isinstance(zone, Scalar) else None)


class _Types:
    """Reads one document; `replaced` remembers by identity what each part became."""

    def __init__(
        self, book: Book, reading: Reading, conditions: ConditionTypes, report: Report, replaced: dict[int, Part]
    ) -> None:
        self._book = book
        self._reading = reading
        self._conditions = conditions
        self._report = report
        self._replaced = replaced

    def part(self, part: Part) -> Part | None:
        """The part with all that is in it read, None where it cannot be."""
        read = self._read(part)
        if read is not None:
            self._replaced[id(part)] = read
        return read

    def _read(self, part: Part) -> Part | None:
        match part.shape:
            case Leaf(type=kind):
                return self._leaf(part, kind)
            case ListOf() | Table():
                return self._items(part)
            case MapOf(key=key):
                kept = self._entries(part)
                return replace(part, value={name: named for name, named in kept.items() if self._key(named, key)})
            case Record():
                return replace(part, value=self._entries(part))
            case EffectShape():
                inner = self.part(part.value.part)
                return None if inner is None else replace(part, value=Named(part.value.key, inner))
            case Conditions(scope):
                draft = self._conditions.read(part.value, scope)
                return None if draft is None else replace(part, value=draft)
            case Lines():
                sets = tuple(None if draft is None else self._conditions.read(draft, "line") for draft in part.value)
                return replace(part, value=sets)
            case _:
                return part

    def _items(self, part: Part) -> Part:
        if isinstance(part.shape, Table):
            rows = [{name: self.part(cell) for name, cell in row.items()} for row in part.value]
            return replace(part, value=tuple({name: cell for name, cell in row.items() if cell} for row in rows))
        items = (self.part(item) for item in part.items)
        return replace(part, value=tuple(item for item in items if item is not None))

    def _entries(self, part: Part) -> dict[str, Named]:
        read = ((name, named.key, self._entry(part, name, named)) for name, named in part.entries.items())
        return {name: Named(key, inner) for name, key, inner in read if inner is not None}

    def _entry(self, part: Part, name: str, named: Named) -> Part | None:
        """An entry; one of the type `typed` is read by what the name beside it was declared as."""
        if not isinstance(named.part.shape, Leaf) or named.part.shape.type != "typed":
            return self.part(named.part)
        leaf: Leaf | None = None
        text = name
        if isinstance(part.shape, MapOf):
            leaf = part.shape.key
        elif isinstance(part.shape, Record) and (key := part.shape.key(name)) is not None:
            by, giving = part.get(key.typed_by), part.shape.key(key.typed_by)
            if by is not None and giving is not None and isinstance(giving.shape, Leaf):
                leaf, text = giving.shape, getattr(by.node, "text", "")
        kind = None if leaf is None else self._declared_type(*leaf.referred(text))
        return None if kind is None else self._leaf(named.part, kind)

    def _declared_type(self, kind: str, name: str) -> str | None:
        if kind == "counter":
            return counter_type(name, self._book)
        declared = self._book.named(kind).get(name)
        if kind == "account" or declared is None:
            return None if declared is None else "points"
        read: str | None = declared.part.read("type")
        return read

    def _key(self, named: Named, key: Leaf) -> bool:
        return self._leaf(Part(key, named.key, named.key.text), key.type) is not None

    def _leaf(self, part: Part, kind: str) -> Part | None:
        value = READERS[kind].read(part.value, self._reading)
        if isinstance(value, Wrong):
            self._report.add(value.code, part.node.place, value.message, value.hint)
            return None
        return replace(part, value=value)

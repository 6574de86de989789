"""What the stages hand on: the files, what was found in them, and the names that they declare."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.rulebook.diagnostics import Place
from engine.rulebook.drafts import Draft
from engine.rulebook.language import FileKind
from engine.rulebook.nodes import Node
from engine.rulebook.shapes import Conditions, ConditionScope, EffectShape, Lines, ListOf, MapOf, Part, Record
from engine.ruleset.model import Ruleset
from engine.ruleset.schedules import SCHEDULED


class Declared(NamedTuple):
    """A name where it is given, and what it is given to."""

    place: Place
    part: Part


@dataclass(frozen=True, slots=True)
class Document:
    """A file of rules; `content` once it has its shape."""

    path: str
    kind: FileKind
    root: Node
    content: Part | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """All files. `names` maps a kind of thing (for local kinds with its file) to the names declared.

    `unread` are the names of campaigns that are there and were not read.
    """

    sources: Mapping[str, str]
    documents: tuple[Document, ...] = ()
    names: Mapping[tuple[str, str], Mapping[str, Declared]] = field(default_factory=dict)
    ruleset: Ruleset | None = None
    unread: frozenset[str] = frozenset()

    def of_kind(self, name: str) -> Iterator[tuple[Document, Part]]:
        """The documents of a kind that have their shape, by path."""
        for document in self.documents:
            if document.kind.name == name and document.content is not None:
                yield document, document.content

    def named(self, kind: str, path: str = "") -> Mapping[str, Declared]:
        """The names of a kind; of a local kind, those of this file."""
        return self.names.get((kind, path if kind in LOCAL_KINDS else ""), {})

    def all_named(self, kind: str) -> set[str]:
        """The names of a kind in all files."""
        return {name for (declared, _), names in self.names.items() if declared == kind for name in names}


LOCAL_KINDS = ("line set", "tier")  # names that only their own file knows


class Asked(NamedTuple):
    """A condition with what it may ask of: its scope, and the event that it is about ("" for any)."""

    scope: ConditionScope
    on: str
    draft: Draft


def event_of(part: Part) -> str:
    """What a campaign, a message or a counter is `on`: a type of event, `schedule`, or "" where that cannot be said."""
    on = part.get("on")
    if on is None:
        return ""
    return on.value if isinstance(on.value, str) else SCHEDULED


def conditions_in(part: Part, on: str = "") -> Iterator[Asked]:
    """All conditions within a part."""
    match part.shape:
        case Record():
            event = event_of(part) if part.shape.name in ("campaign", "message", "counter") else ""
            for named in part.entries.values():
                yield from conditions_in(named.part, event or on)
        case MapOf():
            for named in part.entries.values():
                yield from conditions_in(named.part, on)
        case ListOf():
            for item in part.items:
                yield from conditions_in(item, on)
        case EffectShape():
            yield from conditions_in(part.value.part, on)
        case Conditions(scope):
            yield Asked(scope, on, part.value)
        case Lines():
            yield from (Asked("line", on, draft) for draft in part.value if draft is not None)
        case _:
            return

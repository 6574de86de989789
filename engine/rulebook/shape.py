"""The second stage: every file against the form that the language's tables give it. What does not fit is left out."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from engine.rulebook.book import Book
from engine.rulebook.condition_shape import condition, set_of_lines
from engine.rulebook.diagnostics import Report, nearest, shown
from engine.rulebook.language import EFFECTS
from engine.rulebook.later import tell_later
from engine.rulebook.nodes import Map, Node, Scalar, Sequence, kind_of
from engine.rulebook.shapes import (
    Choice,
    Conditions,
    EffectShape,
    Either,
    Leaf,
    Lines,
    ListOf,
    MapOf,
    Named,
    Part,
    Record,
    Shape,
    Table,
)
from engine.rulebook.tables import table

_CUSTOM = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)


def shape(book: Book, report: Report) -> Book:
    """Gives each document its content."""
    documents = [replace(each, content=shaped(each.kind.shape, each.root, report)) for each in book.documents]
    return replace(book, documents=tuple(documents))


def shaped(form: Shape, node: Node, report: Report) -> Part | None:
    """The node as a part of this shape, or None where it has not that shape."""
    return _SHAPERS[type(form)](form, node, report)


def _conditions(form: Conditions, node: Node, report: Report) -> Part | None:
    draft = condition(node, report)
    return None if draft is None else Part(form, node, draft)


def _lines(form: Lines, node: Node, report: Report) -> Part | None:
    sets = set_of_lines(node, report)
    return None if sets is None else Part(form, node, sets)


def _leaf(form: Leaf, node: Node, report: Report) -> Part | None:
    if isinstance(node, Scalar) and (node.text or node.quoted):
        return Part(form, node, node.text)
    report.add("wrong-shape", node.place, f"a single value should stand here, not {kind_of(node)}")
    return None


def _choice(form: Choice, node: Node, report: Report) -> Part | None:
    if isinstance(node, Scalar) and any(fits_word(node.text, option) for option in form.options):
        tell_later(f"{form.name}=", node.text, node.place, report)
        return Part(form, node, node.text)
    if isinstance(node, Scalar) and (node.text or node.quoted):
        hint = partial(nearest, node.text, form.options)
        report.add("unknown-choice", node.place, f"{shown(node.text)} is not one of the words for it", hint)
    else:
        report.add("wrong-shape", node.place, f"one word should stand here, not {kind_of(node)}")
    return None


def fits_word(text: str, option: str) -> bool:
    """Whether a text is an option; `custom.*` is any name under `custom.`."""
    if not option.endswith(".*"):
        return text == option
    return (
        text.startswith(option[:-1])
        and len(text) > len(option) - 1
        and _CUSTOM.fullmatch(text[len(option) - 1 :]) is not None
    )


def _either(form: Either, node: Node, report: Report) -> Part | None:
    """By what stands there; nothing at all is of the first shape."""
    kinds: dict[type, tuple[type, ...]] = {
        Scalar: (Leaf, Choice),
        Sequence: (ListOf,),
        Map: (MapOf, Record, Conditions, Lines),
    }
    fitting = [option for option in form.options if isinstance(option, kinds[type(node)])]
    if not fitting:
        says = {Leaf: "a single value", Choice: "one word", ListOf: "a list"}
        wanted = " or ".join(dict.fromkeys(says.get(type(option), "a map") for option in form.options))
        report.add("wrong-shape", node.place, f"{wanted} should stand here, not {kind_of(node)}")
        return None
    if isinstance(node, Map):
        tell_later(f"{form.name}=", "{}", node.place, report)
        for option in fitting[:-1]:
            if isinstance(option, Record) and any(option.key(key.text) for key, _ in node.entries):
                return shaped(option, node, report)
    return shaped(fitting[-1], node, report)


def _list(form: ListOf, node: Node, report: Report) -> Part | None:
    if form.or_one and not isinstance(node, Sequence):
        item = shaped(form.item, node, report)
        return None if item is None else Part(form, node, (item,))
    if not isinstance(node, Sequence):
        report.add(
            "wrong-shape", node.place, f"a list should stand here, not {kind_of(node)}", "begin each item with -"
        )
        return None
    if not node.items:
        report.add("wrong-shape", node.place, "this list is empty", "write its items or leave it out")
    items = (shaped(form.item, item, report) for item in node.items)
    return Part(form, node, tuple(item for item in items if item is not None))


def _map(form: MapOf, node: Node, report: Report) -> Part | None:
    if not isinstance(node, Map):
        report.add("wrong-shape", node.place, f"a map should stand here, not {kind_of(node)}")
        return None
    entries = {}
    for key, value in node.entries:
        tell_later(f"{form.name}.", key.text, key.place, report)
        part = shaped(form.value, value, report)
        if part is not None:
            entries[key.text] = Named(key, part)
    if not node.entries or (form.single and len(node.entries) > 1):
        one = "exactly one entry" if form.single else "at least one entry"
        report.add("wrong-shape", node.place, f"{one} should stand here")
        return None
    return Part(form, node, entries)


def _record(form: Record, node: Node, report: Report) -> Part | None:
    if form.bare and isinstance(node, Scalar) and (node.text or node.quoted):
        node = Map(((Scalar(form.bare, quoted=False, place=node.place), node),), node.place)
    if not isinstance(node, Map):
        if not (isinstance(node, Scalar) and not node.text and not node.quoted and not _demands(form)):
            keys = f"its keys: {', '.join(key.name for key in form.keys)}"
            report.add("wrong-shape", node.place, f"a map should stand here, not {kind_of(node)}", keys)
            return None
        return Part(form, node, {})
    entries = {}
    for key, value in node.entries:
        known = form.key(key.text)
        if known is not None:
            tell_later(f"{form.name}.", key.text, key.place, report)
            part = shaped(known.shape, value, report)
            if part is not None:
                entries[key.text] = Named(key, part)
        else:
            hint = partial(nearest, key.text, [each.name for each in form.keys])
            report.add("unknown-key", key.place, f"{shown(key.text)} is no key of {_called(form)}", hint)
    _together(form, node, report)
    return Part(form, node, entries)


def _demands(form: Record) -> bool:
    return bool(form.one_of) or any(key.required for key in form.keys)


def _together(form: Record, node: Map, report: Report) -> None:
    """Which keys must be there, and which not beside each other."""
    given = {key.text: key for key, _ in node.entries}
    for key in form.keys:
        if key.required and key.name not in given:
            report.add("missing-key", node.place, f"{_called(form)} needs {shown(key.name)}")
        if key.name in given and key.beside and not given.keys() & set(key.beside):
            needed = " or ".join(shown(each) for each in key.beside)
            report.add("missing-key", given[key.name].place, f"{shown(key.name)} needs {needed} beside it")
    if form.one_of and not given.keys() & set(form.one_of):
        report.add("missing-key", node.place, f"{_called(form)} needs one of: {', '.join(form.one_of)}")
    for group in (form.one_of, *form.not_both):
        found = [name for name in given if name in group]
        for extra in found[1:]:
            message = f"{shown(extra)} does not go with {shown(found[0])}"
            report.add("keys-contradict", given[extra].place, message, "keep one of them")


def _called(form: Record) -> str:
    return f"`{form.name}`"


def _effect(_form: EffectShape, node: Node, report: Report) -> Part | None:
    if not isinstance(node, Map) or len(node.entries) != 1:
        hint = "e.g. - award_points: {points: 50}"
        report.add("wrong-shape", node.place, "one effect with its own keys should stand here", hint)
        return None
    key, value = node.entries[0]
    kind = EFFECTS.get(key.text)
    if kind is None:
        message = f"there is no effect {shown(key.text)}"
        report.add("unknown-effect", key.place, message, partial(nearest, key.text, EFFECTS))
        return None
    tell_later("effect:", key.text, key.place, report)
    part = shaped(kind.shape, value, report)
    return None if part is None else Part(EffectShape(), node, Named(key, part))


_SHAPERS: Mapping[type, Callable[[Any, Node, Report], Part | None]] = {
    Leaf: _leaf,
    Choice: _choice,
    ListOf: _list,
    MapOf: _map,
    Either: _either,
    Record: _record,
    EffectShape: _effect,
    Conditions: _conditions,
    Lines: _lines,
    Table: table,
}

"""The second stage: every file against the form that the language's tables give it. What does not fit is left out."""

from dataclasses import replace
from functools import partial

from engine.rulebook.book import Book
from engine.rulebook.condition_shape import condition, set_of_lines
from engine.rulebook.diagnostics import Report, nearest, shown
from engine.rulebook.language import EFFECTS
from engine.rulebook.later import later, not_decided_yet
from engine.rulebook.nodes import Map, Node, Scalar, Sequence, kind_of
from engine.rulebook.shapes import (
    Choice,
    Conditions,
    EffectShape,
    Leaf,
    Lines,
    ListOf,
    MapOf,
    Named,
    Part,
    Record,
    Shape,
)


def shape(book: Book, report: Report) -> Book:
    """Gives each document its content."""
    documents = [replace(each, content=shaped(each.kind.shape, each.root, report)) for each in book.documents]
    return replace(book, documents=tuple(documents))


def shaped(form: Shape, node: Node, report: Report) -> Part | None:
    """The node as a part of this shape, or None where it has not that shape."""
    match form:
        case Leaf():
            return _leaf(form, node, report)
        case Choice():
            return _choice(form, node, report)
        case ListOf():
            return _list(form, node, report)
        case MapOf():
            return _map(form, node, report)
        case Record():
            return _record(form, node, report)
        case EffectShape():
            return _effect(node, report)
        case Conditions():
            draft = condition(node, report)
            return None if draft is None else Part(form, node, draft)
        case Lines():
            sets = set_of_lines(node, report)
            return None if sets is None else Part(form, node, sets)


def not_decided(kind: str, name: str, node: Node, report: Report) -> bool:
    """Says so where this is part of the language that is not decided yet."""
    what = later(kind, name)
    if what is not None:
        report.add("not-decided-yet", node.place, not_decided_yet(what))
    return what is not None


def _leaf(form: Leaf, node: Node, report: Report) -> Part | None:
    if isinstance(node, Scalar) and (node.text or node.quoted):
        return Part(form, node, node.text)
    report.add("wrong-shape", node.place, f"a single value should stand here, not {kind_of(node)}")
    return None


def _choice(form: Choice, node: Node, report: Report) -> Part | None:
    if isinstance(node, Scalar) and node.text in form.options:
        return Part(form, node, node.text)
    if isinstance(node, Scalar) and (node.text or node.quoted):
        if not not_decided(f"{form.name}=", node.text, node, report):
            hint = partial(nearest, node.text, form.options)
            report.add("unknown-choice", node.place, f"{shown(node.text)} is not one of the words for it", hint)
    elif not (isinstance(node, Map) and not_decided(f"{form.name}=", "{}", node, report)):
        report.add("wrong-shape", node.place, f"one word should stand here, not {kind_of(node)}")
    return None


def _list(form: ListOf, node: Node, report: Report) -> Part | None:
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
        if not_decided(f"{form.name}.", key.text, key, report):
            continue
        part = shaped(form.value, value, report)
        if part is not None:
            entries[key.text] = Named(key, part)
    if not node.entries or (form.single and len(node.entries) > 1):
        one = "exactly one entry" if form.single else "at least one entry"
        report.add("wrong-shape", node.place, f"{one} should stand here")
        return None
    return Part(form, node, entries)


def _record(form: Record, node: Node, report: Report) -> Part | None:
    if not isinstance(node, Map):
        if not (isinstance(node, Scalar) and not node.text and not node.quoted and not _required(form)):
            keys = f"its keys: {', '.join(key.name for key in form.keys)}"
            report.add("wrong-shape", node.place, f"a map should stand here, not {kind_of(node)}", keys)
            return None
        return Part(form, node, {})
    entries = {}
    for key, value in node.entries:
        known = form.key(key.text)
        if known is not None:
            part = shaped(known.shape, value, report)
            if part is not None:
                entries[key.text] = Named(key, part)
        elif not not_decided(f"{form.name}.", key.text, key, report):
            hint = partial(nearest, key.text, [each.name for each in form.keys])
            report.add("unknown-key", key.place, f"{shown(key.text)} is no key of {_called(form)}", hint)
    for name in _required(form):
        if node.get(name) is None:
            report.add("missing-key", node.place, f"{_called(form)} needs {shown(name)}")
    return Part(form, node, entries)


def _required(form: Record) -> list[str]:
    return [key.name for key in form.keys if key.required]


def _called(form: Record) -> str:
    return f"`{form.name}`"


def _effect(node: Node, report: Report) -> Part | None:
    if not isinstance(node, Map) or len(node.entries) != 1:
        hint = "e.g. - award_points: {points: 50}"
        report.add("wrong-shape", node.place, "one effect with its own keys should stand here", hint)
        return None
    key, value = node.entries[0]
    kind = EFFECTS.get(key.text)
    if kind is None:
        if not not_decided("effect:", key.text, key, report):
            report.add(
                "unknown-effect",
                key.place,
                f"there is no effect {shown(key.text)}",
                partial(nearest, key.text, EFFECTS),
            )
        return None
    part = shaped(kind.shape, value, report)
    return None if part is None else Part(EffectShape(), node, Named(key, part))

"""The third stage: what is declared, and that every name used is declared and may stand where it stands."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from engine.rulebook.book import LOCAL_KINDS, Asked, Book, Declared, Document, conditions_in
from engine.rulebook.diagnostics import Place, Report, nearest, shown
from engine.rulebook.drafts import FieldDraft, IsDraft, leaves
from engine.rulebook.fields import FIELDS
from engine.rulebook.later import later, not_decided_yet
from engine.rulebook.resolving import OPEN_KINDS, Known, among, find, known_on, matching, possible
from engine.rulebook.shapes import Leaf, MapOf, Part

# a set of lines of such a name would hide fields: `transaction.amount`
RESERVED = frozenset(field.name.partition(".")[0] for field in FIELDS if "." in field.name) - {"*"} | {"payments"}
_WHERE = {
    "audience": "an audience asks of the member only",
    "when": "`when` asks of the event and the member",
    "line": "a set of lines asks of one line at a time",
    "message": "a message asks of its own event",
    "define": "a definition asks of the event and the member",
}


def names(book: Book, report: Report) -> Book:
    """Collects the names, then looks up every use of one."""
    named = replace(book, names=_collected(book, report))
    _definitions(named, report)
    for document in named.documents:
        if document.content is not None:
            _file_name(document, document.content, report)
            for leaf, value, place in _single_values(document.content):
                _reference(leaf, value, place, named, report)
            for asked in conditions_in(document.content):
                for draft in leaves(asked.draft):
                    if isinstance(draft, FieldDraft):
                        _field(draft, asked, document.path, named, report)
                    else:
                        _definition(draft, asked, named, report)
    return named


def _single_values(content: Part) -> Iterator[tuple[Leaf, Part, Place]]:
    """Each single value and key with what it declares or refers to; the part is what the name is given to."""
    for part in content.within():
        if isinstance(part.shape, Leaf):
            yield part.shape, part, part.node.place
        elif isinstance(part.shape, MapOf):
            for key, inner in part.entries.values():
                yield part.shape.key, Part(part.shape.key, key, inner), key.place


def _collected(book: Book, report: Report) -> dict[tuple[str, str], dict[str, Declared]]:
    found: dict[tuple[str, str], dict[str, Declared]] = {}
    for document in book.documents:
        for leaf, part, place in _single_values(document.content) if document.content else ():
            if not leaf.declares:
                continue
            given_to = part.value if isinstance(part.value, Part) else part
            name = getattr(part.node, "text", "")
            local = document.path if leaf.declares in LOCAL_KINDS else ""
            declared = found.setdefault((leaf.declares, local), {})
            if name in declared:
                first = declared[name].place
                message = f"there is a {leaf.declares} {shown(name)} already"
                report.add("duplicate-name", place, message, f"in {first.path}:{first.line}")
            else:
                declared[name] = Declared(place, given_to)
            if leaf.declares == "line set" and name in RESERVED:
                report.add("reserved-name", place, f"{shown(name)} already names fields", "call the set otherwise")
    return found


def _file_name(document: Document, content: Part, report: Report) -> None:
    given = content.get(document.kind.named) if document.kind.named else None
    stem = PurePosixPath(document.path).stem
    if given is not None and given.value != stem:
        message = f"{shown(given.value)} stands in a file named {shown(stem)}"
        report.add("name-differs", given.node.place, message, "give both the same name")


def _reference(leaf: Leaf, part: Part, place: Place, book: Book, report: Report) -> None:
    if not leaf.refers:
        return
    name = getattr(part.node, "text", "")
    known = book.named(leaf.refers, place.path)
    if name not in known:
        report.add("unknown-name", place, f"there is no {leaf.refers} {shown(name)}", partial(nearest, name, known))


def _field(draft: FieldDraft, asked: Asked, path: str, book: Book, report: Report) -> None:
    name, place = draft.key.text, draft.key.place
    known = find(name, asked.scope)
    if known is None:
        _no_field(name, place, asked, path, book, report)
    elif not known_on(known.field, asked.on):
        message = f"{asked.on} has no {name}"
        report.add("field-not-here", place, message, f"known on {', '.join(known.field.on)}")
    elif known.field.of and known.field.of not in OPEN_KINDS and known.star not in book.named(known.field.of, path):
        others = book.named(known.field.of, path)
        hint = partial(_nearest_or_declare, known.star, others)
        report.add("unknown-name", place, f"there is no {known.field.of} {shown(known.star)}", hint)
    elif _personal(known, book):
        message = f"{name} is personal; it is sealed before anything is decided"
        report.add("personal-attribute", place, message, "ask of an attribute that is not personal")
    else:
        _values(draft, known, book, report)


def _nearest_or_declare(name: str, known: Collection[str]) -> str:
    return nearest(name, known) or "declare it first"


def _no_field(name: str, place: Place, asked: Asked, path: str, book: Book, report: Report) -> None:
    what = later("field:", name)
    if what is not None:
        report.add("not-decided-yet", place, not_decided_yet(what))
    elif matching(name):
        report.add("field-not-here", place, f"{name} may not stand here", _WHERE[asked.scope])
    else:
        hint = partial(_nearest_field, name, asked, path, book)
        report.add("unknown-field", place, f"there is no field {shown(name)}", hint)


def _nearest_field(name: str, asked: Asked, path: str, book: Book) -> str:
    return nearest(name, possible(asked.scope, asked.on, book, path))


def _personal(known: Known, book: Book) -> bool:
    declared = book.named(known.field.of).get(known.star)
    return declared is not None and declared.part.read("personal") == "true"


def _values(draft: FieldDraft, known: Known, book: Book, report: Report) -> None:
    names_of = among(known, book)
    if names_of is None:
        return
    kind = "ladder" if known.field.among == "ladder" else "tier"
    for check in draft.checks:
        for value in check.values if check.word != "exists" else ():
            if value.text not in names_of:
                hint = partial(nearest, value.text, names_of)
                report.add("unknown-name", value.place, f"there is no {kind} {shown(value.text)}", hint)


def _definition(draft: IsDraft, asked: Asked, book: Book, report: Report) -> None:
    name, place = draft.name.text, draft.name.place
    declared = book.named("definition").get(name)
    if asked.scope == "line":
        report.add("field-not-here", place, "a definition may not stand here", _WHERE["line"])
    elif declared is None:
        known = book.named("definition")
        report.add("unknown-name", place, f"there is no definition {shown(name)}", partial(nearest, name, known))
    elif asked.scope != "define":
        for leaf in _written_out(name, book):
            known_field = find(leaf.key.text, asked.scope)
            fits = known_field is not None and known_on(known_field.field, asked.on)
            if find(leaf.key.text, "define") and not fits:
                message = f"the definition {shown(name)} asks of {leaf.key.text}, which may not stand here"
                report.add("field-not-here", place, message, _WHERE[asked.scope])


def _written_out(definition: str, book: Book) -> Iterator[FieldDraft]:
    """The fields of a definition and of those that it is made of."""
    seen: set[str] = set()
    ahead = [definition]
    while ahead:
        name = ahead.pop()
        declared = book.named("definition").get(name)
        if name in seen or declared is None:
            continue
        seen.add(name)
        for leaf in leaves(declared.part.value):
            if isinstance(leaf, FieldDraft):
                yield leaf
            else:
                ahead.append(leaf.name.text)


def _definitions(book: Book, report: Report) -> None:
    """Says of every definition that is made of itself."""
    uses = {
        name: [leaf.name.text for leaf in leaves(declared.part.value) if isinstance(leaf, IsDraft)]
        for name, declared in book.named("definition").items()
    }
    for name, declared in book.named("definition").items():
        seen: set[str] = set()
        ahead = list(uses[name])
        while ahead:
            used = ahead.pop()
            if used not in seen:
                seen.add(used)
                ahead += uses.get(used, [])
        if name in seen:
            report.add("definition-cycle", declared.place, f"the definition {shown(name)} is made of itself")

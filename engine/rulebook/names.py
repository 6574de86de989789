"""The third stage: what is declared, and that every name used is declared and may stand where it stands."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from engine.rulebook.book import LOCAL_KINDS, Asked, Book, Declared, Document, conditions_in, event_of
from engine.rulebook.diagnostics import Place, Report, nearest, shown
from engine.rulebook.drafts import FieldDraft, IsDraft, leaves
from engine.rulebook.fields import FIELDS
from engine.rulebook.nodes import Scalar
from engine.rulebook.resolving import OPEN_KINDS, Known, among, find, known_on, matching, possible
from engine.rulebook.shapes import Leaf, MapOf, Part, Record, Table

# a set of lines of such a name would hide fields: `transaction.amount`
RESERVED = frozenset(field.name.partition(".")[0] for field in FIELDS if "." in field.name) - {"*"} | {"payments"}
_WHERE = {
    "audience": "an audience asks of the member only",
    "when": "`when` asks of the event and the member",
    "line": "a set of lines asks of one line at a time",
    "message": "a message asks of its own event",
    "define": "a definition asks of the event and the member",
    "counter": "a counter asks of its event and the member, and of no other counter",
    "voucher": "a voucher asks of its redemption and the member",
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
            _of_ladder(document.content, named, report)
            _distinct(document.content, named, report)
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
        elif isinstance(part.shape, Table) and part.shape.others:
            for column in part.node.items[0].entries if part.value else ():  # type: ignore[union-attr] # rows are a list
                leaf = Leaf("text", declares=part.shape.others)
                yield leaf, Part(leaf, column[0], column[0].text), column[0].place


def _collected(book: Book, report: Report) -> dict[tuple[str, str], dict[str, Declared]]:
    found: dict[tuple[str, str], dict[str, Declared]] = {}
    for document in book.documents:
        if document.kind.name == "list":
            name, place = PurePosixPath(document.path).stem, Place(document.path)
            given = Part(Leaf("text"), document.root, document.path)
            found.setdefault(("list", ""), {})[name] = Declared(place, document.content or given)
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
    if not leaf.refers or leaf.refers == "tier of the ladder":
        return
    text = getattr(part.node, "text", "")
    if leaf.prefix and not text.startswith(leaf.prefix):
        report.add("unknown-field", place, f"{shown(text)} is none of {leaf.prefix}*", f"write {leaf.prefix}<name>")
        return
    kind, name = leaf.referred(text)
    known: Collection[str] = book.all_named("tier") if kind == "any tier" else book.named(kind, place.path)
    if name not in known:
        word = "tier" if kind == "any tier" else kind
        report.add("unknown-name", place, f"there is no {word} {shown(name)}", partial(nearest, name, known))
    elif kind == "attribute" and book.named(kind)[name].part.read("personal") == "true":
        message = f"{name} is personal; it is sealed before anything is decided"
        report.add("personal-attribute", place, message, "name an attribute that is not personal")


def _of_ladder(content: Part, book: Book, report: Report) -> None:
    """The tier of each `set_tier` is one of its ladder."""
    for part in content.within():
        if not isinstance(part.shape, Record) or part.shape.name != "set_tier":
            continue
        ladder, tier = part.get("ladder"), part.get("tier")
        declared = book.named("ladder").get(ladder.value) if ladder else None
        if declared is None or tier is None:
            continue
        known = book.named("tier", declared.place.path)
        if tier.value not in known:
            hint = partial(nearest, tier.value, known)
            report.add("unknown-name", tier.node.place, f"there is no tier {shown(tier.value)}", hint)


def _distinct(content: Part, book: Book, report: Report) -> None:
    """The field of each `distinct` is one that its counter's event has."""
    for part in content.within():
        if not isinstance(part.shape, Record) or part.shape.name != "counter":
            continue
        distinct = part.get("distinct")
        if distinct is not None and isinstance(distinct.node, Scalar):
            asked = Asked("counter", event_of(part), FieldDraft(distinct.node, ()))
            _field(FieldDraft(distinct.node, ()), asked, distinct.node.place.path, book, report)


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
        _counting(draft, known, asked, path, report)
        _values(draft, known, book, report)


def _counting(draft: FieldDraft, known: Known, asked: Asked, path: str, report: Report) -> None:
    """Windows are of counters; some speak of a campaign."""
    in_campaign = asked.scope == "define" or path.startswith("campaigns/")
    for check in draft.counting:
        said = check.values[0].text if check.values else ""
        if known.field.type != "counted":
            message = f"{draft.key.text} is no counter; `{check.word}` does not fit it"
            report.add("window-not-here", check.place, message, "leave it out")
        elif not in_campaign and (check.word in ("during", "every") or said == "opt_in"):
            message = f"`{check.word}: {said}` speaks of the campaign that it stands in, and this is none"
            report.add("window-not-here", check.place, message, "name another window")


def _nearest_or_declare(name: str, known: Collection[str]) -> str:
    return nearest(name, known) or "declare it first"


def _no_field(name: str, place: Place, asked: Asked, path: str, book: Book, report: Report) -> None:
    if matching(name):
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
    lists = book.named("list")
    for check in draft.checks:
        for value in check.values if check.word == "in" else ():
            if value.text not in lists:
                hint = partial(nearest, value.text, lists)
                report.add("unknown-name", value.place, f"there is no list {shown(value.text)}", hint)
    names_of = among(known, book)
    if names_of is None:
        return
    kind = "tier" if known.field.among.endswith("ladder") and known.field.among != "ladder" else known.field.among
    for check in draft.checks:
        for value in check.values if check.word not in ("exists", "in", "starts_with") else ():
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
            if known_field is not None and not place.path.startswith("campaigns/"):
                _counting(replace(leaf, key=draft.name), known_field, asked, place.path, report)
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

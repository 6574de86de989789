"""Conditions as maps: fields with their tests, and the words that combine them."""

from dataclasses import replace
from functools import partial

from engine.rulebook.diagnostics import Report, nearest, shown
from engine.rulebook.drafts import Check, Draft, FieldDraft, GroupDraft, IsDraft
from engine.rulebook.fields import COUNTING, PAYMENTS, TESTS
from engine.rulebook.later import tell_later
from engine.rulebook.nodes import Map, Node, Scalar, Sequence, kind_of

COMBINING = ("all", "any", "none", "at_least", "of", "is")
_DIGITS = 4  # of a number of parts; nobody writes more by hand


def condition(node: Node, report: Report, leave_out: str = "") -> Draft | None:
    """The condition of a map, all of whose entries must hold; None where nothing of it can be used."""
    if not isinstance(node, Map):
        report.add("wrong-shape", node.place, f"a condition is a map of fields, not {kind_of(node)}")
        return None
    if not node.entries:
        report.add("wrong-shape", node.place, "this condition is empty", "write it or leave it out")
        return None
    parts = []
    for key, value in node.entries:
        if key.text != leave_out:
            part = _entry(node, key, value, report)
            if part is not None:
                parts.append(part)
    return GroupDraft("all", node.place, tuple(parts)) if parts else None


def set_of_lines(node: Node, report: Report) -> tuple[Draft | None, Draft | None] | None:
    """What a set of lines includes and what it excludes."""
    if not isinstance(node, Map):
        report.add("wrong-shape", node.place, f"a set of lines is a map of fields, not {kind_of(node)}")
        return None
    apart = node.get("except")
    some = [key for key, _ in node.entries if key.text != "except"]
    including = condition(node, report, leave_out="except") if some else None
    return including, None if apart is None else condition(apart, report)


def _entry(node: Map, key: Scalar, value: Node, report: Report) -> Draft | None:
    match key.text:
        case "all" | "any" | "none":
            return _group(key, value, report)
        case "at_least":
            return _some_of(node, key, value, report)
        case "of":
            if node.get("at_least") is None:
                report.add("missing-key", key.place, '`of` needs "at_least" beside it', "{at_least: 2, of: [..]}")
            return None
        case "is":
            if isinstance(value, Scalar) and value.text:
                return IsDraft(value)
            report.add("wrong-shape", value.place, f"the name of a definition should stand here, not {kind_of(value)}")
            return None
        case "payments":
            return _payments(key, value, report)
        case _:
            return _field(key, value, report)


def _payments(key: Scalar, value: Node, report: Report) -> Draft | None:
    """That some payment is of these methods, and what they paid together: `payments: {method: store_card, amount: ..}`."""
    if not isinstance(value, Map) or not value.entries:
        report.add("wrong-shape", value.place, f"a map should stand here, not {kind_of(value)}", "{method: store_card}")
        return None
    parts: list[Draft] = []
    methods = ""
    for word, asked in value.entries:
        if word.text not in PAYMENTS:
            hint = partial(nearest, word.text, PAYMENTS)
            report.add("unknown-field", word.place, f"a payment has no {shown(word.text)}", hint)
        elif word.text == "method":
            check = _check("has_any", word, asked, report)
            if check is not None:
                methods = f"[{','.join(each.text for each in check.values)}]"
                parts.append(FieldDraft(replace(word, text="payments.method"), (check,)))
    for word, asked in value.entries:
        if word.text == "amount":
            draft = _field(replace(word, text=f"payments.amount{methods}"), asked, report)
            parts += [] if draft is None else [draft]
    return GroupDraft("all", key.place, tuple(parts)) if parts else None


def _group(key: Scalar, value: Node, report: Report) -> Draft | None:
    if not isinstance(value, Sequence):
        report.add("wrong-shape", value.place, f"`{key.text}` takes a list of conditions, not {kind_of(value)}")
        return None
    if not value.items and key.text != "any":
        report.add("wrong-shape", value.place, "this list is empty", "write its conditions or leave it out")
        return None
    parts = [condition(item, report) for item in value.items]
    kept = tuple(part for part in parts if part is not None)
    if value.items and not kept:
        return None
    kinds: dict[str, GroupDraft] = {
        "all": GroupDraft("all", key.place, kept),
        "any": GroupDraft("any", key.place, kept),
        "none": GroupDraft("none", key.place, kept),
    }
    return kinds[key.text]


def _some_of(node: Map, key: Scalar, value: Node, report: Report) -> Draft | None:
    of = node.get("of")
    if not isinstance(of, Sequence):
        place = key.place if of is None else of.place
        report.add("wrong-shape", place, "`at_least` needs `of` with a list of conditions", "{at_least: 2, of: [..]}")
        return None
    text = value.text if isinstance(value, Scalar) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) > 0):
        report.add("wrong-shape", value.place, "a number of conditions, 1 or more, should stand here")
        return None
    parts = [condition(item, report) for item in of.items]
    if any(part is None for part in parts):
        return None
    return GroupDraft("any", key.place, tuple(part for part in parts if part is not None), int(text))


def _field(key: Scalar, value: Node, report: Report) -> FieldDraft | None:
    if not isinstance(value, Map):
        tell_later("field:", key.text, key.place, report)
        check = _check("equals", key, value, report)
        return FieldDraft(key, (check,)) if check else None
    if not value.entries:
        report.add("wrong-shape", value.place, "a test should stand here", "e.g. {at_least: 2}")
        return None
    tell_later("field:", key.text, key.place, report)
    checks = []
    counting = []
    for word, asked in value.entries:
        if word.text in TESTS and word.text != "equals":
            check = _check(word.text, word, asked, report)
            checks += [check] if check else []
        elif word.text in COUNTING:
            check = _check(word.text, word, asked, report)
            counting += [check] if check else []
        else:
            words = [
                each for each in (*TESTS, *(COUNTING if key.text.startswith("counter.") else ())) if each != "equals"
            ]
            hint = partial(nearest, word.text, words)
            report.add("unknown-test", word.place, f"there is no test {shown(word.text)}", hint)
    return FieldDraft(key, tuple(checks), counting=tuple(counting)) if checks or counting else None


def _check(word: str, key: Scalar, value: Node, report: Report) -> Check | None:
    values = value.items if isinstance(value, Sequence) else (value,)
    if isinstance(value, Sequence) and not (word in TESTS and TESTS[word].many):
        report.add("wrong-shape", value.place, f"`{word}` takes a single value, not a list")
        return None
    for each in values:
        if not isinstance(each, Scalar) or not (each.text or each.quoted):
            report.add("wrong-shape", each.place, f"a single value should stand here, not {kind_of(each)}")
            return None
    if not values and word != "equals":
        report.add("wrong-shape", value.place, "this list is empty", "write its values or leave the test out")
        return None
    place = value.place if word == "equals" else key.place
    return Check(word, place, tuple(each for each in values if isinstance(each, Scalar)))

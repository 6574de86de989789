"""The fifth stage: what is well written and can never come about."""

from collections.abc import Iterator

from engine.rulebook.book import Book, conditions_in
from engine.rulebook.diagnostics import Place, Report
from engine.rulebook.drafts import Draft, FieldDraft, GroupDraft
from engine.rulebook.fields import Field
from engine.rulebook.ladders import ascending
from engine.rulebook.resolving import find
from engine.rulebook.shapes import ConditionScope, Part
from engine.ruleset.conditions import Scalar, Test


def reachability(book: Book, report: Report) -> Book:
    """Looks for conditions, campaigns and tiers that nothing reaches. Changes nothing."""
    for document in book.documents:
        if document.content is None:
            continue
        for asked in conditions_in(document.content):
            _condition(asked.draft, asked.scope, report)
        if document.kind.name in ("campaign", "promo_codes"):
            _runs(document.content, report)
        elif document.kind.name == "tiers":
            ascending(document.content, report)
        elif document.kind.name == "programme":
            _key(document.content, report)
    return book


def _runs(campaign: Part, report: Report) -> None:
    first, last = campaign.get("runs", "from"), campaign.get("runs", "until")
    if first is not None and last is not None and last.value <= first.value:
        report.add("never-runs", last.node.place, "it ends before it begins")


def _key(programme: Part, report: Report) -> None:
    key = programme.get("transaction_key")
    if key is not None and "transaction_id" not in [item.value for item in key.items]:
        report.add("missing-key", key.node.place, "no sale is known without its transaction_id", "add it to the list")


def _condition(draft: Draft, scope: ConditionScope, report: Report) -> None:
    """Each conjunction by itself: one that is impossible is said at its latest part."""
    if isinstance(draft, GroupDraft):
        if draft.kind == "any" and draft.needed > len(draft.parts):
            count = len(draft.parts)
            message = (
                f"{draft.needed} of {count} conditions can never hold" if count else "no condition stands here to hold"
            )
            report.add("never-holds", draft.place, message)
        if draft.kind == "all":
            _conjunction(draft, scope, report)
        for part in draft.parts:
            if isinstance(part, GroupDraft) and not (draft.kind == "all" and part.kind == "all"):
                _condition(part, scope, report)


def _conjunction(draft: GroupDraft, scope: ConditionScope, report: Report) -> None:
    by_field: dict[str, list[Test]] = {}
    said: set[str] = set()
    for field in _together(draft):
        name = field.key.text
        tests = by_field.setdefault(f"{name} {field.counted}", [])
        if not field.around:
            tests += field.tests
        known = find(name, scope)
        why = _contradiction(tests, known.field if known else None)
        if why and name not in said:
            said.add(name)
            report.add("never-holds", _place(field), f"{name} can never be so: {why}")


def _together(draft: GroupDraft) -> Iterator[FieldDraft]:
    """The fields that must hold together, through groups within groups."""
    for part in draft.parts:
        if isinstance(part, FieldDraft):
            yield part
        elif isinstance(part, GroupDraft) and part.kind == "all":
            yield from _together(part)


def _place(field: FieldDraft) -> Place:
    last = (field.checks or field.counting)[-1]
    return last.values[-1].place if last.values else last.place


def _contradiction(tests: list[Test], field: Field | None) -> str:
    """Why these tests of one field can never hold together, "" where they can."""
    if any(not test.values and test.op not in ("not_one_of", "has_none", "has_all") for test in tests):
        return "the list is empty"
    absent = any(test.op == "exists" and test.values == (False,) for test in tests)
    if absent and len(tests) > 1:
        return "it must be missing and must have a value"
    return _left(tests) or _between(tests, field)


def _left(tests: list[Test]) -> str:
    """The values that the lists leave."""
    left: set[tuple[type, Scalar]] | None = None
    for test in tests:
        values = {(type(value), value) for value in test.values}
        if test.op == "one_of":
            left = values if left is None else left & values
    for test in tests:
        if test.op == "not_one_of" and left is not None:
            left -= {(type(value), value) for value in test.values}
        if test.op == "has_none" and any(
            set(test.values) & set(other.values) for other in tests if other.op in ("has", "has_all")
        ):
            return "the set must have what it must not have"
    return "no value is left" if left is not None and not left else ""


def _between(tests: list[Test], field: Field | None) -> str:
    """The values that the bounds leave; days compare as their texts."""
    low, high = (field.low, field.high) if field else (None, None)
    lows: list[tuple[Scalar, bool]] = [] if low is None else [(low, True)]
    highs: list[tuple[Scalar, bool]] = [] if high is None else [(high, True)]
    for test in tests:
        for value in test.values[:1]:
            match test.op:
                case "at_least" | "from":
                    lows.append((value, True))
                case "more_than":
                    lows.append((value, False))
                case "at_most":
                    highs.append((value, True))
                case "less_than" | "before":
                    highs.append((value, False))
                case _:
                    pass
    if any(_empty(least, most) for least in lows for most in highs):
        return "nothing lies between the bounds"
    chosen = [test.values for test in tests if test.op == "one_of"]
    if any(all(_outside(value, lows, highs) for value in values) for values in chosen):
        return "no value lies between the bounds"
    return ""


def _empty(least: tuple[Scalar, bool], most: tuple[Scalar, bool]) -> bool:
    (low, low_in), (high, high_in) = least, most
    if isinstance(low, str) or isinstance(high, str):
        return str(low) >= str(high) if isinstance(low, str) and isinstance(high, str) else False
    return low + (not low_in) > high - (not high_in)


def _outside(value: Scalar, lows: list[tuple[Scalar, bool]], highs: list[tuple[Scalar, bool]]) -> bool:
    here = (value, True)
    return any(_empty(low, here) for low in lows) or any(_empty(here, high) for high in highs)

"""What durable-rules may be asked: conjunctions of comparisons on fields of the event, and on one line at a time.

A campaign's forms are necessary for it to hold, never sufficient: each hit is asked again by the plain predicate. So a set of lines
stands for "some line is in it", and what it excludes is left out. Every other shape is left to the plain matcher.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from engine.ruleset.conditions import TEXT_TYPES, AllOf, AnyOf, Condition, LineSet, NoneOf, Test
from engine.ruleset.model import Campaign
from engine.ruleset.needs import Exact, exact, needs_a_line, set_measured

MOST_FORMS = 16  # into which a campaign's alternatives are multiplied out

Comparison = Literal["eq", "neq", "gt", "gte", "lt", "lte", "present"]
_ORDERED: Mapping[str, Comparison] = {
    "at_least": "gte",
    "from": "gte",
    "more_than": "gt",
    "at_most": "lte",
    "less_than": "lt",
    "before": "lt",
}


class Property(NamedTuple):
    """A field as the engine sees it: `exact` tells values apart, `int` and `text` order the values of that type."""

    of_line: bool
    field: str
    kind: Literal["exact", "int", "text"]


class Compare(NamedTuple):
    """One comparison; `value` is None for `present`, which any value passes. Told apart exactly: False is not 0 here."""

    property: Property
    op: Comparison
    value: Exact | None


class Form(NamedTuple):
    """All of the comparisons with the event hold, and for each group there is a line of which all of the group hold."""

    event: tuple[Compare, ...] = ()
    lines: tuple[tuple[Compare, ...], ...] = ()


class _LeftError(Exception):
    """The condition has a shape that is left to the plain matcher; says which."""


def unsuitable(campaign: Campaign) -> str | None:
    """Why the plain matcher keeps a campaign to itself under `matcher: rete`; None where durable-rules takes it."""
    found = forms_of(campaign)
    return found if isinstance(found, str) else None


def forms_of(campaign: Campaign) -> tuple[Form, ...] | str:
    """The forms of which at least one holds wherever the campaign does; or why there are none."""
    parts = tuple(part for part in (campaign.audience, campaign.when) if part is not None)
    try:
        forms = _forms(AllOf(parts), campaign.line_sets, of_line=False)
    except _LeftError as left:
        return str(left)
    if not all(form.event or form.lines for form in forms):
        return "it may hold of any event"
    return tuple(dict.fromkeys(forms)) if forms else "it never holds"


def _forms(condition: Condition, sets: Mapping[str, LineSet], *, of_line: bool) -> list[Form]:
    match condition:
        case Test():
            return _of_test(condition, sets, of_line=of_line)
        case AllOf(conditions):
            return _both(_forms(part, sets, of_line=of_line) for part in conditions)
        case AnyOf(conditions, 1):
            return _few([form for part in conditions for form in _forms(part, sets, of_line=of_line)])
        case AnyOf(_, at_least):
            raise _LeftError(f"it asks for at least {at_least} of several conditions")
        case NoneOf():
            raise _LeftError("it asks for none of several conditions")


def _both(parts: Iterable[list[Form]]) -> list[Form]:
    met = [Form()]
    for forms in parts:
        met = _few([Form(one.event + other.event, one.lines + other.lines) for one in met for other in forms])
    return met


def _few(forms: list[Form]) -> list[Form]:
    if len(forms) > MOST_FORMS:
        raise _LeftError(f"it has more than {MOST_FORMS} alternatives")
    return forms


def _of_test(test: Test, sets: Mapping[str, LineSet], *, of_line: bool) -> list[Form]:
    lines = None if of_line else set_measured(test.field, sets)
    if lines is not None:
        return _of_lines(test, lines)
    if test.field == "member.opted_in":
        raise _LeftError("it asks for an opt-in")
    whole = Property(of_line, test.field, "exact")
    match test.op:
        case "one_of":
            return _few([Form((Compare(whole, "eq", exact(value)),)) for value in test.values])
        case "not_one_of" if len(test.values) <= MOST_FORMS:
            return [Form(tuple(Compare(whole, "neq", exact(value)) for value in test.values))]
        case "exists" if test.values[0]:
            return [Form((Compare(whole, "present", None),))]
        case "exists":
            raise _LeftError(f"{test.field} must be missing")
        case _ if test.op in _ORDERED:
            kind: Literal["text", "int"] = "text" if test.type in TEXT_TYPES else "int"
            if type(test.values[0]) is not (str if kind == "text" else int):
                raise _LeftError(f"{test.field} is compared with another type")
            return [Form((Compare(Property(of_line, test.field, kind), _ORDERED[test.op], exact(test.values[0])),))]
        case _:
            raise _LeftError(f"it asks `{test.op}` of {test.field}")


def _of_lines(test: Test, lines: LineSet) -> list[Form]:
    if not needs_a_line(test):
        raise _LeftError(f"{test.field} may be 0")
    if lines.including is None:
        raise _LeftError(f"{test.field} is of all lines")
    groups = [form.event for form in _forms(lines.including, {}, of_line=True)]
    if not all(groups):
        raise _LeftError(f"{test.field} is of all lines")
    return [Form((), (group,)) for group in groups]

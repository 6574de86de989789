"""What a condition cannot hold without: equalities and bounds, told from the condition alone.

Enough to leave a campaign out by, never enough to say that it holds.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from engine.ruleset.conditions import TEXT_TYPES, AllOf, AnyOf, Condition, LineSet, Scalar, Test
from engine.ruleset.lines import MEASURES

Exact = str | tuple[type, Scalar | None]  # a value that equals only its own type: True is not 1


class Need(NamedTuple):
    """The field of the event, or of one of its lines, must have (for a set: contain) this value."""

    of_line: bool
    field: str
    value: Exact


Needs = frozenset[Need]  # at least one of them must be there for the condition to hold


def exact(value: Scalar | None) -> Exact:
    """A key under which a value equals only values of its own type."""
    return value if type(value) is str else (type(value), value)


def choices(condition: Condition | None, sets: Mapping[str, LineSet], *, of_line: bool = False) -> list[Needs]:
    """Each way to tell from equalities alone that a condition cannot hold: one set of needs for each."""
    match condition:
        case Test():
            return _of_test(condition, sets, of_line=of_line)
        case AllOf(conditions):
            return [needs for part in conditions for needs in choices(part, sets, of_line=of_line)]
        case AnyOf(conditions, at_least) if 0 < at_least <= len(conditions):
            parts = [choices(part, sets, of_line=of_line) for part in conditions]
            # all but `at_least - 1` of the parts are looked at: if all of those fail, too few are left
            narrow = sorted((min(part, key=len) for part in parts if part), key=len)
            wanted = len(conditions) - at_least + 1
            return [frozenset().union(*narrow[:wanted])] if len(narrow) >= wanted else []
        case _:
            return []


def _of_test(test: Test, sets: Mapping[str, LineSet], *, of_line: bool) -> list[Needs]:
    lines = None if of_line else set_measured(test.field, sets)
    if lines is not None:
        return choices(lines.including, {}, of_line=True) if needs_a_line(test) else []
    if test.field == "member.opted_in":
        return []
    if test.op in ("one_of", "has_any", "has") and test.values:
        return [frozenset(Need(of_line, test.field, exact(value)) for value in test.values)]
    if test.op == "has_all":
        return [frozenset({Need(of_line, test.field, exact(value))}) for value in test.values]
    return []


def set_measured(field: str, sets: Mapping[str, LineSet]) -> LineSet | None:
    """The set of lines whose measure a field is (`coffee.pieces`); None for any other field."""
    name, _, measured = field.rpartition(".")
    return sets.get(name) if measured in MEASURES else None


def needs_a_line(test: Test) -> bool:
    """Whether a measure of an empty set, 0, fails the test."""
    smallest = min((int(value) for value in test.values), default=0)
    return (test.op == "more_than" and smallest >= 0) or (test.op in ("at_least", "one_of") and smallest > 0)


class Span(NamedTuple):
    """The field of the event, or of one of its lines, must lie between these bounds, both inclusive; None is open."""

    of_line: bool
    field: str
    kind: type  # int or str; a value of another type is outside
    low: Any
    high: Any

    @property
    def closed(self) -> bool:
        """Whether there are both bounds."""
        return self.low is not None and self.high is not None


def spans(condition: Condition | None, sets: Mapping[str, LineSet], *, of_line: bool = False) -> list[Span]:
    """The bounds without which a condition cannot hold: one span for each field of the event, and of each line."""
    match condition:
        case Test():
            return _span_of(condition, sets, of_line=of_line)
        case AllOf(conditions):
            found = [span for part in conditions for span in spans(part, sets, of_line=of_line)]
            return _met([span for span in found if span.of_line is of_line]) + [
                span for span in found if span.of_line is not of_line
            ]
        case _:
            return []


def _span_of(test: Test, sets: Mapping[str, LineSet], *, of_line: bool) -> list[Span]:
    lines = None if of_line else set_measured(test.field, sets)
    if lines is not None:
        return spans(lines.including, {}, of_line=True) if needs_a_line(test) else []
    kind = str if test.type in TEXT_TYPES else int
    bound = test.values[0] if test.values else None
    if bound is None or type(bound) is not kind:
        return []
    match test.op:
        case "at_least" | "from":
            return [Span(of_line, test.field, kind, bound, None)]
        case "more_than":
            return [Span(of_line, test.field, kind, _beside(bound, 1), None)]
        case "at_most":
            return [Span(of_line, test.field, kind, None, bound)]
        case "less_than" | "before":
            return [Span(of_line, test.field, kind, None, _beside(bound, -1))]
        case _:
            return []


def _beside(bound: Scalar, step: int) -> Scalar:
    """Its neighbour, so that the bound itself is outside; a text has none, and is taken in too."""
    return bound if isinstance(bound, str) else bound + step


def _met(found: Iterable[Span]) -> list[Span]:
    """Spans of the same field of the same thing as one."""
    met: dict[tuple[str, type], Span] = {}
    for span in found:
        known = met.get((span.field, span.kind), span)
        lows = [low for low in (known.low, span.low) if low is not None]
        highs = [high for high in (known.high, span.high) if high is not None]
        met[span.field, span.kind] = span._replace(low=max(lows, default=None), high=min(highs, default=None))
    return list(met.values())

"""Conditions as closures, made once: whether one holds of a subject, and what fails first where it does not.

A subject is the facts of an event, or a line.

Partials rather than closures for the commonest tests: they take half the memory, which is what asking 10,000 campaigns costs.

A test on a missing value (None) does not hold, `not` included; `exists: false` alone does (behaviour B-15).
A value of another type than the test's does not hold either; nothing here raises for what an event carries.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

from engine.ruleset.conditions import TEXT_TYPES, AllOf, AnyOf, Condition, NoneOf, Scalar, Test
from engine.ruleset.needs import exact

Subject = Any
Read = Callable[[Any], Any]  # a field's value of a subject, None where it is missing
Holds = Callable[[Any], bool]


class Key(NamedTuple):
    """A field that stands as it is in an event's fields, or in a line, so that a test of it need not call a reader."""

    of_line: bool
    name: str


class Sum(NamedTuple):
    """The pieces or the amount (`column`), or the count (""), of the lines that have a text under a key: `read` gives it."""

    key: str
    wanted: str
    column: str
    read: Read


Source = Read | Key | Sum
SourceOf = Callable[[str], Source]


def reader(source: Source) -> Read:
    """Reads a field."""
    match source:
        case Key(True, name):
            return lambda line: line.get(name)
        case Key(_, name):
            return lambda facts: facts.fields.get(name)
        case Sum(read=read):
            return read
        case _:
            return source


class Predicate(NamedTuple):
    """A compiled condition: whether it holds, and which part fails first by name, "" where it holds."""

    holds: Holds
    failing: Callable[[Subject], str]


def predicate(condition: Condition | None, source_of: SourceOf) -> Predicate:
    """Compiles a condition for subjects whose fields `source_of` finds."""
    match condition:
        case None:
            return Predicate(lambda _: True, lambda _: "")
        case Test(field):
            return _named(field, _test(condition, source_of(field)))
        case AllOf(conditions):
            return _all(conditions, source_of)
        case AnyOf(conditions, at_least):
            return _any(name_of(condition), [predicate(part, source_of).holds for part in conditions], at_least)
        case NoneOf(conditions):
            return _none(list(map(name_of, conditions)), [predicate(part, source_of).holds for part in conditions])


def name_of(condition: Condition) -> str:
    """A stable name: the field of a test; a group of tests on one field is named by it, others as `any: a, b`."""
    match condition:
        case Test(field):
            return field
        case AllOf(conditions):
            return _joined("all", conditions)
        case NoneOf(conditions):
            return _joined("none", conditions)
        case AnyOf(conditions, at_least):
            return _joined("any" if at_least == 1 else f"at least {at_least} of", conditions)


def _joined(word: str, conditions: Sequence[Condition]) -> str:
    names = list(dict.fromkeys(map(name_of, conditions)))
    if len(names) == 1 and word != "none":
        return names[0]
    return f"{word}: {', '.join(names)}"


def _named(name: str, holds: Holds) -> Predicate:
    return Predicate(holds, lambda subject: "" if holds(subject) else name)


def _all(conditions: Sequence[Condition], source_of: SourceOf) -> Predicate:
    asked = tuple(predicate(part, source_of) for part in conditions)
    if len(asked) == 1:
        return asked[0]

    def failing(subject: Subject) -> str:
        for check, reason in asked:
            if not check(subject):
                return reason(subject)
        return ""

    match conditions:
        case (Test() as low, Test() as high) if _same_ordered(low, high):
            return Predicate(_between(low, high, reader(source_of(low.field))), failing)
        case _:
            return Predicate(_every(tuple(part.holds for part in asked)), failing)


def _same_ordered(low: Test, high: Test) -> bool:
    return (low.field, low.type) == (high.field, high.type) and low.op in _COMPARE and high.op in _COMPARE


def _two(first: Holds, second: Holds, subject: Subject) -> bool:
    return first(subject) and second(subject)


def _between(low: Test, high: Test, read: Read) -> Holds:
    """Two bounds of one field, which is read once."""
    above, below, kind = _COMPARE[low.op], _COMPARE[high.op], str if low.type in TEXT_TYPES else int
    least, most = low.values[0], high.values[0]
    return lambda s: type(value := read(s)) is kind and above(value, least) and below(value, most)


def _every(checks: tuple[Holds, ...]) -> Holds:
    if len(checks) == 2:  # noqa: PLR2004 - the commonest, in one call less than the loop takes
        return partial(_two, *checks)

    def holds(subject: Subject) -> bool:
        for check in checks:  # noqa: SIM110 - a generator for all() costs three times the loop
            if not check(subject):
                return False
        return True

    return holds


def _any(name: str, checks: list[Holds], at_least: int) -> Predicate:
    def holds(subject: Subject) -> bool:
        missing = at_least
        for check in checks:
            if missing <= 0:
                break
            if check(subject):
                missing -= 1
        return missing <= 0

    return _named(name, holds)


def _none(names: list[str], checks: list[Holds]) -> Predicate:
    def failing(subject: Subject) -> str:
        for name, check in zip(names, checks, strict=True):
            if check(subject):
                return f"none: {name}"
        return ""

    return Predicate(lambda subject: not failing(subject), failing)


def _test(test: Test, source: Source) -> Holds:
    values, read = test.values, reader(source)
    match test.op:
        case "one_of":
            return _one_of(values, source)
        case "not_one_of":
            inside = _one_of(values, source)
            return lambda subject: read(subject) is not None and not inside(subject)
        case "exists":
            return (lambda s: read(s) is not None) if values[0] else (lambda s: read(s) is None)
        case "starts_with":
            prefixes = tuple(map(str, values))
            return lambda s: type(value := read(s)) is str and value.startswith(prefixes)
        case "has" | "has_any" | "has_all" | "has_none":
            return _of_set(test.op, frozenset(values), read)
        case "at_least" if isinstance(source, Sum):
            return _sums_to(int(values[0]), source)
        case _:
            return _ordered(test, source)


def _one_of(values: Sequence[Scalar], source: Source) -> Holds:
    read = reader(source)
    if len(values) == 1 and type(values[0]) is str:
        return _equal(values[0], source)
    wanted = frozenset(map(exact, values))
    if all(type(value) is str for value in values):
        if isinstance(source, Key) and source.of_line:
            name = source.name
            return lambda line: type(value := line.get(name)) is str and value in wanted
        return lambda s: type(value := read(s)) is str and value in wanted
    return lambda s: isinstance(value := read(s), str | int) and exact(value) in wanted


def _equal(wanted: str, source: Source) -> Holds:
    """The commonest test, in one call; only a text equals a text."""
    match source:
        case Key(True, name):
            return lambda line: line.get(name) == wanted
        case Key(_, name):
            return _event_text(name, wanted)
        case _:
            read = reader(source)
            return lambda s: read(s) == wanted


@lru_cache(maxsize=4096)
def _event_text(name: str, wanted: str) -> Holds:
    """Shared by the campaigns that ask the same: the less memory there is to walk, the more of it stays in the caches."""
    return partial(_is_text, name, wanted)


def _is_text(name: str, wanted: str, facts: Subject) -> bool:
    return bool(facts.fields.get(name) == wanted)


def _sums_to(least: int, source: Sum) -> Holds:
    """The commonest test of lines, in one call."""
    key, wanted, column, _ = source
    return partial(_sums, key, wanted, column, least) if column else partial(_counts, key, wanted, least)


def _sums(key: str, wanted: str, column: str, least: int, facts: Subject) -> bool:
    missing = least
    for line in facts.lines:
        if line.get(key) == wanted:
            missing -= line[column]
    return missing <= 0


def _counts(key: str, wanted: str, least: int, facts: Subject) -> bool:
    missing = least
    for line in facts.lines:
        if line.get(key) == wanted:
            missing -= 1
    return missing <= 0


def _of_set(op: str, wanted: frozenset[Scalar], read: Read) -> Holds:
    """`has` and `has_any`: at least one; `has_all`: each; `has_none`: not one. Sets are tuples of texts."""

    def members(subject: Subject) -> frozenset[Any] | None:
        value = read(subject)
        return frozenset(value) if isinstance(value, tuple | list) else None

    match op:
        case "has_all":
            return lambda s: (found := members(s)) is not None and wanted <= found
        case "has_none":
            return lambda s: (found := members(s)) is not None and not wanted & found
        case _:
            return lambda s: (found := members(s)) is not None and bool(wanted & found)


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "at_least": operator.ge,
    "from": operator.ge,
    "at_most": operator.le,
    "more_than": operator.gt,
    "less_than": operator.lt,
    "before": operator.lt,
}


def _ordered(test: Test, source: Source) -> Holds:
    compare, bound, kind = _COMPARE[test.op], test.values[0], str if test.type in TEXT_TYPES else int
    match source:
        case Key(False, name):
            return lambda facts: type(value := facts.fields.get(name)) is kind and compare(value, bound)
        case Key(_, name):
            return lambda line: type(value := line.get(name)) is kind and compare(value, bound)
        case _:
            read = reader(source)
            return lambda s: type(value := read(s)) is kind and compare(value, bound)

"""Which campaigns could fire for an event: by the most selective equality that each of them needs, else by a lower bound.

The answer is a function of the ruleset alone, so every matcher leaves out the same campaigns. A campaign is left out
only where it cannot hold; one with `otherwise` only where its audience cannot hold, since its near misses count too.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from engine.ruleset.conditions import AllOf, AnyOf, Condition, LineSet, Scalar, Test
from engine.ruleset.lines import line_value
from engine.ruleset.matching import Facts
from engine.ruleset.model import Campaign, Ruleset

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
    set_name, _, measure = test.field.rpartition(".")
    if not of_line and set_name in sets and measure in ("pieces", "count", "amount", "distinct_skus"):
        return choices(sets[set_name].including, {}, of_line=True) if _needs_a_line(test) else []
    if test.field == "member.opted_in":
        return []
    if test.op in ("one_of", "has_any", "has") and test.values:
        return [frozenset(Need(of_line, test.field, exact(value)) for value in test.values)]
    if test.op == "has_all":
        return [frozenset({Need(of_line, test.field, exact(value))}) for value in test.values]
    return []


def _needs_a_line(test: Test) -> bool:
    """Whether a measure of an empty set, 0, fails the test."""
    smallest = min((int(value) for value in test.values), default=0)
    return (test.op == "more_than" and smallest >= 0) or (test.op in ("at_least", "one_of") and smallest > 0)


class Floor(NamedTuple):
    """The field of the event must be a number of at least this."""

    field: str
    least: int


def floors(condition: Condition | None, sets: Mapping[str, LineSet]) -> list[Floor]:
    """The lower bounds of the event's own fields without which a condition cannot hold."""
    match condition:
        case Test(field, _, "at_least" | "more_than", (int(least),)) if field.rpartition(".")[0] not in sets:
            return [Floor(field, least)]
        case AllOf(conditions):
            return [floor for part in conditions for floor in floors(part, sets)]
        case _:
            return []


class Index:
    """Finds the positions of candidates in `ruleset.campaigns`."""

    def __init__(self, ruleset: Ruleset) -> None:
        ways = [_ways(campaign) for campaign in ruleset.campaigns]
        shared = Counter(
            (campaign.on, need)
            for campaign, options in zip(ruleset.campaigns, ways, strict=True)
            for need in frozenset().union(*options)
        )
        self._by_type: dict[str, _Buckets] = defaultdict(_Buckets)
        for position, (campaign, options) in enumerate(zip(ruleset.campaigns, ways, strict=True)):
            needs, bounds = _best(options, campaign.on, shared), _floors(campaign)
            self._by_type[campaign.on].add(position, needs, max(bounds, default=None, key=lambda floor: floor.least))

    def positions(self, facts: Facts) -> Sequence[int]:
        """Positions of the campaigns that could fire, ascending."""
        buckets = self._by_type.get(facts.on)
        return buckets.positions(facts) if buckets else ()


def _ways(campaign: Campaign) -> list[Needs]:
    ways = choices(campaign.audience, campaign.line_sets)
    return ways if campaign.otherwise else ways + choices(campaign.when, campaign.line_sets)


def _floors(campaign: Campaign) -> list[Floor]:
    found = floors(campaign.audience, campaign.line_sets)
    return found if campaign.otherwise else found + floors(campaign.when, campaign.line_sets)


def _best(options: Iterable[Needs], on: str, shared: Mapping[tuple[str, Need], int]) -> Needs:
    """The needs that the fewest campaigns share; none where there is no way to tell."""
    return min(
        options,
        key=lambda needs: (sum(shared[on, need] for need in needs), sorted(map(repr, needs))),
        default=frozenset(),
    )


class _Buckets:
    """The campaigns on one type of event."""

    def __init__(self) -> None:
        self._always: list[int] = []
        self._fields: dict[str, dict[Exact, list[int]]] = {}
        self._floors: dict[str, tuple[list[int], list[int]]] = {}  # bounds ascending, and the position of each
        self._line_fields: dict[str, tuple[Callable[[Any], Any], dict[Exact, list[int]]]] = {}

    def add(self, position: int, needs: Needs, floor: Floor | None) -> None:
        if not needs and floor is not None:
            bounds, positions = self._floors.setdefault(floor.field, ([], []))
            at = bisect_right(bounds, floor.least)
            bounds.insert(at, floor.least)
            positions.insert(at, position)
        elif not needs:
            self._always.append(position)
        for need in needs:
            if need.of_line:
                _, values = self._line_fields.setdefault(need.field, (line_value(need.field), {}))
            else:
                values = self._fields.setdefault(need.field, {})
            values.setdefault(need.value, []).append(position)

    def positions(self, facts: Facts) -> Sequence[int]:
        found = [*self._always]
        self._by_event(facts.fields, found)
        for read, values in self._line_fields.values():
            for line in facts.lines:
                value = read(line)
                if value is not None:
                    found += values.get(value if type(value) is str else (type(value), value), ())
        return sorted(set(found))

    def _by_event(self, fields: Mapping[str, Any], found: list[int]) -> None:
        for name, values in self._fields.items():
            value = fields.get(name)
            if type(value) is str:
                found += values.get(value, ())
            elif isinstance(value, tuple | list):
                for each in value:
                    found += values.get(exact(each), ())
            elif value is not None:
                found += values.get((type(value), value), ())
        for name, (bounds, positions) in self._floors.items():
            value = fields.get(name)
            if type(value) is int:
                found += positions[: bisect_right(bounds, value)]

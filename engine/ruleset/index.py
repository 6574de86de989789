"""Which campaigns could fire for an event: by the equality or the bounds that each of them needs and fewest others share.

The answer is a function of the ruleset alone, so every matcher leaves out the same campaigns. A campaign is left out
only where it cannot hold; one with `otherwise` only where its audience cannot hold, since its near misses count too.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from engine.ruleset.conditions import AllOf
from engine.ruleset.lines import line_key, line_value
from engine.ruleset.matching import Facts, Line
from engine.ruleset.model import Campaign, Ruleset
from engine.ruleset.needs import Exact, Need, Needs, Span, choices, exact, spans
from engine.ruleset.ranges import Range, Ranges


class Index:
    """Finds the positions of candidates in `ruleset.campaigns`; paused ones are none."""

    def __init__(self, ruleset: Ruleset) -> None:
        asked = [_asked(campaign) for campaign in ruleset.campaigns]
        crowd = _Crowd(zip((campaign.on for campaign in ruleset.campaigns), asked, strict=True))
        self._by_type: dict[str, _Buckets] = defaultdict(_Buckets)
        for position, (campaign, of) in enumerate(zip(ruleset.campaigns, asked, strict=True)):
            if campaign.state != "paused":
                self._by_type[campaign.on].add(position, crowd.best(campaign.on, of))
        for buckets in self._by_type.values():
            buckets.finish()

    def positions(self, facts: Facts) -> Sequence[int]:
        """Positions of the campaigns that could fire, ascending."""
        buckets = self._by_type.get(facts.on)
        return buckets.positions(facts) if buckets else ()


class _Asked(NamedTuple):
    """All that a campaign could be found by."""

    ways: list[Needs]
    spans: list[Span]


def _asked(campaign: Campaign) -> _Asked:
    sets = campaign.line_sets
    if campaign.otherwise:
        return _Asked(choices(campaign.audience, sets), spans(campaign.audience, sets))
    both = AllOf(tuple(part for part in (campaign.audience, campaign.when) if part is not None))
    return _Asked(choices(both, sets), spans(both, sets))


class _Crowd:
    """How many campaigns share a way to be found: the fewer, the better."""

    def __init__(self, asked: Iterable[tuple[str, _Asked]]) -> None:
        self._needs: Counter[tuple[str, Need]] = Counter()
        self._spans: Counter[tuple[str, bool, str, bool]] = Counter()
        for on, (ways, found) in asked:
            self._needs.update((on, need) for need in frozenset().union(*ways))
            self._spans.update({_like(on, span) for span in found})

    def best(self, on: str, asked: _Asked) -> Needs | Span | None:
        """The way that leaves the fewest others beside this campaign; None where there is none."""
        by_needs: list[tuple[int, list[str], Needs | Span]] = [
            (sum(self._needs[on, need] for need in needs), sorted(map(repr, needs)), needs) for needs in asked.ways
        ]
        by_span = [(self._beside(on, span), [repr(span)], span) for span in asked.spans]
        return min((*by_needs, *by_span), key=lambda way: way[:2], default=(0, [], None))[2]

    def _beside(self, on: str, span: Span) -> int:
        """What values events have nobody knows here: half of the open spans will pass, say, and an eighth of the others."""
        return 1 + self._spans[_like(on, span)] // (8 if span.closed else 2)


def _like(on: str, span: Span) -> tuple[str, bool, str, bool]:
    return on, span.of_line, span.field, span.closed


class _Buckets:
    """The campaigns on one type of event."""

    def __init__(self) -> None:
        self._always: list[int] = []
        self._fields: dict[str, dict[Exact, list[int]]] = {}
        self._line_fields: dict[str, dict[Exact, list[int]]] = {}
        self._spans: dict[tuple[bool, str, type], list[tuple[Span, int]]] = defaultdict(list)
        self._line_keys: list[tuple[str, dict[Exact, list[int]]]] = []
        self._readers: list[tuple[Callable[[Line], Any], dict[Exact, list[int]]]] = []
        self._ranges: list[tuple[str, type, Ranges]] = []
        self._line_ranges: list[tuple[Callable[[Line], Any], type, Ranges]] = []

    def add(self, position: int, by: Needs | Span | None) -> None:
        """Files a campaign under what it is found by; None is always."""
        if isinstance(by, Span):
            self._spans[by.of_line, by.field, by.kind].append((by, position))
            return
        if not by:
            self._always.append(position)
            return
        for need in by:
            fields = self._line_fields if need.of_line else self._fields
            fields.setdefault(need.field, {}).setdefault(need.value, []).append(position)

    def finish(self) -> None:
        """Makes ready to be asked, after the last campaign."""
        for field, values in self._line_fields.items():
            key = line_key(field)
            if key is None:
                self._readers.append((line_value(field), values))
            else:
                self._line_keys.append((key, values))
        for (of_line, field, kind), filed in self._spans.items():
            ranges = Ranges(Range(span.low, span.high, position) for span, position in filed)
            if of_line:
                self._line_ranges.append((line_value(field), kind, ranges))
            else:
                self._ranges.append((field, kind, ranges))

    def positions(self, facts: Facts) -> Sequence[int]:
        """The campaigns that could fire, ascending, each once."""
        found = [*self._always]
        self._by_event(facts.fields, found)
        if self._line_keys:
            self._by_lines(facts.lines, found)
        if self._readers or self._line_ranges:
            self._computed(facts.lines, found)
        return sorted(set(found)) if len(found) > 1 else found

    def _by_event(self, fields: Mapping[str, Any], found: list[int]) -> None:
        for name, values in self._fields.items():
            value = fields.get(name)
            if type(value) is str:
                if (filed := values.get(value)) is not None:
                    found += filed
            elif value is not None:
                found += _of_value(value, values)
        for name, kind, ranges in self._ranges:
            value = fields.get(name)
            if type(value) is kind:
                ranges.find(value, found)

    def _by_lines(self, lines: Sequence[Line], found: list[int]) -> None:
        for key, values in self._line_keys:
            for line in lines:
                value = line.get(key)
                if type(value) is str:
                    if (filed := values.get(value)) is not None:
                        found += filed
                elif value is not None:
                    found += _of_value(value, values)

    def _computed(self, lines: Sequence[Line], found: list[int]) -> None:
        """By what must be computed of each line."""
        for read, values in self._readers:
            for line in lines:
                value = read(line)
                if value is not None:
                    found += values.get(value, ()) if type(value) is str else _of_value(value, values)
        for read, kind, ranges in self._line_ranges:
            for line in lines:
                value = read(line)
                if type(value) is kind:
                    ranges.find(value, found)


def _of_value(value: object, values: Mapping[Exact, list[int]]) -> Iterator[int]:
    """What is filed under a number or a boolean, or under each text of a set."""
    if isinstance(value, tuple | list):
        for each in value:
            yield from values.get(exact(each), ())
    elif isinstance(value, int):
        yield from values.get((type(value), value), ())

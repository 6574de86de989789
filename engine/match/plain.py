"""The plain matcher: compiled predicates over the ruleset's index. The oracle for every other matcher.

Knows nothing of rows or effects. `member.opted_in` asks whether the campaign's own name is among `member.opt_ins`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from engine.match.predicates import Holds, Predicate, Read, predicate
from engine.ruleset.conditions import Condition, LineSet
from engine.ruleset.index import Index
from engine.ruleset.lines import line_value, measure
from engine.ruleset.matching import Facts, Line, Verdict
from engine.ruleset.model import Campaign, Ruleset

_MEASURES = ("pieces", "count", "amount", "distinct_skus")


class _Compiled(NamedTuple):
    campaign: Campaign
    paused: bool
    from_ms: int
    until_ms: int
    audience: Predicate
    when: Predicate


class PlainMatcher:
    """Implements `engine.ruleset.matching.Matcher` for one ruleset."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._index = Index(ruleset)
        self._campaigns = [_compile(campaign) for campaign in ruleset.campaigns]
        self._earns = _lines_apart(ruleset.programme.earning.excluding)
        # by identity, each beside its condition, which keeps the identity taken
        self._conditions: dict[int, tuple[Condition, Holds]] = {}
        self._sets: dict[int, tuple[LineSet, Holds]] = {}
        for compiled in self._campaigns:
            for condition, made in (
                (compiled.campaign.audience, compiled.audience),
                (compiled.campaign.when, compiled.when),
            ):
                if condition is not None:
                    self._conditions[id(condition)] = (condition, made.holds)
            for lines in compiled.campaign.line_sets.values():
                self._sets[id(lines)] = (lines, _in_set(lines))
        for message in ruleset.messages:
            if message.when is not None:
                self._conditions[id(message.when)] = (message.when, predicate(message.when, _plain_field).holds)

    def candidates(self, facts: Facts) -> Sequence[Verdict]:
        """The running campaigns on this event in the ruleset's order, less those that the index rules out."""
        verdicts = []
        time_ms = facts.time_ms
        for position in self._index.positions(facts):
            campaign, paused, from_ms, until_ms, audience, when = self._campaigns[position]
            if paused or not from_ms <= time_ms < until_ms:
                continue
            reason = audience.failing(facts)
            if reason:
                verdicts.append(Verdict(campaign, eligible=False, holds=False, reason=reason))
                continue
            reason = when.failing(facts)
            verdicts.append(Verdict(campaign, eligible=True, holds=not reason, reason=reason))
        return verdicts

    def holds(self, condition: Condition | None, facts: Facts) -> bool:
        """Whether a condition holds; one of a campaign of this ruleset knows that campaign's line sets and name."""
        if condition is None:
            return True
        known = self._conditions.get(id(condition))
        return known[1](facts) if known else predicate(condition, _plain_field).holds(facts)

    def select(self, lines: LineSet, facts: Facts) -> Sequence[Line]:
        """The lines of the event that are in the set, in their order."""
        known = self._sets.get(id(lines))
        inside = known[1] if known else _in_set(lines)
        return [line for line in facts.lines if inside(line)]

    def earning_lines(self, facts: Facts) -> Sequence[Line]:
        """The lines that the programme's `earning.excluding` does not match."""
        return [line for line in facts.lines if self._earns(line)]


_BEGINNING, _END = -(1 << 62), 1 << 62


def _compile(campaign: Campaign) -> _Compiled:
    reader_of = _fields_of(campaign.name, campaign.line_sets)
    return _Compiled(
        campaign,
        campaign.state == "paused",
        _BEGINNING if campaign.from_ms is None else campaign.from_ms,
        _END if campaign.until_ms is None else campaign.until_ms,
        predicate(campaign.audience, reader_of),
        predicate(campaign.when, reader_of),
    )


def _fields_of(campaign: str, sets: Mapping[str, LineSet]) -> Callable[[str], Read]:
    inside = {name: _in_set(lines) for name, lines in sets.items()}

    def reader_of(field: str) -> Read:
        if field == "member.opted_in":
            return lambda facts: _opted_in(facts, campaign)
        name, _, of = field.rpartition(".")
        if name in inside and of in _MEASURES:
            return _measured(of, inside[name])
        return _plain_field(field)

    return reader_of


def _plain_field(field: str) -> Read:
    return lambda facts: facts.fields.get(field)


def _opted_in(facts: Facts, campaign: str) -> bool | None:
    opt_ins = facts.fields.get("member.opt_ins")
    return None if opt_ins is None else campaign in opt_ins


def _measured(of: str, inside: Holds) -> Read:
    def read(facts: Facts) -> int:
        return measure(of, [line for line in facts.lines if inside(line)])

    return read


def _in_set(lines: LineSet) -> Holds:
    included, apart = predicate(lines.including, line_value).holds, _lines_apart(lines.excluding)
    return lambda line: included(line) and apart(line)


def _lines_apart(excluding: Condition | None) -> Callable[[Any], bool]:
    """Whether a line is not excluded; no condition excludes none."""
    if excluding is None:
        return lambda _: True
    excluded = predicate(excluding, line_value).holds
    return lambda line: not excluded(line)

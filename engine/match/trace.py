"""Why a campaign holds of an event, or does not: its conditions as a tree, each with the value seen and whether it held.

Pure, and for any matcher: every test is put to the matcher with the value that the campaign sees.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.match.predicates import name_of
from engine.ruleset.conditions import AllOf, AnyOf, Condition, NoneOf, Test
from engine.ruleset.lines import measure
from engine.ruleset.matching import Facts, Matcher
from engine.ruleset.model import Campaign

_MEASURES = ("pieces", "count", "amount", "distinct_skus")


@dataclass(frozen=True, slots=True)
class Traced:
    """A condition that was asked. Of a test: the value seen (None: missing), and for a set of lines which lines are in it."""

    condition: Condition
    held: bool
    value: Any = None
    lines: tuple[str, ...] | None = None
    parts: tuple["Traced", ...] = ()

    @property
    def name(self) -> str:
        """The name that a matcher's reason has for it."""
        return name_of(self.condition)

    @property
    def failing(self) -> str:
        """The part that fails first, by the name that a matcher gives as its reason; "" where the condition held."""
        if self.held:
            return ""
        match self.condition:
            case AllOf():
                return next(part.failing for part in self.parts if not part.held)
            case NoneOf():
                return f"none: {next(part.name for part in self.parts if part.held)}"
            case _:
                return self.name

    def tests(self) -> Iterator["Traced"]:
        """The tests that it is made of."""
        if isinstance(self.condition, Test):
            yield self
        for part in self.parts:
            yield from part.tests()


@dataclass(frozen=True, slots=True)
class Trace:
    """A campaign asked about an event. `audience` and `when` are None where it has no such condition.

    `running`: it is not paused, is on this type of event, and the event lies within its bounds.
    """

    campaign: Campaign
    running: bool
    audience: Traced | None
    when: Traced | None

    @property
    def eligible(self) -> bool:
        """Whether the audience holds."""
        return self.audience is None or self.audience.held

    @property
    def holds(self) -> bool:
        """Whether audience and `when` hold."""
        return self.eligible and (self.when is None or self.when.held)

    @property
    def reason(self) -> str:
        """The first condition that failed, audience before `when`, as a verdict has it; "" where all hold."""
        return next((root.failing for root in (self.audience, self.when) if root is not None and not root.held), "")


def trace(campaign: Campaign, facts: Facts, matcher: Matcher) -> Trace:
    """Asks every condition of a campaign, also those that a matcher passes over once the answer is known.

    One on another type of event is asked nothing: what it asks for is not there.
    """
    if campaign.on != facts.on:
        return Trace(campaign, running=False, audience=None, when=None)
    return Trace(
        campaign,
        _running(campaign, facts),
        None if campaign.audience is None else _traced(campaign.audience, campaign, facts, matcher),
        None if campaign.when is None else _traced(campaign.when, campaign, facts, matcher),
    )


def _running(campaign: Campaign, facts: Facts) -> bool:
    begun = campaign.from_ms is None or campaign.from_ms <= facts.time_ms
    over = campaign.until_ms is not None and campaign.until_ms <= facts.time_ms
    return campaign.state != "paused" and begun and not over


def _traced(condition: Condition, campaign: Campaign, facts: Facts, matcher: Matcher) -> Traced:
    if isinstance(condition, Test):
        return _test(condition, campaign, facts, matcher)
    parts = tuple(_traced(part, campaign, facts, matcher) for part in condition.conditions)
    held = sum(part.held for part in parts)
    match condition:
        case AllOf():
            holds = held == len(parts)
        case AnyOf(at_least=at_least):
            holds = held >= at_least
        case NoneOf():
            holds = held == 0
    return Traced(condition, holds, parts=parts)


def _test(test: Test, campaign: Campaign, facts: Facts, matcher: Matcher) -> Traced:
    lines: tuple[str, ...] | None = None
    name, _, of = test.field.rpartition(".")
    if name in campaign.line_sets and of in _MEASURES:
        chosen = matcher.select(campaign.line_sets[name], facts)
        value: Any = measure(of, chosen)
        lines = tuple(str(line.get("line_id", "")) for line in chosen)
    elif test.field == "member.opted_in":
        opt_ins = facts.fields.get("member.opt_ins")
        value = None if opt_ins is None else campaign.name in opt_ins
    else:
        value = facts.fields.get(test.field)
    seen = facts if value is None else facts._replace(fields={**facts.fields, test.field: value})
    return Traced(test, matcher.holds(test, seen), value, lines)

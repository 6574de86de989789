"""Why the first difference arose: the campaigns that differ there, each with the conditions as both rules saw them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from engine.core.records import Json
from engine.history.history import History
from engine.match.choice import matcher_for
from engine.match.plain import PlainMatcher
from engine.match.trace import Trace, Traced, trace
from engine.match.watching import Watching
from engine.replay.rules_of import RulesOf
from engine.replay.whatif.comparing import Outcome
from engine.replay.whatif.course import Recorded
from engine.replay.whatif.differences import First
from engine.replay.whatif.question import Question
from engine.ruleset.matching import Facts
from engine.ruleset.model import Campaign as Definition
from engine.ruleset.model import Ruleset


class Asked(NamedTuple):
    """A campaign as one of the two rules asked it; `holds` of None: it was not asked about this record.

    `known`: these rules have it. `tests`: name, value seen, whether it held.
    """

    known: bool = False
    running: bool = False
    holds: bool | None = None
    fired: bool = False
    reason: str = ""
    points: int = 0
    tests: tuple[tuple[str, Json, bool], ...] = ()


class Campaign(NamedTuple):
    """A campaign that differs: `changed` says whether its definition does."""

    name: str
    changed: bool
    recorded: Asked
    other: Asked


def recorded_facts(history: History, question: Question, first: First) -> tuple[Ruleset | None, Facts | None]:
    """The rules that decided a record, and what they asked about: derived once more up to it."""
    watchers = {digest: Watching(matcher_for(rules, question.matcher)) for digest, rules in history.rulesets.items()}
    derived = Recorded(history, question, first.partition, RulesOf(history.rulesets, question.matcher, dict(watchers)))
    for step in derived.steps(first.record.offset):
        del step
        for watcher in watchers.values():
            watcher.asked.clear()
    for watcher in watchers.values():
        watcher.asked.clear()
    for step in derived.steps(first.record.offset + 1):
        del step
    for digest, watcher in watchers.items():
        if watcher.asked:
            rules = history.rulesets[digest]
            return rules, telling(watcher.asked, first, rules)
    return history.rulesets.get(derived.ruleset), None


def telling(asked: Sequence[Facts], first: First, rules: Ruleset) -> Facts | None:
    """Of all that was asked at a record the last that is of a type which some campaign gave something for.

    One record may have others decided that waited for it: an enrolment its sales, a sale its return.
    """
    types = {
        campaign.on
        for campaign in rules.campaigns
        if any(_given(campaign.name, outcomes)[0] for outcomes in (first.recorded, first.other))
    }
    return next((facts for facts in reversed(asked) if facts.on in types), asked[-1] if asked else None)


def campaigns_of(
    first: First, before: Ruleset | None, seen_before: Facts | None, after: Ruleset, seen_after: Facts | None
) -> list[Campaign]:
    """The campaigns that one of both rules has otherwise, or that held or gave otherwise."""
    old = {} if before is None else {each.name: each for each in before.campaigns}
    new = {each.name: each for each in after.campaigns}
    found: list[Campaign] = []
    for name in sorted(old.keys() | new.keys()):
        recorded = _asked(old.get(name), before, seen_before, first.recorded)
        other = _asked(new.get(name), after, seen_after, first.other)
        changed = old.get(name) != new.get(name)
        gave = (recorded.holds, recorded.fired, recorded.points) != (other.holds, other.fired, other.points)
        if gave or (changed and (recorded.running or other.running)):
            found.append(Campaign(name, changed, recorded, other))
    return found


def _asked(
    campaign: Definition | None, rules: Ruleset | None, facts: Facts | None, outcomes: Sequence[Outcome]
) -> Asked:
    if campaign is None or rules is None:
        return Asked()
    fired, reason, points = _given(campaign.name, outcomes)
    asked = Asked(known=True, fired=fired, reason=reason, points=points)
    if facts is None:
        return asked
    traced = trace(campaign, facts, PlainMatcher(rules))
    if not traced.running:
        return asked
    because = reason or traced.reason
    return asked._replace(running=True, holds=traced.holds, reason=because, tests=tuple(_tests(traced)))


def _tests(traced: Trace) -> Iterator[tuple[str, Json, bool]]:
    for root in (traced.audience, traced.when):
        if root is not None:
            for test in root.tests():
                yield test.name, _shown(test), test.held


def _shown(test: Traced) -> Json:
    return list(test.value) if isinstance(test.value, tuple | set | frozenset) else test.value


def _given(name: str, outcomes: Sequence[Outcome]) -> tuple[bool, str, int]:
    """Whether a campaign gave, the reason against it, and the points it awarded."""
    fired, reason, points = False, "", 0
    for each in outcomes:
        data: Mapping[str, Json] = each["data"]
        if each["type"] == "decision.recorded":
            fired = fired or name in data["campaigns_fired"]
            reason = next((one["reason"] for one in data["campaigns_refused"] if one["campaign"] == name), reason)
        elif each["type"] == "points.awarded" and data["campaign"] == name:
            fired = True
            points += data["points"]
    return fired, reason, points

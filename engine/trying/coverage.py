"""What the tests saw of the rules: campaigns, every test of their conditions true and false, every effect."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.match.trace import trace
from engine.ruleset.conditions import AllOf, AnyOf, Condition, NoneOf, Test
from engine.ruleset.effects import (
    AddTag,
    AwardPoints,
    Effect,
    Emit,
    IssueCode,
    IssueVoucher,
    Notify,
    RemoveTag,
    SetAttribute,
    SetTier,
)
from engine.ruleset.model import Campaign, Ruleset
from engine.ruleset.wording.words import Words
from engine.trying.cases import Thing
from engine.trying.running import Trial, Tried


class Seen(NamedTuple):
    """A part of a campaign and what the tests saw of it; of an effect only `yes` counts."""

    said: str
    yes: bool
    no: bool


@dataclass(slots=True)
class CampaignCoverage:
    """What was seen of one campaign. `cases`: those in which its conditions were asked."""

    campaign: Campaign
    cases: int = 0
    fired: bool = False
    held: list[set[bool]] = field(default_factory=list)  # of each test, in order
    given: set[Thing] = field(default_factory=set)

    def conditions(self, words: Words) -> list[Seen]:
        """Every test of audience and `when`, in order."""
        tests = _tests_of(self.campaign)
        held = self.held or [set() for _ in tests]
        return [
            Seen(f"{part}: {words.condition(test)}", True in seen, False in seen)
            for (part, test), seen in zip(tests, held, strict=True)
        ]

    def effects(self, words: Words) -> list[Seen]:
        """Every effect, those of `otherwise` included."""
        return [
            Seen(f"{part}: {words.effect(effect)}", thing_of(effect) in self.given, no=True)
            for part, effects in (("then", self.campaign.then), ("otherwise", self.campaign.otherwise))
            for effect in effects
        ]


class Coverage:
    """Collects over all cases that ran."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.words = Words(ruleset.programme)
        self.campaigns = {campaign.name: CampaignCoverage(campaign) for campaign in ruleset.campaigns}

    def add(self, trial: Trial, tried: Tried) -> None:
        """Takes over what a case saw."""
        for campaign in trial.ruleset.campaigns:
            found = self.campaigns[campaign.name]
            asked = False
            for step in tried.observed:
                for facts in step.facts:
                    traced = trace(campaign, facts, trial.matcher)
                    if traced.running:
                        asked = True
                        roots = [root for root in (traced.audience, traced.when) if root is not None]
                        _note(found, [test.held for root in roots for test in root.tests()])
                found.fired |= campaign.name in step.fired
                for things in (step.things, *step.carried.values()):
                    found.given |= {thing._replace(campaign="") for thing in things if thing.campaign == campaign.name}
            found.cases += asked


# What an effect is called where it happens, and which of its fields says what of.
_CALLED: Mapping[type[Effect], tuple[str, str]] = {
    AwardPoints: ("award_points", "account"),
    AddTag: ("add_tag", "tag"),
    RemoveTag: ("remove_tag", "tag"),
    Notify: ("notify", "message"),
    Emit: ("emit", "name"),
    IssueVoucher: ("issue_voucher", "voucher"),
    IssueCode: ("issue_code", "list"),
    SetTier: ("set_tier", "tier"),
}


def thing_of(effect: Effect) -> Thing:
    """What an effect shows as when it happens."""
    if isinstance(effect, SetAttribute):
        value = str(effect.value).lower() if isinstance(effect.value, bool) else str(effect.value)
        return Thing("set_attribute", f"{effect.attribute} {value}")
    called, what = _CALLED[type(effect)]
    return Thing(called, str(getattr(effect, what)))


def _note(found: CampaignCoverage, held: Sequence[bool]) -> None:
    if not found.held:
        found.held = [set() for _ in held]
    for seen, each in zip(found.held, held, strict=True):
        seen.add(each)


def _tests_of(campaign: Campaign) -> list[tuple[str, Test]]:
    parts = (("audience", campaign.audience), ("when", campaign.when))
    return [(part, test) for part, condition in parts for test in _tests(condition)]


def _tests(condition: Condition | None) -> Iterable[Test]:
    match condition:
        case Test():
            yield condition
        case AllOf(parts) | AnyOf(parts) | NoneOf(parts):
            for part in parts:
                yield from _tests(part)

"""From an event's facts to what each campaign gives: conditions, the member's limits, groups, then amounts (B-9 to B-14)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.core.records import Event, Json
from engine.decide.campaigns.grouping import EXCLUDED, winners, winners_by_line
from engine.decide.campaigns.limiting import Uses
from engine.decide.campaigns.reckoning import Award, BaseEarn, reckon
from engine.decide.draft import Draft
from engine.decide.rows.limits import AskedRow, QuestionRow
from engine.decide.rows.member import MemberRow
from engine.decide.rows.sale import ProposedRow
from engine.ruleset.effects import (
    AwardPoints,
    Effect,
    IssueCode,
    IssueVoucher,
    Rate,
)
from engine.ruleset.matching import Facts, Rules, Verdict
from engine.ruleset.model import Campaign
from engine.ruleset.schedules import SCHEDULED


@dataclass(slots=True)
class Campaigns:
    """What became of the campaigns that were candidates for an event, in the ruleset's order.

    `carried`: effects that are decided and take effect once what they wait for is built. `limited`: awards that a limit cut.
    `proposed`: those that wanted to give, before groups chose, and `stood`: what their conditions saw that a sale does not say; a
    return decides again with both (B-22).
    """

    fired: list[str] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)
    shadow: list[Json] = field(default_factory=list)
    carried: list[Json] = field(default_factory=list)
    limited: list[Json] = field(default_factory=list)
    proposed: dict[str, ProposedRow] = field(default_factory=dict)
    stood: dict[str, Json] = field(default_factory=dict)
    counted: dict[str, list[Json]] = field(default_factory=dict)  # by counter, as `counting.count` says
    asked: AskedRow | None = None  # what the decision waits for; None where it asks nothing
    sale: str | None = None  # the key of the sale below the member, where it is one
    to_referrer: list[Award] = field(default_factory=list)  # to be asked of the referrer


class Proposal(NamedTuple):
    """A campaign that wants to give. `awards` stand for the points among its effects; `otherwise` is a near miss.

    `grants`: what those granted who hold its shared limits: of each award at most so many points.
    """

    campaign: Campaign
    effects: tuple[Effect, ...]
    awards: tuple[Award, ...]
    times: int
    otherwise: bool = False
    grants: tuple[QuestionRow, ...] = ()
    wanted: tuple[int, ...] = ()  # the points of its awards before the grants

    @property
    def gives(self) -> bool:
        """Whether there is something to give: a rate or a bundle can come to 0 points."""
        return any(award.points > 0 for award in self.awards) or not self.only_points

    @property
    def only_points(self) -> bool:
        """Whether it gives nothing but points."""
        return len(self.awards) == len(self.effects)

    def granted(self) -> "Proposal":
        """The proposal with no more points than were granted."""
        if not self.grants:
            return self
        most = (min(points) for points in zip(*(grant["points"] for grant in self.grants), strict=True))
        awards = zip(self.awards, most, strict=True)
        return self._replace(
            awards=tuple(award._replace(points=min(award.points, points)) for award, points in awards),
            wanted=tuple(award.points for award in self.awards),
        )


class Wanting(NamedTuple):
    """The campaigns that want to give, before groups chose, in the ruleset's order; and the base earn that holds."""

    proposals: list[Proposal]
    base: list[BaseEarn]


def propose(draft: Draft, event: Event, member: MemberRow, facts: Facts, campaigns: Campaigns) -> Wanting:
    """What the campaigns want to give once conditions and the member's limits have spoken."""
    rules = draft.rules
    verdicts = _candidates(event, facts, rules)
    base = base_earn(verdicts)
    proposals: list[Proposal] = []
    for verdict in verdicts:
        campaign = verdict.campaign
        if campaign.state == "shadow":
            campaigns.shadow.append(_shadow(verdict, facts, rules, base))
        elif verdict.holds:
            proposal = proposed_by(campaign, facts, rules, base)
            if _used_up(draft, event, member, proposal):
                campaigns.refused.append({"campaign": campaign.name, "reason": "member_limit_reached"})
                if campaign.base:  # multiples were still taken of it
                    _keep_for_returns(proposal._replace(times=0), facts, rules, campaigns)
            else:
                proposals.append(proposal)
                _keep_for_returns(proposal, facts, rules, campaigns)
        else:
            campaigns.refused.append({"campaign": campaign.name, "reason": verdict.reason})
            if verdict.eligible and campaign.otherwise:
                proposals.append(Proposal(campaign, campaign.otherwise, (), 1, otherwise=True))
    return Wanting(proposals, base)


def _candidates(event: Event, facts: Facts, rules: Rules) -> Sequence[Verdict]:
    """The campaigns on an event; of a due instant only the one that is due, where it gives anything at all."""
    found = rules.matcher.candidates(facts)
    if event.type != SCHEDULED:
        return found
    due = (verdict for verdict in found if verdict.campaign.name == event.data["campaign"])
    return [verdict for verdict in due if verdict.holds or (verdict.eligible and verdict.campaign.otherwise)]


def base_earn(verdicts: Sequence[Verdict]) -> list[BaseEarn]:
    """The rates of base earn that hold for an event: what multiples are taken of."""
    return _rates([each.campaign for each in verdicts if each.holds and each.campaign.base])


def base_of(names: Sequence[str], rules: Rules) -> list[BaseEarn]:
    """The same of campaigns of base earn that held when it was asked."""
    return _rates([rules.campaigns[name] for name in names])


def _rates(campaigns: Sequence[Campaign]) -> list[BaseEarn]:
    return [
        BaseEarn(campaign, effect.how, effect.account)
        for campaign in campaigns
        if campaign.state == "live"
        for effect in campaign.then
        if isinstance(effect, AwardPoints) and isinstance(effect.how, Rate)
    ]


def awaited(campaign: Campaign, effect: Effect) -> str:
    """What an effect waits for before it can be given; "" where it can be given now."""
    if campaign.limits and any(limit.per == "code" for limit in campaign.limits):
        return "promo_codes"
    match effect:
        case IssueVoucher():
            return "vouchers"
        case IssueCode():
            return "promo_codes"
        case _:
            return ""


def _keep_for_returns(proposal: Proposal, facts: Facts, rules: Rules, campaigns: Campaigns) -> None:
    campaign = proposal.campaign
    campaigns.proposed[campaign.name] = {"times": proposal.times, "uses": []}
    for name in rules.standing[campaign.name]:
        value = facts.fields.get(name)
        if value is not None:
            campaigns.stood[name] = list(value) if isinstance(value, tuple) else value


def _used_up(draft: Draft, event: Event, member: MemberRow, proposal: Proposal) -> bool:
    """Whether the member's limits leave nothing of a campaign; then it gives way to the next of its group (B-14)."""
    campaign = proposal.campaign
    if not campaign.limits:
        return False
    uses = Uses(draft, event, member, f"campaign:{campaign.name}", campaign.limits)
    if uses.exhausted():
        return True
    wanted = [award.points for award in proposal.awards if award.points > 0]
    return proposal.only_points and bool(wanted) and all(uses.clamped("points", points) == 0 for points in wanted)


def proposed_by(
    campaign: Campaign, facts: Facts, rules: Rules, base: Sequence[BaseEarn], only: Collection[str] | None = None
) -> Proposal:
    """What a campaign wants to give; `only` restricts rates and multiples to some lines."""
    times: int = facts.fields.get(campaign.times, 0) if campaign.times else 1
    awards = [
        reckon(campaign, number, facts, rules, base, times, only)
        for number, effect in enumerate(campaign.then)
        if isinstance(effect, AwardPoints)
    ]
    return Proposal(campaign, campaign.then, tuple(awards), times)


def chosen(
    proposals: list[Proposal], facts: Facts, rules: Rules, base: Sequence[BaseEarn], campaigns: Campaigns
) -> list[Proposal]:
    """Lets every group choose; what it drops is recorded."""
    left: dict[str, Proposal | None] = {}
    for group in rules.ruleset.programme.groups:
        members = [
            each for each in proposals if each.campaign.group == group.name and not each.otherwise and each.gives
        ]
        awards = {each.campaign.name: each.awards for each in members}
        if group.scope == "line":
            lines = winners_by_line(group, awards, facts, rules, base)
            for each in members:
                won = lines[each.campaign.name]
                left[each.campaign.name] = _of_lines(each, facts, rules, base, won) if won else None
        else:
            keep = winners(group, awards, rules)
            left.update({each.campaign.name: each if each.campaign.name in keep else None for each in members})
    kept: list[Proposal] = []
    for each in proposals:
        proposal = each if each.otherwise else left.get(each.campaign.name, each)
        if proposal is None:
            campaigns.refused.append({"campaign": each.campaign.name, "reason": EXCLUDED})
        else:
            kept.append(proposal)
            if not each.otherwise:
                campaigns.fired.append(each.campaign.name)
    return kept


def _of_lines(
    proposal: Proposal, facts: Facts, rules: Rules, base: Sequence[BaseEarn], lines: Collection[str]
) -> Proposal:
    found = proposed_by(proposal.campaign, facts, rules, base, lines)
    return found._replace(grants=proposal.grants).granted()


def _shadow(verdict: Verdict, facts: Facts, rules: Rules, base: Sequence[BaseEarn]) -> dict[str, Json]:
    campaign = verdict.campaign
    awards = proposed_by(campaign, facts, rules, base).awards if verdict.holds else ()
    points: dict[str, int] = {}
    for award in awards:
        points[award.effect.account] = points.get(award.effect.account, 0) + award.points
    return {
        "mode": "shadow",
        "campaign": campaign.name,
        "fired": verdict.holds,
        "reason": verdict.reason,
        "points": points,
    }

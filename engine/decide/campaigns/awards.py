"""Carrying out what campaigns give: points into lots, tags, attributes, messages, the programme's own events (B-1, B-13)."""

from collections.abc import Sequence

from engine.core import ids
from engine.core.records import Event, Json
from engine.decide.campaigns import budget
from engine.decide.campaigns.campaigning import Campaigns, Proposal, awaited
from engine.decide.campaigns.changing import change
from engine.decide.campaigns.limiting import Uses, within_limits
from engine.decide.campaigns.reckoning import Award
from engine.decide.draft import Draft
from engine.decide.points.granting import Given, grant
from engine.decide.rows.member import MemberRow
from engine.decide.rows.sale import AwardRow, UseRow
from engine.decide.tiers.progress import set_tier
from engine.ruleset.effects import AwardPoints, Effect, Emit, SetTier
from engine.ruleset.model import Campaign


def carry_out(
    draft: Draft,
    event: Event,
    member: MemberRow,
    proposals: Sequence[Proposal],
    campaigns: Campaigns,
    sale_key: str | None,
) -> list[AwardRow]:
    """Carries out the effects in their order, within the member's limits, and returns the awards to keep with the sale."""
    kept: list[AwardRow] = []
    for proposal in proposals:
        awards = iter(enumerate(proposal.awards))
        given = [0] * len(proposal.awards)
        for effect in proposal.effects:
            place, award = next(awards) if isinstance(effect, AwardPoints) else (0, None)
            if waiting := awaited(proposal.campaign, effect):
                if award is None or award.points:
                    campaigns.carried.append(_carried(proposal, effect, award, waiting))
                    given[place : place + 1] = [award.points] if award is not None else given[place : place + 1]
            elif award is None:
                for _ in range(proposal.times if isinstance(effect, Emit) else 1):
                    _change(draft, event, member, proposal.campaign, effect)
            elif award.effect.to == "referrer":
                given[place] = _to_referrer(member, award, campaigns)
            else:
                rows = _award(draft, event, member, proposal, place, len(kept), campaigns, sale_key)
                given[place] = sum(row["points"] for row in rows)
                kept.extend(rows)
        _count_uses(draft, event, member, proposal, given, campaigns)
    return kept


def _count_uses(
    draft: Draft, event: Event, member: MemberRow, proposal: Proposal, given: Sequence[int], campaigns: Campaigns
) -> None:
    """Takes the use of the whole campaign, and gives back what was granted and is not given."""
    campaign = proposal.campaign
    gives = proposal.gives and not proposal.otherwise
    if campaign.limits and gives:
        uses = Uses(draft, event, member, f"campaign:{campaign.name}", campaign.limits)
        uses.take("times", 1)
        uses.keep()
        campaigns.proposed[campaign.name]["uses"] += [
            *uses.taken,
            *budget.uses_of_times(proposal.grants, event.time_ms),
        ]
    if not proposal.grants:
        return
    worths = [worth_of(draft, award) for award in proposal.awards]
    budget.give_back(draft, budget.unused(proposal.grants, event.time_ms, given, worths, times=gives))


def _award(
    draft: Draft,
    event: Event,
    member: MemberRow,
    proposal: Proposal,
    place: int,
    number: int,
    campaigns: Campaigns,
    sale_key: str | None,
) -> list[AwardRow]:
    award = proposal.awards[place]
    asked = proposal.wanted[place] if proposal.wanted else award.points
    given, uses = within_limits(draft, event, member, award)
    if given != asked:
        campaigns.limited.append({"campaign": award.campaign.name, "asked": asked, "given": given})
    if given <= 0:
        return []
    if proposal.grants:
        uses += budget.uses_of_award(proposal.grants, event.time_ms, given, worth_of(draft, award))
    cut = award if given == award.points else award._replace(points=given)
    row = post_award(draft, event, member, cut, number, sale_key, uses)
    row["cut"] = given != asked
    return [row]


def _to_referrer(member: MemberRow, award: Award, campaigns: Campaigns) -> int:
    """Leaves an award to be asked of the referrer; nobody gets it where there is none."""
    if award.points > 0 and "referrer" in member:
        campaigns.to_referrer.append(award)
        return award.points
    if award.points > 0:
        campaigns.limited.append({"campaign": award.campaign.name, "asked": award.points, "given": 0})
    return 0


def worth_of(draft: Draft, award: Award) -> int:
    """What a point of an award is worth, in millionths of a minor unit; 0 where nobody says."""
    return draft.rules.accounts[award.effect.account].worth_micro or 0


def _change(draft: Draft, event: Event, member: MemberRow, campaign: Campaign, effect: Effect) -> None:
    """Everything but points; it takes effect for the next event (B-9)."""
    if isinstance(effect, SetTier):
        set_tier(draft, member, effect, campaign.name)
    else:
        change(draft, event.id, member, campaign.name, effect)


def _carried(proposal: Proposal, effect: Effect, award: Award | None, waiting: str) -> dict[str, Json]:
    name = proposal.campaign.name
    carried: dict[str, Json] = {"campaign": name, "effect": _snake(type(effect).__name__), "awaits": waiting}
    if award is not None:
        carried["account"] = award.effect.account
        carried["points"] = award.points
    elif proposal.times > 1:
        carried["times"] = proposal.times
    for name in ("voucher", "list", "ladder", "tier", "tag", "attribute", "message", "name"):
        if hasattr(effect, name):
            carried[name] = getattr(effect, name)
    return carried


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def post_award(
    draft: Draft,
    event: Event,
    member: MemberRow,
    award: Award,
    number: int,
    sale_key: str | None,
    uses: list[UseRow],
) -> AwardRow:
    """Posts the points of an award into a lot of its own."""
    campaign = award.campaign.name
    given = Given(
        campaign,
        lot_id=ids.derive(draft.record, draft.subject, "lot", campaign, str(number)),
        earned_at_ms=event.time_ms,
        record=event.id,
        sale=None if sale_key is None else sale_key[len(draft.subject) + 1 :],
    )
    key, said = grant(draft, member, award.effect, award.points, given)
    data = {**said, "line_ids": list(award.line_ids), "reason": "campaign"}
    limits = award.campaign.limits
    payer = next((limit.paid_by for limit in limits if limit.paid_by), None) if limits else None
    if payer is not None:
        data["paid_by"] = payer
    if "transaction_id" in event.data:
        data["transaction_id"] = event.data["transaction_id"]
    draft.happened("points.awarded", data, campaign)
    return {
        "campaign": campaign,
        "effect": award.number,
        "account": award.effect.account,
        "points": award.points,
        "left": award.points,
        "cut": False,
        "lot": key,
        "base_minor": award.base_minor,
        "line_ids": list(award.line_ids),
        "uses": uses,
    }

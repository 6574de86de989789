"""Carrying out what campaigns give: points into lots, tags, attributes, messages, the programme's own events (B-1, B-13)."""

from collections.abc import Mapping, Sequence

from engine.core import ids
from engine.core.calendar import expires_at
from engine.core.instants import render
from engine.core.records import Event, Json
from engine.decide.campaigning import Campaigns, Proposal, awaited
from engine.decide.draft import Draft
from engine.decide.ledger import Ledger, Movement
from engine.decide.limiting import Uses
from engine.decide.notifying import notify
from engine.decide.reckoning import Award
from engine.decide.rows import VERSION, AwardRow, LotRow, MemberRow, UseRow
from engine.ruleset.effects import AddTag, AwardPoints, Effect, Emit, Notify, RemoveTag, SetAttribute
from engine.ruleset.limits import Limit
from engine.ruleset.model import Campaign

_MICRO = 1_000_000


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
        campaign = proposal.campaign
        awards = iter(proposal.awards)
        for effect in proposal.effects:
            award = next(awards, None) if isinstance(effect, AwardPoints) else None
            if waiting := awaited(campaign, effect):
                if award is None or award.points:
                    campaigns.carried.append(_carried(proposal, effect, award, waiting))
            elif award is not None:
                kept.extend(_award(draft, event, member, award, len(kept), campaigns, sale_key))
            else:
                for _ in range(proposal.times if isinstance(effect, Emit) else 1):
                    _change(draft, event, member, campaign, effect)
        if campaign.limits and _gives(proposal):
            uses = Uses(draft, event, member, f"campaign:{campaign.name}", campaign.limits)
            uses.take("times", 1)
            uses.keep()
            campaigns.proposed[campaign.name]["uses"] += uses.taken
    return kept


def _gives(proposal: Proposal) -> bool:
    """Whether there is something to give, so that a use is taken: a rate or a bundle can come to 0 points."""
    only_points = len(proposal.awards) == len(proposal.effects)
    return not proposal.otherwise and (not only_points or any(award.points for award in proposal.awards))


def _award(
    draft: Draft,
    event: Event,
    member: MemberRow,
    award: Award,
    number: int,
    campaigns: Campaigns,
    sale_key: str | None,
) -> list[AwardRow]:
    given, uses = _within_limits(draft, event, member, award)
    if given != award.points:
        cut = {"campaign": award.campaign.name, "asked": award.points, "given": given}
        campaigns.limited.append(cut)
    if given <= 0:
        return []
    return [_post(draft, event, member, award._replace(points=given), number, sale_key, uses)]


def _within_limits(draft: Draft, event: Event, member: MemberRow, award: Award) -> tuple[int, list[UseRow]]:
    """What the limits of the campaign, its group and the account leave of an award; taken from each."""
    rules, campaign = draft.rules, award.campaign
    account = rules.accounts[award.effect.account]
    if not (campaign.limits or campaign.group or account.limits):
        return award.points, []
    owners: list[tuple[str, Sequence[Limit]]] = [(f"campaign:{campaign.name}", campaign.limits)]
    if campaign.group:
        owners.append((f"group:{campaign.group}", rules.groups[campaign.group].limits))
    owners.append((f"account:{account.name}", account.limits))
    limited = [Uses(draft, event, member, owner, limits) for owner, limits in owners if limits]
    points = award.points
    worth_micro = account.worth_micro or 0
    for uses in limited:
        points = uses.clamped("points", points)
        if worth_micro:
            cost = points * worth_micro // _MICRO
            left = uses.clamped("budget", cost)
            points = points if left == cost else left * _MICRO // worth_micro
    for uses in limited:
        uses.take("points", points)
        uses.take("budget", points * worth_micro // _MICRO)
        uses.keep()
    return points, [use for uses in limited for use in uses.taken]


def _change(draft: Draft, event: Event, member: MemberRow, campaign: Campaign, effect: Effect) -> None:
    """Everything but points; it takes effect for the next event (B-9)."""
    member_id, name = member["member_id"], campaign.name
    match effect:
        case AddTag(tag) if tag not in member["tags"]:
            member["tags"] = sorted([*member["tags"], tag])
            draft.happened("member.tagged", {"member_id": member_id, "tag": tag, "campaign": name}, name)
        case RemoveTag(tag) if tag in member["tags"]:
            member["tags"] = [each for each in member["tags"] if each != tag]
            draft.happened("member.untagged", {"member_id": member_id, "tag": tag, "campaign": name}, name)
        case SetAttribute(attribute, value) if member["profile"].get(attribute) != value:
            member["profile"][attribute] = value
            changed = {"member_id": member_id, "attribute": attribute, "value": value, "campaign": name}
            draft.happened("member.attribute_set", changed, name)
        case Notify(message):
            notify(draft, message, event.id, member, {"campaign": name})
        case Emit(custom, data):
            emitted = {"name": custom, "member_id": member_id, "campaign": name, "attributes": dict(data)}
            draft.happened(f"custom.{custom}", emitted, name)


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


def _post(
    draft: Draft,
    event: Event,
    member: MemberRow,
    award: Award,
    number: int,
    sale_key: str | None,
    uses: list[UseRow],
) -> AwardRow:
    campaign = award.campaign.name
    ledger = Ledger(draft, member, award.effect.account)
    expiry = award.effect.expires or ledger.account.expires
    earned = event.time_ms
    gone = None if expiry is None else expires_at(earned, expiry, draft.rules.ruleset.programme.zone)
    lot: LotRow = {
        "v": VERSION,
        "lot_id": ids.derive(draft.record, draft.subject, "lot", campaign, str(number)),
        "member_id": member["member_id"],
        "account": ledger.name,
        "awarded": award.points,
        "points": award.points,
        "earned_at": earned,
        "active_from": earned,
        "expires_at": gone,
        "campaign": campaign,
        "record": draft.record,
        "transaction": None if sale_key is None else sale_key[len(draft.subject) + 1 :],
    }
    key, movement = ledger.credit(lot, "issued")
    ledger.earn(award.points)
    draft.happened("points.awarded", _awarded(lot, award, movement, event.data), campaign)
    return {
        "campaign": campaign,
        "effect": award.number,
        "account": ledger.name,
        "points": award.points,
        "left": award.points,
        "lot": key,
        "base_minor": award.base_minor,
        "line_ids": list(award.line_ids),
        "uses": uses,
    }


def _awarded(lot: LotRow, award: Award, movement: Movement, payload: Mapping[str, Json]) -> dict[str, Json]:
    data: dict[str, Json] = {
        "member_id": lot["member_id"],
        "campaign": lot["campaign"],
        "account": lot["account"],
        "points": award.points,
        "lot_id": lot["lot_id"],
        **movement.told(),
        "line_ids": list(award.line_ids),
        "earned_at": render(lot["earned_at"]),
        "active_from": render(lot["active_from"]),
        "expires_at": None if lot["expires_at"] is None else render(lot["expires_at"]),
        "reason": "campaign",
    }
    if "transaction_id" in payload:
        data["transaction_id"] = payload["transaction_id"]
    return data

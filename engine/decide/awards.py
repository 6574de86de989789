"""Campaigns to points: which fire, what each awards, and the lots that it becomes (B-1, B-9, B-10, B-12)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.core import ids, keys
from engine.core.amounts import at_rate
from engine.core.calendar import expires_at
from engine.core.instants import render
from engine.core.records import Event, Json
from engine.decide.draft import Draft
from engine.decide.facts import earning_amount
from engine.decide.notifying import notify
from engine.decide.rows import VERSION, AccountRow, AwardRow, LotRow, MemberRow
from engine.decide.settling import Campaigns
from engine.ruleset.matching import Facts, Rules
from engine.ruleset.model import Account, AwardPoints, Campaign, Effect, Notify

_EMPTY = AccountRow(balance=0, earned=0)


class Award(NamedTuple):
    """Points that a campaign gives, before they are posted. `base_minor` is what the rate was taken of, 0 for fixed points."""

    campaign: str
    effect: AwardPoints
    points: int
    base_minor: int
    line_ids: tuple[str, ...]


def campaigns_on(draft: Draft, facts: Facts) -> tuple[Campaigns, list[tuple[Campaign, Effect]]]:
    """What became of every candidate, and the effects to carry out in the ruleset's order."""
    campaigns = Campaigns()
    effects: list[tuple[Campaign, Effect]] = []
    for verdict in draft.rules.matcher.candidates(facts):
        campaign = verdict.campaign
        chosen = campaign.then if verdict.holds else campaign.otherwise if verdict.eligible else ()
        if campaign.state == "shadow":
            campaigns.shadow.append(_shadow(verdict.holds, verdict.reason, campaign, chosen, facts, draft.rules))
            continue
        if verdict.holds:
            campaigns.fired.append(campaign.name)
        else:
            campaigns.refused.append({"campaign": campaign.name, "reason": verdict.reason})
        effects.extend((campaign, effect) for effect in chosen)
    return campaigns, effects


def carry_out(
    draft: Draft,
    event: Event,
    member: MemberRow,
    facts: Facts,
    effects: Sequence[tuple[Campaign, Effect]],
    sale_key: str | None,
) -> list[AwardRow]:
    """Carries out the effects on the member, in their order, and returns the awards to keep with the sale."""
    awards: list[AwardRow] = []
    for campaign, effect in effects:
        match effect:
            case AwardPoints():
                award = award_of(campaign, effect, facts, draft.rules)
                if award.points > 0:
                    awards.append(_post(draft, event, member, award, len(awards), sale_key))
            case Notify():
                notify(draft, effect.message, event.id, member, {"campaign": campaign.name})
    return awards


def award_of(campaign: Campaign, effect: AwardPoints, facts: Facts, rules: Rules) -> Award:
    """What an effect awards for an event: fixed points, or a rate floored once over the lines it names."""
    if effect.of is None:
        lines = facts.earning
        base: int = facts.fields.get("transaction.amount", 0)
    else:
        lines = rules.matcher.select(campaign.line_sets[effect.of], facts)
        if len(facts.earning) < len(facts.lines):
            earning = {line["line_id"] for line in facts.earning}
            lines = [line for line in lines if line["line_id"] in earning]
        base = sum(earning_amount(line, rules) for line in lines)
    line_ids = tuple(line["line_id"] for line in lines)
    if effect.per_minor is None:
        return Award(campaign.name, effect, effect.points, 0, line_ids)
    return Award(campaign.name, effect, at_rate(base, effect.points, effect.per_minor), base, line_ids)


def _post(draft: Draft, event: Event, member: MemberRow, award: Award, number: int, sale_key: str | None) -> AwardRow:
    account = _account(draft.rules, award.effect.account)
    expiry = award.effect.expires or account.expires
    earned = event.time_ms
    gone = None if expiry is None else expires_at(earned, expiry, draft.rules.ruleset.programme.zone)
    lot_id = ids.derive(draft.record, draft.subject, "lot", award.campaign, str(number))
    balance = member["accounts"].get(account.name, _EMPTY)
    lot: LotRow = {
        "v": VERSION,
        "lot_id": lot_id,
        "member_id": member["member_id"],
        "account": account.name,
        "awarded": award.points,
        "points": award.points,
        "earned_at": earned,
        "active_from": earned,
        "expires_at": gone,
        "campaign": award.campaign,
        "record": draft.record,
        "transaction": sale_key,
    }
    draft.put(keys.row(draft.subject, "lot", account.name, keys.instant(gone), keys.instant(earned), lot_id), lot, gone)
    after = balance["balance"] + award.points
    member["accounts"][account.name] = {"balance": after, "earned": balance["earned"] + award.points}
    draft.happened("points.awarded", _awarded(lot, award, balance["balance"], after, event.data), award.campaign)
    rate = None if award.effect.per_minor is None else [award.effect.points, award.effect.per_minor]
    return {
        "campaign": award.campaign,
        "account": account.name,
        "points": award.points,
        "lot": lot_id,
        "rate": rate,
        "base_minor": award.base_minor,
        "line_ids": list(award.line_ids),
    }


def _awarded(lot: LotRow, award: Award, before: int, after: int, payload: Mapping[str, Json]) -> dict[str, Json]:
    data: dict[str, Json] = {
        "member_id": lot["member_id"],
        "campaign": award.campaign,
        "account": lot["account"],
        "points": award.points,
        "lot_id": lot["lot_id"],
        "lot_ids": [lot["lot_id"]],
        "line_ids": list(award.line_ids),
        "balance_before": before,
        "balance_after": after,
        "earned_at": render(lot["earned_at"]),
        "active_from": render(lot["active_from"]),
        "expires_at": None if lot["expires_at"] is None else render(lot["expires_at"]),
        "reason": "campaign",
    }
    if "transaction_id" in payload:
        data["transaction_id"] = payload["transaction_id"]
    return data


def _shadow(
    holds: bool, reason: str, campaign: Campaign, effects: Sequence[Effect], facts: Facts, rules: Rules
) -> dict[str, Json]:
    awards = [award_of(campaign, effect, facts, rules) for effect in effects if isinstance(effect, AwardPoints)]
    return {
        "mode": "shadow",
        "campaign": campaign.name,
        "fired": holds,
        "reason": reason,
        "points": {award.effect.account: award.points for award in awards},
    }


def _account(rules: Rules, name: str) -> Account:
    for account in rules.ruleset.programme.accounts:
        if account.name == name:
            return account
    raise AssertionError(f"the compiler let through an unknown account {name}")

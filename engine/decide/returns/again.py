"""A sale decided again on what was kept of it, by its own ruleset (B-21, B-22): what each award has left. A return never gives."""

from collections.abc import Mapping, Sequence

from engine.core.records import Json
from engine.decide.campaigns.campaigning import Campaigns, Proposal, chosen, proposed_by
from engine.decide.campaigns.reckoning import BaseEarn
from engine.decide.facts import event_facts
from engine.decide.rows.sale import AwardRow, TransactionRow
from engine.ruleset.effects import AwardPoints, Rate
from engine.ruleset.matching import Facts, Rules
from engine.ruleset.model import Campaign

SALE = "transaction.completed"


def still_wanting(sale: TransactionRow, kept: Mapping[str, Json] | None, rules: Rules) -> dict[str, Proposal]:
    """The campaigns that still give on the kept lines, after the groups chose, by name; `kept` of None is nothing at all.

    Only conditions on lines and amounts are asked again: all else stands as it stood.
    """
    if kept is None:
        return {}
    stood = {name: tuple(value) if isinstance(value, list) else value for name, value in sale["stood"].items()}
    facts = event_facts(SALE, sale["time"], kept, rules, stood)
    holding = [campaign for campaign in _proposed(sale, rules) if rules.matcher.holds(campaign.when, facts)]
    base = [
        BaseEarn(campaign, effect.how, effect.account)
        for campaign in holding
        if campaign.base
        for effect in campaign.then
        if isinstance(effect, AwardPoints) and isinstance(effect.how, Rate)
    ]
    proposals = [
        proposed_by(campaign, _with_times(facts, sale, campaign), rules, base)
        for campaign in holding
        if sale["proposed"][campaign.name]["times"]
    ]
    return {each.campaign.name: each for each in chosen(proposals, facts, rules, base, Campaigns())}


def points_left(sale: TransactionRow, wanting: Mapping[str, Proposal], rules: Rules) -> list[int]:
    """What each award of a sale has left, in their order: never more than before.

    A campaign in a group that chooses shares what the group now gives in that account, should another one of it win.
    """
    left = [0] * len(sale["awards"])
    for places in _together(sale, rules):
        awards = [sale["awards"][place] for place in places]
        given = sum(_now(award, wanting) for award in awards) + _newcomers(awards, sale, wanting, rules)
        room = min(given, sum(award["left"] for award in awards))
        for place, award in zip(places, awards, strict=True):
            left[place] = min(_now(award, wanting), award["left"], room)
            room -= left[place]
        for place, award in zip(places, awards, strict=True):
            more = min(award["left"] - left[place], room)
            left[place] += more
            room -= more
    return left


def _proposed(sale: TransactionRow, rules: Rules) -> list[Campaign]:
    """The campaigns that wanted to give, in the ruleset's order."""
    return [campaign for campaign in rules.ruleset.campaigns if campaign.name in sale["proposed"]]


def _with_times(facts: Facts, sale: TransactionRow, campaign: Campaign) -> Facts:
    """Counters stand as at the purchase, and with them how many times over a campaign gave."""
    if not campaign.times:
        return facts
    return facts._replace(fields={**facts.fields, campaign.times: sale["proposed"][campaign.name]["times"]})


def _together(sale: TransactionRow, rules: Rules) -> list[list[int]]:
    """The awards that are looked at together: those of one group that chooses, in one account; each other one alone."""
    found: dict[tuple[str, str], list[int]] = {}
    for place, award in enumerate(sale["awards"]):
        group = rules.campaigns[award["campaign"]].group
        chooses = group and rules.groups[group].keep != "all"
        found.setdefault((group, award["account"]) if chooses else ("", str(place)), []).append(place)
    return list(found.values())


def _now(award: AwardRow, wanting: Mapping[str, Proposal]) -> int:
    """What an award's own campaign gives for it now, within what a limit left of it at the purchase."""
    proposal = wanting.get(award["campaign"])
    if proposal is None:
        return 0
    points = next((each.points for each in proposal.awards if each.number == award["effect"]), 0)
    return min(points, award["points"]) if award["cut"] else points


def _newcomers(awards: Sequence[AwardRow], sale: TransactionRow, wanting: Mapping[str, Proposal], rules: Rules) -> int:
    """What campaigns of the group give now that gave nothing at the purchase."""
    group, account = rules.campaigns[awards[0]["campaign"]].group, awards[0]["account"]
    if not group or rules.groups[group].keep == "all":
        return 0
    gave = {(award["campaign"], award["effect"]) for award in sale["awards"]}
    return sum(
        each.points
        for name, proposal in wanting.items()
        if rules.campaigns[name].group == group
        for each in proposal.awards
        if each.effect.account == account and (name, each.number) not in gave
    )

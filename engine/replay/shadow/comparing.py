"""What there is to compare: each campaign that runs in shadow with the live one of its name, and what a shadow cannot know of it."""

from typing import Literal, NamedTuple

from engine.core.calendar import Zone
from engine.ruleset.effects import AwardPoints, Multiple
from engine.ruleset.model import Campaign, Ruleset
from engine.ruleset.published import CANDIDATE
from engine.ruleset.schedules import SCHEDULED

Kind = Literal["changed", "new", "dropped"]


class Pair(NamedTuple):
    """A campaign as its author named it. `shadow` and `live` are names within the ruleset that runs both, "" for none.

    `counts`: whether it would give anything once promoted; a candidate may itself be in shadow. `joined`: its awards are decided
    with the event that the decision is about, so that the two can be held against each other event by event. `unknown`: what the
    figures leave out.
    """

    name: str
    kind: Kind
    shadow: str
    live: str
    counts: bool
    joined: bool
    unknown: tuple[str, ...]


class Comparison(NamedTuple):
    """All that is compared. `worths`: millionths of a minor unit that a point is worth, by account."""

    ruleset: str  # the digest that decides both
    candidate: str
    in_force: str
    pairs: tuple[Pair, ...]
    zone: Zone
    currency: str
    minor_digits: int
    worths: dict[str, int]


def comparison(in_force: Ruleset, both: Ruleset, candidate: Ruleset | None) -> Comparison:
    """What to compare of the rules in force and `both`, which has the candidate's campaigns besides.

    Without the candidate's own ruleset, campaigns that it drops are not seen.
    """
    known = {campaign.name: campaign for campaign in in_force.campaigns}
    pairs = [
        _pair(campaign, known.get(campaign.name.removesuffix(CANDIDATE)), candidate)
        for campaign in both.campaigns
        if campaign.name not in known
    ]
    if candidate is not None:
        kept = {campaign.name for campaign in candidate.campaigns if campaign.state != "paused"}
        dropped = [each for each in in_force.campaigns if each.state == "live" and each.name not in kept]
        pairs += [
            Pair(each.name, "dropped", "", each.name, counts=True, joined=not _elsewhere(each), unknown=())
            for each in dropped
        ]
    programme = both.programme
    worths = {account.name: account.worth_micro for account in programme.accounts if account.worth_micro is not None}
    return Comparison(
        both.digest,
        "" if candidate is None else candidate.digest,
        in_force.digest,
        tuple(sorted(pairs)),
        programme.zone,
        programme.currency,
        programme.minor_digits,
        worths,
    )


def _pair(shadow: Campaign, live: Campaign | None, candidate: Ruleset | None) -> Pair:
    name = shadow.name.removesuffix(CANDIDATE)
    own = None if candidate is None else next((each for each in candidate.campaigns if each.name == name), None)
    joined = not _elsewhere(shadow) and shadow.on != SCHEDULED and (live is None or not _elsewhere(live))
    return Pair(
        name,
        "new" if live is None else "changed",
        shadow.name,
        "" if live is None else live.name,
        counts=own is None or own.state == "live",
        joined=joined,
        unknown=tuple(_unknown(shadow)),
    )


def _elsewhere(campaign: Campaign) -> bool:
    """Whether it gives to somebody else than whom the event is about."""
    return any(isinstance(effect, AwardPoints) and effect.to == "referrer" for effect in campaign.then)


def _unknown(campaign: Campaign) -> list[str]:
    awards = [effect for effect in campaign.then if isinstance(effect, AwardPoints)]
    found = []
    if campaign.limits:
        found.append("its limits are not applied")
    if campaign.group:
        found.append(f"its group {campaign.group} does not choose")
    if any(isinstance(award.how, Multiple) for award in awards):
        found.append("multiples are of the base earn in force")
    if any(award.to == "referrer" for award in awards):
        found.append("given also where nobody referred the member")
    if len(awards) < len(campaign.then):
        found.append("only points are compared")
    return found

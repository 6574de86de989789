"""Who referred a member, and what it earns them: found at enrolment, awarded at the referrer's own subject (B-52).

The referee's side asks; the referrer's side finds, gives within the limits that are counted per referrer, and takes back.
"""

from collections.abc import Mapping
from itertools import groupby

from engine.core import keys
from engine.core.records import Event, Json, Message
from engine.decide.campaigns import limiting
from engine.decide.campaigns.awards import post_award
from engine.decide.campaigns.campaigning import Campaigns
from engine.decide.campaigns.limiting import Uses, take_points
from engine.decide.campaigns.reckoning import Award
from engine.decide.campaigns.waiting import wait_for
from engine.decide.draft import Draft
from engine.decide.membership import finish, member_of
from engine.decide.points.ledger import Ledger
from engine.decide.rows.member import ExternalRow, MemberRow
from engine.decide.rows.sale import AwardRow, UseRow
from engine.decide.tiers.progress import progress
from engine.decide.tiers.progress import returned as progress_returned
from engine.ruleset.effects import AwardPoints
from engine.ruleset.model import Campaign

SOUGHT, FOUND, UNKNOWN = "referrer.sought", "referrer.found", "referrer.unknown"
AWARDED, ANSWERED, REVERSED = "referral.awarded", "referral.answered", "referral.reversed"
HIMSELF, NOBODY = "referrer_is_referee", "referrer_unknown"
SEEKING = "referrer"  # what the answer is waited for as


# -- the referee's side


def seek(draft: Draft, event: Event, member: MemberRow, campaigns: Campaigns) -> Mapping[str, Json]:
    """Asks who referred a new member, by id or code. Returns what the decision says where nobody need be asked."""
    by = event.data.get("referred_by")
    if by is None:
        return {}
    if by == member["member_id"]:
        return refuse_himself(draft, member)
    what = {"asked_by": event.id, "member_id": member["member_id"], "hash": event.data.get("referred_by_hash")}
    draft.send(keys.subject("member", by), SOUGHT, what)
    asked = wait_for(draft, event, campaigns, SEEKING)
    asked["undecided"] = True
    member["seeking"] = True
    return {}


def refuse_himself(draft: Draft, member: MemberRow) -> Mapping[str, Json]:
    """Nobody refers himself; the enrolment stands."""
    draft.happened("member.rejected", {"member_id": member["member_id"], "reason": HIMSELF})
    return {HIMSELF: True}


def ask_referrer(draft: Draft, event: Event, member: MemberRow, campaigns: Campaigns) -> None:
    """Asks the referrer's subject to post what campaigns award them, one question a campaign."""
    for name, awards in groupby(campaigns.to_referrer, key=lambda award: award.campaign.name):
        what: dict[str, Json] = {
            "asked_by": event.id,
            "campaign": name,
            "awards": [
                {
                    "effect": award.number,
                    "points": award.points,
                    "base_minor": award.base_minor,
                    "line_ids": list(award.line_ids),
                }
                for award in awards
            ],
        }
        if "transaction_id" in event.data:
            what["transaction_id"] = event.data["transaction_id"]
        draft.send(keys.subject("member", member["referrer"]), AWARDED, what)
        wait_for(draft, event, campaigns, award_name(name))
    campaigns.to_referrer = []


def award_name(campaign: str) -> str:
    """What the answer on a campaign's awards to the referrer is waited for as."""
    return f"{SEEKING} for {campaign}"


def take_back(draft: Draft, award: AwardRow, points: int, told: Mapping[str, Json], earned_at_ms: int) -> None:
    """Has points of an award `to` a referrer taken back at their subject.

    `told`: what `points.reversed` says besides: reason, transaction_id, return_id. Uses of limits go back by `budget.give_back`.
    """
    what = {
        "campaign": award["campaign"],
        "account": award["account"],
        "points": points,
        "lot": award["lot"],
        "line_ids": award["line_ids"],
        "earned_at": earned_at_ms,
        "told": dict(told),
    }
    draft.send(award["to"], REVERSED, what)


# -- the referrer's side


def sought(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """Is the referrer, or passes the question on to the code's subject."""
    what = message.data
    if draft.get(draft.subject) is not None:
        _found(draft, what, keys.name_of(draft.subject))
    elif what["hash"] is not None:
        draft.send(keys.subject("external", what["hash"]), SOUGHT, what)
    else:
        _found(draft, what, None)


def sought_by_code(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """Tells whose code it is."""
    row: ExternalRow | None = draft.get(draft.subject)
    _found(draft, message.data, None if row is None else row["member"])


def award(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """Posts what a campaign awards to the referrer, as far as the limits per referrer go, and tells what was given."""
    asked = message.data
    member = member_of(draft)
    answer: dict[str, Json] = {"asked_by": asked["asked_by"], "campaign": asked["campaign"], "awards": asked["awards"]}
    answer |= {"given": [], "uses": []}
    if member is not None:
        draft.rules = draft.rules_of(message.ruleset)
        campaign = draft.rules.campaigns[asked["campaign"]]
        event = _referral(draft, message)
        whole = Uses(draft, event, member, _owner(campaign), campaign.limits, "referrer")
        if not whole.exhausted():
            rows = [_given(draft, event, member, campaign, each, number) for number, each in enumerate(asked["awards"])]
            given = [row for row in rows if row is not None]
            if given:
                whole = Uses(draft, event, member, _owner(campaign), campaign.limits, "referrer")
                whole.take("times", 1)
                whole.keep()
            progress(draft, event, member, given)
            finish(draft, member)
            answer["given"] = given
            answer["uses"] = _held_here(draft, whole.taken)
    draft.send(message.sender, ANSWERED, answer)


def take_back_here(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """The referee's purchase came back: so do the points, pending ones first, then those of their own lot (B-3)."""
    what = message.data
    member = member_of(draft)
    if member is None:
        return
    ledger = Ledger(draft, member, what["account"])
    movement = ledger.take(what["points"], "reversed", (what["lot"],), pending_first=True, into_deficit=True)
    ledger.earn(-what["points"])
    told: dict[str, Json] = {
        "member_id": member["member_id"],
        "campaign": what["campaign"],
        "account": what["account"],
        "points": movement.points,
        "shortfall": movement.shortfall,
        **movement.told(),
        "line_ids": what["line_ids"],
        **what["told"],
    }
    draft.happened("points.reversed", told, what["campaign"])
    progress_returned(draft, member, {what["account"]: what["points"]}, what["earned_at"], what["told"]["reason"])
    finish(draft, member)


def put_back_uses(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """Uses of limits per referrer go back to the periods they were taken from (B-23)."""
    uses: list[UseRow] = message.data["uses"]
    limiting.give_back(draft, [UseRow(**{**use, "of": ""}) for use in uses])


def _found(draft: Draft, what: Mapping[str, Json], referrer: str | None) -> None:
    answer: dict[str, Json] = {"asked_by": what["asked_by"]}
    if referrer is not None:
        answer["referrer"] = referrer
    draft.send(keys.subject("member", what["member_id"]), UNKNOWN if referrer is None else FOUND, answer)


def _referral(draft: Draft, message: Message) -> Event:
    """The referee's event as far as it is the referrer's business."""
    data = {name: message.data[name] for name in ("transaction_id",) if name in message.data}
    return Event(
        message.data["asked_by"],
        message.type,
        "guerdon",
        message.cause,
        message.time_ms,
        message.time_ms,
        draft.subject,
        data,
    )


def _given(
    draft: Draft, event: Event, member: MemberRow, campaign: Campaign, asked: Mapping[str, Json], number: int
) -> AwardRow | None:
    effect = campaign.then[asked["effect"]]
    if not isinstance(effect, AwardPoints):
        raise AssertionError(f"effect {asked['effect']} of {campaign.name} awards no points")
    account = draft.rules.accounts[effect.account]
    limited = [
        Uses(draft, event, member, _owner(campaign), campaign.limits, "referrer"),
        Uses(draft, event, member, f"account:{account.name}", account.limits),
    ]
    points, uses = take_points(limited, asked["points"], account.worth_micro or 0)
    if points <= 0:
        return None
    found = Award(campaign, asked["effect"], effect, points, asked["base_minor"], tuple(asked["line_ids"]))
    row = post_award(draft, event, member, found, number, None, _held_here(draft, uses))
    return AwardRow(**{**row, "cut": points != asked["points"], "to": draft.subject})


def _held_here(draft: Draft, uses: list[UseRow]) -> list[UseRow]:
    """The uses as the referee's sale keeps them: of this subject."""
    return [UseRow(**{**use, "of": draft.subject}) for use in uses]


def _owner(campaign: Campaign) -> str:
    return f"referrer:{campaign.name}"

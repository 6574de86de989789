"""Campaigns of an event: what can be given now, what is asked of others first, and what is given once they answered (B-14).

Limits of a whole campaign are held by `campaign:<name>`, those of an outlet by `outlet:<code>`. A group with any campaign that
asks waits as a whole, and is settled among what was granted: who is refused gives way to the next, what a loser was granted is
given back. What all of them may take of the member's own limits is taken when asking, and given back first when settling.
"""

from collections.abc import Sequence

from engine.core import keys
from engine.core.calendar import Period
from engine.core.records import Event, Json
from engine.core.windows import back, last
from engine.decide.campaigns import budget, limiting
from engine.decide.campaigns.awards import carry_out, worth_of
from engine.decide.campaigns.campaigning import Campaigns, Proposal, Wanting, base_of, chosen, propose, proposed_by
from engine.decide.campaigns.limiting import Uses, latest_ms, limit_name, within_limits
from engine.decide.campaigns.referring import ask_referrer
from engine.decide.campaigns.waiting import wait_for
from engine.decide.counters.counting import span_of
from engine.decide.draft import Draft
from engine.decide.facts import event_facts
from engine.decide.rows.limits import AskedRow, QuestionRow, SharedLimitRow
from engine.decide.rows.member import MemberRow
from engine.decide.rows.sale import AwardRow, UseRow
from engine.ruleset.limits import Limit
from engine.ruleset.matching import Facts

SHARED = ("campaign", "outlet")  # `per` of the limits that are asked of a subject of their own
NO_OUTLET = "outlet_unknown"
_DAYS = {"minutes": 0, "hours": 0, "days": 1, "weeks": 7, "months": 31, "years": 366}
_DAY_MS = 86_400_000
_MORE_DAYS = 2


def decide(
    draft: Draft, event: Event, member: MemberRow, facts: Facts, campaigns: Campaigns, sale_key: str | None
) -> list[AwardRow]:
    """Gives what asks nobody, and asks for the rest. Returns the awards that were given."""
    campaigns.sale = None if sale_key is None else sale_key[len(draft.subject) + 1 :]
    wanting = propose(draft, event, member, facts, campaigns)
    wanting = _with_outlets(event, wanting, campaigns)
    waiting = _ask(draft, event, member, facts, wanting, campaigns)
    now = [each for each in wanting.proposals if each.campaign.name not in waiting] if waiting else wanting.proposals
    kept = chosen(now, facts, draft.rules, wanting.base, campaigns)
    awards = carry_out(draft, event, member, kept, campaigns, sale_key)
    if campaigns.to_referrer:
        ask_referrer(draft, event, member, campaigns)
    return awards


def settle(draft: Draft, event: Event, member: MemberRow, asked: AskedRow, campaigns: Campaigns) -> list[AwardRow]:
    """Gives what was granted once all questions are answered, against the values seen when asked."""
    rules = draft.rules
    limiting.give_back(draft, asked["reserved"])
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in asked["fields"].items()}
    facts = event_facts(event.type, event.time_ms, event.data, rules)._replace(fields=fields)
    base = base_of(asked["base"], rules)
    granted: list[Proposal] = []
    for name in asked["candidates"]:
        proposal = proposed_by(rules.campaigns[name], facts, rules, base)
        questions = [each for each in asked["questions"] if each["campaign"] == name]
        reason = next((each["reason"] for each in questions if "reason" in each), "")
        grants = tuple(each for each in questions if "points" in each)
        if reason:
            campaigns.refused.append({"campaign": name, "reason": reason})
            _lose(draft, event, proposal._replace(grants=grants), campaigns)
        else:
            granted.append(proposal._replace(grants=grants).granted())
    kept = chosen(granted, facts, rules, base, campaigns)
    winners = {each.campaign.name for each in kept}
    for loser in granted:
        if loser.grants and loser.campaign.name not in winners:
            _lose(draft, event, loser, campaigns)
    sale_key = None if asked["sale"] is None else f"{draft.subject}/{asked['sale']}"
    awards = carry_out(draft, event, member, kept, campaigns, sale_key)
    ask_referrer(draft, event, member, campaigns)
    return awards


def _lose(draft: Draft, event: Event, proposal: Proposal, campaigns: Campaigns) -> None:
    """Gives back what a campaign was granted; it wants no more, so that a return never lets it win without its grant."""
    campaigns.proposed.pop(proposal.campaign.name, None)
    nothing = [0] * len(proposal.awards)
    worths = [worth_of(draft, award) for award in proposal.awards]
    budget.give_back(draft, budget.unused(proposal.grants, event.time_ms, nothing, worths, times=False))


def _with_outlets(event: Event, wanting: Wanting, campaigns: Campaigns) -> Wanting:
    """An event without an outlet gets nothing of campaigns that count by outlet: else a limit would be passed by leaving it out."""
    if "outlet_code" in event.data:
        return wanting
    kept: list[Proposal] = []
    for each in wanting.proposals:
        if any(limit.per == "outlet" for limit in _shared(each)):
            campaigns.refused.append({"campaign": each.campaign.name, "reason": NO_OUTLET})
            campaigns.proposed.pop(each.campaign.name)
        else:
            kept.append(each)
    return wanting._replace(proposals=kept)


def _ask(
    draft: Draft,
    event: Event,
    member: MemberRow,
    facts: Facts,
    wanting: Wanting,
    campaigns: Campaigns,
) -> set[str]:
    """Asks for all campaigns with limits that others share. Returns those that wait, with all others of their groups."""
    asking = {
        each.campaign.name: each.campaign.group for each in wanting.proposals if each.campaign.limits and _shared(each)
    }
    if not asking:
        return set()
    groups = set(asking.values()) - {""}
    candidates = [
        each
        for each in wanting.proposals
        if each.gives and not each.otherwise and (each.campaign.name in asking or each.campaign.group in groups)
    ]
    reserved: list[UseRow] = []
    questions: list[QuestionRow] = []
    for each in candidates:
        points, uses = _reserve(draft, event, member, each)
        reserved += uses
        if _shared(each) and (any(points) or not each.only_points):
            questions += _questions(draft, event, member, each, points)
    if not questions:
        limiting.give_back(draft, reserved)
        return set()
    for question in questions:
        asked = wait_for(draft, event, campaigns, question_name(question["holder"], question["campaign"]))
    asked["fields"] = {name: list(each) if isinstance(each, tuple) else each for name, each in facts.fields.items()}
    asked["base"] = list(dict.fromkeys(earn.campaign.name for earn in wanting.base))
    asked["candidates"] = [each.campaign.name for each in candidates]
    asked["questions"] = questions
    asked["reserved"] = [use for use in reserved if use["amount"]]
    return set(asked["candidates"])


def question_name(holder: str, campaign: str) -> str:
    """What the answer to a question is waited for as."""
    return f"{holder} for {campaign}"


def _shared(proposal: Proposal) -> list[Limit]:
    if not proposal.campaign.limits or proposal.otherwise or not proposal.gives:
        return []
    return [limit for limit in proposal.campaign.limits if limit.per in SHARED]


def _reserve(draft: Draft, event: Event, member: MemberRow, proposal: Proposal) -> tuple[list[int], list[UseRow]]:
    """Takes what a campaign may need of the member's own limits; what they leave of its awards is what is asked for."""
    points: list[int] = []
    reserved: list[UseRow] = []
    for award in proposal.awards:
        if award.effect.to == "referrer":
            points.append(award.points if "referrer" in member else 0)
        else:
            left, uses = within_limits(draft, event, member, award)
            points.append(left)
            reserved += uses
    if proposal.campaign.limits:
        whole = Uses(draft, event, member, f"campaign:{proposal.campaign.name}", proposal.campaign.limits)
        whole.take("times", 1)
        whole.keep()
        reserved += whole.taken
    return points, reserved


def _questions(
    draft: Draft, event: Event, member: MemberRow, proposal: Proposal, points: Sequence[int]
) -> list[QuestionRow]:
    """Sends one question to each who holds limits of a campaign."""
    name = proposal.campaign.name
    holders = {
        "campaign": keys.subject("campaign", name),
        "outlet": keys.subject("outlet", event.data.get("outlet_code", "")),
    }
    rows: list[QuestionRow] = []
    for per in SHARED:
        limits = [_in_question(draft, event, member, limit) for limit in _shared(proposal) if limit.per == per]
        if not limits:
            continue
        awards: list[Json] = [
            {"points": wanted, "worth_micro": worth_of(draft, award)}
            for wanted, award in zip(points, proposal.awards, strict=True)
        ]
        question: dict[str, Json] = {
            "asked_by": event.id,
            "campaign": name,
            "at": event.time_ms,
            "limits": limits,
            "awards": awards,
            "only_points": proposal.only_points,
        }
        draft.send(holders[per], budget.ASKED, question)
        rows.append(QuestionRow(holder=holders[per], campaign=name, limits=limits))
    return rows


def _in_question(draft: Draft, event: Event, member: MemberRow, limit: Limit) -> SharedLimitRow:
    """A limit with the window that the event falls in: the period travels in the question."""
    programme = draft.rules.ruleset.programme
    sliding = limit.not_within or (limit.window.period if limit.window.kind == "last" else None)
    if limit.not_within is not None:
        from_ms, until_ms = _near(draft, event.time_ms, limit.not_within)
    elif sliding is not None:
        from_ms, until_ms = last(event.time_ms, sliding, programme.zone)
    else:
        span = span_of(limit.window, event, member, draft.rules)
        if span is None:
            raise AssertionError(f"the compiler let through {limit} without a beginning")
        from_ms, until_ms = span
    days = 0 if sliding is None else sliding.amount * _DAYS[sliding.unit]
    return SharedLimitRow(
        limit=f"{limit_name(limit)} {limit.per}",
        kind=limit.kind,
        amount=1 if limit.not_within is not None else limit.amount,
        over=limit.over,
        period=str(from_ms) if sliding is None else "",
        from_ms=from_ms,
        until_ms=until_ms,
        keep_days=0 if sliding is None else days + latest_ms(programme.time) // _DAY_MS + _MORE_DAYS,
    )


def _near(draft: Draft, now: int, distance: Period) -> tuple[int, int]:
    """The instants that are nearer to `now` than a period, before it and after it."""
    zone = draft.rules.ruleset.programme.zone
    low, high = now, now + (distance.amount * _DAYS[distance.unit] + _MORE_DAYS) * _DAY_MS
    if distance.unit in ("minutes", "hours"):
        high = now + 2 * (now - back(now, distance, zone))
    while low < high:
        middle = (low + high) // 2
        if back(middle, distance, zone) < now:
            low = middle + 1
        else:
            high = middle
    return back(now, distance, zone) + 1, low

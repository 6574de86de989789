"""A member: enrolment, what they tell of themselves, what they buy and do. Each process reads top to bottom."""

from typing import cast

from engine.core.records import Event, Message
from engine.decide.admission import refusal
from engine.decide.campaigns.asking import decide
from engine.decide.campaigns.campaigning import Campaigns
from engine.decide.campaigns.referring import seek
from engine.decide.counters import achieving
from engine.decide.counters.counting import count
from engine.decide.draft import Draft
from engine.decide.facts import facts_of
from engine.decide.following import as_event
from engine.decide.members.linking import claim_external_ids
from engine.decide.membership import finish, member_of
from engine.decide.notifying import notify_of_input
from engine.decide.parking import park, release, release_returns
from engine.decide.points.pending import activate_waiting
from engine.decide.points.sliding import renew
from engine.decide.repeats import natural_key, refuse_repeat, seen_before, take_key, taken
from engine.decide.returns import receipts
from engine.decide.rows.base import KEEP_KEYS_MS, VERSION
from engine.decide.rows.member import MemberRow
from engine.decide.rows.sale import AwardRow, TransactionRow
from engine.decide.schedules.planning import heard
from engine.decide.settling import refused, settled
from engine.decide.tiers.progress import join_ladders, progress
from engine.ruleset.matching import Facts


def enrol(draft: Draft, event: Event, clock_ms: int | None) -> None:
    """A member comes to be: joins the ladders, is welcomed, claims external ids, and what waited for them is released."""
    if seen_before(draft, event):
        return
    known = member_of(draft)
    if known is not None:
        refuse_repeat(draft, event, same=known["enrolment"] == event.content_mac, first="")
        return
    if reason := refusal(event, draft.rules.ruleset.programme, clock_ms):
        refused(draft, event, reason)
        return
    member = _newly_enrolled(event)
    join_ladders(draft, member, event.time_ms)
    campaigns = Campaigns()
    detail = seek(draft, event, member, campaigns)
    if "seeking" not in member:  # else campaigns are decided, and what waited is released, once the referrer is known
        campaigns, _ = decide_campaigns(draft, event, member, sale_key=None)
        release(draft, event.time_ms)
    finish_input(draft, event, member)
    claim_external_ids(draft, event, event.data.get("external_ids", ()), campaigns)
    settled(draft, event, campaigns, detail)


def purchase(draft: Draft, event: Event, clock_ms: int | None) -> None:
    """A sale: refused, parked for its member, or decided."""
    if seen_before(draft, event):
        return
    if reason := refusal(event, draft.rules.ruleset.programme, clock_ms):
        refused(draft, event, reason)
    elif (member := member_of(draft)) is None:
        park(draft, event)
    elif "seeking" in member:  # it may be what the referrer is paid for
        park(draft, event, known=True, for_ever=True)
    else:
        decide_purchase(draft, event, member)


def decide_purchase(draft: Draft, event: Event, member: MemberRow, *, as_at_enrolment: bool = False) -> None:
    """An admitted sale of a known member: campaigns, points, progress, messages; kept for its returns."""
    sale_key = natural_key(draft, event)
    if taken(draft, event, sale_key):
        return
    campaigns, awards = decide_campaigns(draft, event, member, sale_key, as_at_enrolment=as_at_enrolment)
    _keep_sale(draft, event, cast("str", sale_key), awards, campaigns)
    release_returns(draft, member, cast("str", sale_key))
    finish_input(draft, event, member)
    settled(draft, event, campaigns)


def record_activity(draft: Draft, event: Event, clock_ms: int | None) -> None:
    """Something else that a member did."""
    member = admitted(draft, event, clock_ms)
    if member is None:
        return
    key = natural_key(draft, event)
    if taken(draft, event, key):
        return
    take_key(draft, event, key)
    campaigns, _ = decide_campaigns(draft, event, member, sale_key=None, as_at_enrolment=False)
    activate_waiting(draft, member, event.data["name"])
    finish_input(draft, event, member)
    settled(draft, event, campaigns)


def follow_up(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """An outcome that some campaign is on, decided like an event of its own."""
    member = member_of(draft)
    if member is None:
        return
    event = as_event(message)
    draft.depth = message.data["depth"]
    campaigns, _ = decide_campaigns(draft, event, member, sale_key=None, as_at_enrolment=False)
    finish(draft, member)
    settled(draft, event, campaigns)


def fire(draft: Draft, event: Event, member: MemberRow) -> None:
    """A scheduled campaign that is due for a member, decided like an event; where nothing of it holds, nothing is recorded."""
    campaigns, _ = decide_campaigns(draft, event, member, sale_key=None)
    holds = bool(campaigns.fired or campaigns.refused or campaigns.shadow or campaigns.asked or draft.outcomes)
    if holds or member != draft.get(draft.subject):
        finish(draft, member)
    if holds:
        settled(draft, event, campaigns)


def update(draft: Draft, event: Event, clock_ms: int | None) -> None:
    """What a member tells anew: attributes (null removes one), tags, consents, locale."""
    member = _admitted_telling(draft, event, clock_ms)
    if member is None:
        return
    campaigns, _ = decide_campaigns(draft, event, member, sale_key=None, as_at_enrolment=False)
    data = event.data
    for name, value in data.get("profile", {}).items():
        if member["profile"].get(name) == value:
            continue
        if value is None:
            member["profile"].pop(name)
        else:
            member["profile"][name] = value
        draft.happened("member.attribute_set", {"member_id": member["member_id"], "attribute": name, "value": value})
    tags = set(member["tags"])
    for kind, changed in (
        ("member.tagged", sorted(set(data.get("tags_added", ())) - tags)),
        ("member.untagged", sorted(set(data.get("tags_removed", ())) & tags)),
    ):
        for tag in changed:
            draft.happened(kind, {"member_id": member["member_id"], "tag": tag})
    member["tags"] = sorted((tags | set(data.get("tags_added", ()))) - set(data.get("tags_removed", ())))
    if "consents" in data:
        member["consents"] = sorted(data["consents"])
    if "locale" in data:
        member["locale"] = data["locale"]
    finish_input(draft, event, member)
    settled(draft, event, campaigns)


def opt_in(draft: Draft, event: Event, clock_ms: int | None) -> None:
    """A member takes part in a campaign from this instant on."""
    member = _admitted_telling(draft, event, clock_ms)
    if member is None:
        return
    campaign = event.data["campaign"]
    if all(known.name != campaign for known in draft.rules.ruleset.campaigns):
        refused(draft, event, "campaign_not_running")
        return
    campaigns, _ = decide_campaigns(draft, event, member, sale_key=None, as_at_enrolment=False)
    member["opt_ins"] = {**member["opt_ins"], campaign: member["opt_ins"].get(campaign, event.time_ms)}
    draft.happened("member.opt_in_recorded", {"member_id": member["member_id"], "campaign": campaign})
    finish_input(draft, event, member)
    settled(draft, event, campaigns)


def opt_out(draft: Draft, event: Event, clock_ms: int | None) -> None:
    """A member no longer takes part in a campaign."""
    member = _admitted_telling(draft, event, clock_ms)
    if member is None:
        return
    campaign = event.data["campaign"]
    if campaign not in member["opt_ins"]:
        refused(draft, event, "not_opted_in")
        return
    campaigns, _ = decide_campaigns(draft, event, member, sale_key=None, as_at_enrolment=False)
    member["opt_ins"] = {name: at for name, at in member["opt_ins"].items() if name != campaign}
    draft.happened("member.opt_out_recorded", {"member_id": member["member_id"], "campaign": campaign})
    finish_input(draft, event, member)
    settled(draft, event, campaigns)


def link(draft: Draft, event: Event, clock_ms: int | None) -> None:
    """A member claims an external id; its own subject grants or refuses it."""
    if _admitted_telling(draft, event, clock_ms) is not None:
        campaigns = Campaigns()
        claim_external_ids(draft, event, (event.data["external_id"],), campaigns)
        settled(draft, event, campaigns)


def _admitted_telling(draft: Draft, event: Event, clock_ms: int | None) -> MemberRow | None:
    """The member who tells something of themselves: nobody of that name does, once they are forgotten."""
    member = admitted(draft, event, clock_ms)
    if member is not None and "forgotten" in member:
        refused(draft, event, "member_unknown")
        return None
    return member


def admitted(draft: Draft, event: Event, clock_ms: int | None) -> MemberRow | None:
    """The member of an event that may be decided; None where it was refused, with the reason recorded."""
    if seen_before(draft, event):
        return None
    if reason := refusal(event, draft.rules.ruleset.programme, clock_ms):
        refused(draft, event, reason)
        return None
    member = member_of(draft)
    if member is None:
        refused(draft, event, "member_unknown")
    return member


def decide_campaigns(
    draft: Draft,
    event: Event,
    member: MemberRow,
    sale_key: str | None,
    *,
    as_at_enrolment: bool = False,
    facts: Facts | None = None,
) -> tuple[Campaigns, list[AwardRow]]:
    """Counters, achievements, campaigns and progress of an event. `facts` are those before it, where something changed since."""
    facts = facts or facts_of(event, member, draft.rules, as_at_enrolment=as_at_enrolment)
    renew(draft, event.type, event.time_ms)
    counts = count(draft, event, member, facts)
    achieving.progress(draft, event, member, counts)
    campaigns = Campaigns(counted=counts.counted)
    awards = decide(draft, event, member, counts.facts, campaigns, sale_key)
    progress(draft, event, member, awards)
    return campaigns, awards


def finish_input(draft: Draft, event: Event, member: MemberRow) -> None:
    """Ends the step of an input: the messages for it, and what `finish` does."""
    notify_of_input(draft, event.type, event.id, member)
    heard(draft, event.type, event.id, event.time_ms, member)
    finish(draft, member)


def _keep_sale(draft: Draft, event: Event, sale_key: str, awards: list[AwardRow], campaigns: Campaigns) -> None:
    sale: TransactionRow = {
        "v": VERSION,
        "record": event.id,
        "content": event.content_mac,
        "time": event.time_ms,
        "ruleset": draft.rules.ruleset.digest,
        "sale": event.data,
        "awards": awards,
        "proposed": campaigns.proposed,
        "stood": campaigns.stood,
        "counted": campaigns.counted,
    }
    if campaigns.asked is not None:
        sale["asked"] = event.id
    draft.put(sale_key, sale, event.time_ms + KEEP_KEYS_MS)
    receipts.register(draft, sale_key)


def _newly_enrolled(event: Event) -> MemberRow:
    data = event.data
    return MemberRow(
        v=VERSION,
        member_id=data["member_id"],
        enrolled_at=event.time_ms,
        enrolment=event.content_mac,
        locale=data.get("locale"),
        profile=dict(data.get("profile", {})),
        tags=[],
        consents=sorted(data.get("consents", ())),
        opt_ins=dict.fromkeys(sorted(data.get("opt_ins", ())), event.time_ms),
        external_ids=[],
        accounts={},
        ladders={},
    )

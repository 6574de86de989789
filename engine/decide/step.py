"""One step: a record of one subject, and all that it causes. Adding an event, a message or due work is adding a line here."""

from collections.abc import Callable

from engine.core import ids, keys
from engine.core.records import Decision, Due, Event, Message, Rows, Visit
from engine.decide import clock, following, parking
from engine.decide.campaigns import answering, asking, budget, referring
from engine.decide.counters import counter_rows
from engine.decide.draft import MAX_HOPS, Draft, Published
from engine.decide.members import aliases, external, forgetting, linking, member, merging
from engine.decide.membership import member_of
from engine.decide.points import adjusting, lots, pending, spending, warning
from engine.decide.repeats import seen_before
from engine.decide.returns import receipts, returning
from engine.decide.rows.base import ParkedRow
from engine.decide.schedules import scheduling
from engine.decide.settling import refused
from engine.decide.tiers import tier_ends
from engine.ruleset.matching import Rules

OnEvent = Callable[[Draft, Event, int | None], None]
OnMessage = Callable[[Draft, Message, int | None], None]
OnDue = Callable[[Draft, str], None]

MEMBER_EVENTS: dict[str, OnEvent] = {
    "member.enrolled": member.enrol,
    "member.updated": member.update,
    "member.opted_in": member.opt_in,
    "member.opted_out": member.opt_out,
    "member.linked": member.link,
    "member.forgotten": forgetting.forget,
    "member.merged": merging.merge,
    "transaction.completed": member.purchase,
    **dict.fromkeys(returning.EVENTS, returning.come_back),
    "activity.recorded": member.record_activity,
    "points.spend_requested": spending.spend,
    "points.hold_requested": spending.hold,
    "points.hold_release_requested": spending.release,
    "points.adjustment_requested": adjusting.adjust,
}

MESSAGES: dict[tuple[str, str], OnMessage] = {
    ("external", linking.CLAIMED): external.claim,
    ("transaction", receipts.KEPT): receipts.kept,
    ("external", linking.RELEASED): external.release,
    ("external", linking.MOVED): external.move,
    ("member", aliases.FORGOTTEN): aliases.forget,
    ("member", merging.ASKED): merging.asked,
    ("member", merging.PART): merging.part,
    ("member", merging.DENIED): merging.denied,
    ("member", linking.GRANTED): answering.external,
    ("member", linking.TAKEN): answering.external,
    **{(holder, budget.ASKED): budget.asked for holder in asking.SHARED},
    **{(holder, budget.RETURNED): budget.returned for holder in asking.SHARED},
    ("member", budget.GRANTED): answering.limit,
    ("member", budget.REFUSED): answering.limit,
    ("member", referring.SOUGHT): referring.sought,
    ("external", referring.SOUGHT): referring.sought_by_code,
    ("member", referring.FOUND): answering.referrer,
    ("member", referring.UNKNOWN): answering.referrer,
    ("member", referring.AWARDED): referring.award,
    ("member", referring.ANSWERED): answering.awarded,
    ("member", referring.REVERSED): referring.take_back_here,
    ("member", budget.RETURNED): referring.put_back_uses,
    ("member", following.FOLLOWED): member.follow_up,
}

FORGET: OnDue = Draft.delete
DUE: dict[tuple[str, str], OnDue] = {
    ("member", "hold"): spending.time_out,
    ("member", "pending"): pending.due,
    ("member", "sliding"): lots.expire_together,
    ("member", "warning"): warning.due,
    ("member", "lot"): lots.expire,
    ("member", "counter"): counter_rows.expire,
    ("member", "tier"): tier_ends.due,
    ("member", "schedule"): scheduling.due,
    ("member", "after"): scheduling.due_after,
    **{(holder, "uses"): budget.expire for holder in asking.SHARED},
    ("member", "seen"): FORGET,
    ("member", "key"): FORGET,
    ("member", "transaction"): FORGET,
    ("external", "seen"): FORGET,
}


def step(
    rows: Rows, record: Event | Message | Due | Visit, rules: Rules, clock_ms: int | None, published: Published
) -> Decision:
    """All that one record causes. Pure: the same rows, record, rules and clock give the same decision.

    `clock_ms` is the partition's clock, against which lateness is measured; None before its first tick. `published` gives the
    rulesets that rows name.
    """
    match record:
        case Event():
            draft = Draft.of_event(rows, record.subject, record, rules, published)
            draft.clock_ms = clock_ms
            _on_event(draft, record, clock_ms)
        case Message():
            draft = _on_message(rows, record, rules, clock_ms, published)
        case Due():
            draft = _on_due(rows, record, rules, published)
        case Visit():
            draft = Draft(rows, record.subject, record.id, record.id, record.time_ms, 0, rules, published)
            scheduling.visit(draft, record)
    return draft.done()


def _on_event(draft: Draft, event: Event, clock_ms: int | None) -> None:
    kind = keys.kind_of(draft.subject)
    decide = MEMBER_EVENTS.get(event.type)
    survivor = aliases.survivor_of(draft) if kind == "member" else None
    if survivor is not None:
        aliases.hand_on(draft, event, survivor)
    elif kind == "external" and decide is not None:
        external.hand_on(draft, event, clock_ms)
    elif kind == "transaction" and event.type in returning.EVENTS:
        receipts.hand_on(draft, event, clock_ms)
    elif kind == "member" and decide is not None:
        decide(draft, event, clock_ms)
    elif event.type == clock.ADVANCE:
        clock.advance(draft, event)
    elif not seen_before(draft, event):
        refused(draft, event, "module_disabled")


def _on_message(rows: Rows, message: Message, rules: Rules, clock_ms: int | None, published: Published) -> Draft:
    if message.type == parking.FORWARDED:
        event = parking.from_json(message.data["event"], message.subject)
        draft = Draft.of_event(rows, message.subject, event, rules, published, message.hops)
        draft.clock_ms = clock_ms
        if message.hops > MAX_HOPS:
            refused(draft, event, "too_many_hops")
        else:
            _on_event(draft, event, clock_ms)
        return draft
    draft = Draft(rows, message.subject, message.id, message.cause, message.time_ms, message.hops, rules, published)
    draft.clock_ms = clock_ms
    kind = keys.kind_of(message.subject)
    survivor = aliases.survivor_of(draft) if kind == "member" else None
    if survivor is not None and message.type != aliases.FORGOTTEN:
        aliases.relay(draft, message, survivor)
        return draft
    MESSAGES[kind, message.type](draft, message, clock_ms)
    if kind == "member":
        merging.go_on(draft)
    return draft


def _on_due(rows: Rows, due: Due, rules: Rules, published: Published) -> Draft:
    kind, collection = keys.kind_of(due.subject), keys.collection_of(due.key)
    if collection == "parked":
        return _on_parked(rows, due, rules, published)
    record = ids.derive("due", due.key, str(due.due_ms))
    draft = Draft(rows, due.subject, record, record, due.due_ms, 0, rules, published)
    DUE.get((kind, collection), FORGET)(draft, due.key)
    return draft


def _on_parked(rows: Rows, due: Due, rules: Rules, published: Published) -> Draft:
    """What waited is taken up once what it waited for is there, and otherwise refused at the end of `late` (B-19)."""
    waiting = Draft(rows, due.subject, due.key, "", due.due_ms, 0, rules, published)
    event = parking.parked_event(waiting, due.key)
    row: ParkedRow = waiting.get(due.key)
    draft = Draft.of_event(rows, due.subject, event, rules, published)
    draft.delete(due.key)
    kind = keys.kind_of(due.subject)
    known = member_of(draft) if kind == "member" else None
    if known is None:
        refused(draft, event, "transaction_unknown" if kind == "transaction" else "member_unknown")
    elif event.type in returning.EVENTS:
        returning.take_up(draft, event, known, waited_out=parking.waited_out(waiting, event))
    else:
        member.decide_purchase(draft, event, known, as_at_enrolment=not row.get("known", False))
    return draft


def refuse(rows: Rows, event: Event, rules: Rules, reason: str, published: Published) -> Decision:
    """The refusal of an event that cannot be decided as it is, such as one whose rows would grow too large."""
    draft = Draft.of_event(rows, event.subject, event, rules, published)
    if not seen_before(draft, event):
        refused(draft, event, reason)
    return draft.done()

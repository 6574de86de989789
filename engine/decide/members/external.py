"""An external id: knows its member, hands events on to them, keeps those that come before anyone claimed it (B-19)."""

from engine.core import keys
from engine.core.records import Event, Message
from engine.decide.admission import refusal
from engine.decide.draft import Draft
from engine.decide.members.linking import GRANTED, TAKEN
from engine.decide.parking import forward, park, parked_event
from engine.decide.repeats import seen_before
from engine.decide.rows.base import VERSION
from engine.decide.rows.member import ExternalRow
from engine.decide.settling import refused


def hand_on(draft: Draft, event: Event, clock_ms: int | None) -> None:
    """An event that names its member by an external id goes to them, or waits here."""
    owner = _owner(draft)
    if owner is not None:
        _forward(draft, event, owner)
        return
    if seen_before(draft, event):
        return
    if reason := refusal(event, draft.rules.ruleset.programme, clock_ms):
        refused(draft, event, reason)
    elif event.type.startswith("transaction."):
        park(draft, event)
    else:
        refused(draft, event, "member_unknown")


def claim(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """The first member to claim the id has it; what waited is handed on in the order in which it came."""
    member_id = message.data["member_id"]
    owner = _owner(draft)
    if owner not in (None, member_id):
        draft.send(message.sender, TAKEN, message.data)
        return
    draft.send(message.sender, GRANTED, message.data)
    if owner is None:
        draft.put(draft.subject, ExternalRow(v=VERSION, member=member_id, kind=message.data["kind"]))
        for key in draft.scan("parked"):
            _forward(draft, parked_event(draft, key), member_id)
            draft.delete(key)


def release(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """The id leads to nobody any more; its member is forgotten (B-51), and so is what was sealed for it until now."""
    if _owner(draft) == message.data["member_id"]:
        draft.delete(draft.subject)
        draft.forget = True


def move(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """The member was merged into another, who has the id from here on (B-52)."""
    row: ExternalRow | None = draft.get(draft.subject)
    if row is not None and row["member"] == keys.name_of(message.sender):
        draft.put(draft.subject, ExternalRow(**{**row, "member": message.data["member_id"]}))


def _owner(draft: Draft) -> str | None:
    row: ExternalRow | None = draft.get(draft.subject)
    return None if row is None else row["member"]


def _forward(draft: Draft, event: Event, member_id: str) -> None:
    forward(draft, keys.subject("member", member_id), event)

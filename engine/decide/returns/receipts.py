"""A receipt, `transaction:T-7`: knows whose sale it is, so that a return or a cancellation need not name the member (B-19)."""

from engine.core.records import Event, Message
from engine.decide.admission import refusal
from engine.decide.draft import Draft
from engine.decide.parking import forward, park, parked_event
from engine.decide.repeats import seen_before
from engine.decide.rows.base import KEEP_KEYS_MS, VERSION
from engine.decide.rows.sale import ReceiptRow
from engine.decide.settling import refused

KEPT = "sale.kept"
MEMBER_REQUIRED = "member_required"


def register(draft: Draft, sale_key: str) -> None:
    """Tells the receipt of a sale whose it is, unless the programme finds sales by their member alone."""
    returns = draft.rules.ruleset.programme.returns
    if returns is None or returns.find_by == "receipt":
        name = sale_key.removeprefix(f"{draft.subject}/transaction/")
        draft.send(f"transaction:{name}", KEPT, {"time": draft.time_ms})


def hand_on(draft: Draft, event: Event, clock_ms: int | None) -> None:
    """A return that names no member goes to the one who bought, or waits here for the sale."""
    owner = _owner(draft)
    if owner is not None:
        forward(draft, owner, event)
        return
    if seen_before(draft, event):
        return
    returns = draft.rules.ruleset.programme.returns
    if reason := refusal(event, draft.rules.ruleset.programme, clock_ms):
        refused(draft, event, reason)
    elif returns is not None and returns.find_by == "member":
        refused(draft, event, MEMBER_REQUIRED)
    else:
        park(draft, event)


def kept(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """The first sale of that name has the receipt; what waited for it is handed on in the order in which it came."""
    if _owner(draft) is not None:
        return
    row = ReceiptRow(v=VERSION, member=message.sender)
    draft.put(draft.subject, row, message.data["time"] + KEEP_KEYS_MS)
    for key in draft.scan("parked"):
        forward(draft, message.sender, parked_event(draft, key))
        draft.delete(key)


def _owner(draft: Draft) -> str | None:
    row: ReceiptRow | None = draft.get(draft.subject)
    return None if row is None else row["member"]

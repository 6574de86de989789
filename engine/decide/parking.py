"""Events that wait: for the enrolment of their member, the owner of an external id or of a receipt, the sale that comes back (B-19)."""

from typing import Any

from engine.core import keys
from engine.core.records import Event, Json
from engine.decide.draft import Draft
from engine.decide.rows.base import VERSION, ParkedRow
from engine.decide.rows.member import MemberRow

FORWARDED = "event.forwarded"

_DIGITS = 10


def park(draft: Draft, event: Event, *, for_ever: bool = False, known: bool = False) -> str:
    """Keeps an event until it is released, or until it is older than the programme's `late`. Returns its number.

    `known`: its member was enrolled when it came.
    """
    waiting = draft.scan("parked")
    number = f"{int(waiting[-1].rsplit('/', 1)[1]) + 1 if waiting else 0:0{_DIGITS}d}"
    until = None if for_ever else _until(draft, event)
    draft.put(keys.row(draft.subject, "parked", number), _parked(event, known=known), until)
    return number


def _parked(event: Event, *, known: bool) -> ParkedRow:
    row = ParkedRow(v=VERSION, event=as_json(event))
    if known:
        row["known"] = True
    return row


def park_return(draft: Draft, member: MemberRow, event: Event, sale_key: str, *, unsettled: bool) -> None:
    """Keeps a return, or a cancellation, until its sale comes, or is settled; the member knows what waits for which sale."""
    waits = member.get("waits", {})
    member["waits"] = {**waits, sale_key: [*waits.get(sale_key, []), park(draft, event, for_ever=unsettled)]}
    draft.put(draft.subject, member)


def release_returns(draft: Draft, member: MemberRow, sale_key: str) -> None:
    """Makes what waits for a sale due now, in the order in which it came. The caller writes the member's row."""
    waits = dict(member.get("waits", {}))
    for number in waits.pop(sale_key, ()):
        key = keys.row(draft.subject, "parked", number)
        row = draft.get(key)
        if row is not None:  # None: it waited out
            draft.put(key, row, draft.time_ms)
    if waits:
        member["waits"] = waits
    else:
        member.pop("waits", None)


def forget_waited(draft: Draft, member: MemberRow) -> None:
    """The member knows nothing more of returns that wait no longer, as those whose sale never came."""
    waits: dict[str, list[str]] = {}
    for sale_key, numbers in member.get("waits", {}).items():
        left = [number for number in numbers if draft.get(keys.row(draft.subject, "parked", number)) is not None]
        if left:
            waits[sale_key] = left
    if waits:
        member["waits"] = waits
    else:
        member.pop("waits", None)
    draft.put(draft.subject, member)


def waited_out(draft: Draft, event: Event) -> bool:
    """Whether an event that is taken up again waited as long as it may."""
    return draft.time_ms >= _until(draft, event)


def _until(draft: Draft, event: Event) -> int:
    return event.time_ms + draft.rules.ruleset.programme.time.late_ms


def release(draft: Draft, at_ms: int) -> None:
    """Makes all that waits due now, in the order in which it came."""
    for key in draft.scan("parked"):
        row = draft.get(key)
        assert row is not None, key  # noqa: S101  # a listed key has its row
        draft.put(key, row, at_ms)


def forward(draft: Draft, to: str, event: Event) -> None:
    """Hands an event on to the subject that it belongs to."""
    draft.send(to, FORWARDED, {"event": as_json(event)})


def parked_event(draft: Draft, key: str) -> Event:
    """The event that a parked row holds."""
    row: ParkedRow = draft.get(key)
    return from_json(row["event"], draft.subject)


def as_json(event: Event) -> dict[str, Json]:
    """An event as JSON, for a row or a message; where it was read is left out."""
    body: dict[str, Any] = event._asdict()
    del body["origin"]
    return body


def from_json(body: Json, subject: str) -> Event:
    """The event back, now at `subject`."""
    return Event(**{**body, "subject": subject})

"""Events that wait: for the enrolment of their member, or for the owner of an external id (B-19)."""

from typing import Any

from engine.core import keys
from engine.core.records import Event, Json
from engine.decide.draft import Draft
from engine.decide.rows import VERSION, ParkedRow

_DIGITS = 10


def park(draft: Draft, event: Event) -> None:
    """Keeps an event until it is released, or until it is older than the programme's `late`."""
    waiting = draft.scan("parked")
    number = int(waiting[-1].rsplit("/", 1)[1]) + 1 if waiting else 0
    until = event.time_ms + draft.rules.ruleset.programme.time.late_ms
    draft.put(
        keys.row(draft.subject, "parked", f"{number:0{_DIGITS}d}"), ParkedRow(v=VERSION, event=as_json(event)), until
    )


def release(draft: Draft, at_ms: int) -> None:
    """Makes all that waits due now, in the order in which it came."""
    for key in draft.scan("parked"):
        row = draft.get(key)
        assert row is not None, key  # noqa: S101  # a listed key has its row
        draft.put(key, row, at_ms)


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

"""Outcomes that some campaign is `on`: each comes back to its subject as the next journal message, at most 3 deep (B-9)."""

from engine.core.records import Event, Message
from engine.decide.draft import Draft

FOLLOWED = "outcome.followed"
MAX_DEPTH = 3


def follow(draft: Draft) -> None:
    """Sends what happened here and some campaign is on back to the subject."""
    if draft.depth >= MAX_DEPTH:
        return
    followed = draft.rules.followed
    for outcome in draft.outcomes:
        if outcome.type in followed:
            what = {"id": outcome.id, "type": outcome.type, "data": outcome.data, "depth": draft.depth + 1}
            draft.send(draft.subject, FOLLOWED, what)


def as_event(message: Message) -> Event:
    """The outcome as the event that campaigns are decided on; its id is the message's, its CloudEvents id the outcome's."""
    what = message.data
    return Event(
        id=message.id,
        type=what["type"],
        source="guerdon",
        event_id=what["id"],
        time_ms=message.time_ms,
        received_at_ms=message.time_ms,
        subject=message.subject,
        data=what["data"],
    )

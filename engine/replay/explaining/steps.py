"""A record of the chain as a step: what came, what was done, what changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.core import keys
from engine.core.instants import render
from engine.core.records import Event, Message
from engine.replay.explaining import model
from engine.replay.explaining.finding import Found, Taken, Told
from engine.replay.explaining.rows import row_in_words
from engine.replay.explaining.saying import Says
from engine.replay.explaining.watching import Row, Watched
from engine.wire import journal


def step_of(watched: Watched, found: Found, subject: str, says: Says) -> model.Step:
    """One record of the journal with all that it did for the cause, and what was due at its subject."""
    taken = watched.taken
    about = _subject(taken, subject)
    own = [told for told in watched.outcomes if told.cause == found.cause]
    due = [told for told in watched.outcomes if told.cause != found.cause and told.subject == about]
    if isinstance(taken.decoded, journal.ClockRecord):
        due = []  # of others, whom the clock came to as well
    messages = [each for each in watched.messages if each.cause == found.cause]
    return model.Step(
        position=str(taken.place),
        kind=_kind(taken),
        type=_type(taken),
        sender=taken.decoded.sender if isinstance(taken.decoded, Message) else "",
        subject=about,
        time=_time(taken),
        says=_says(taken, own, says),
        outcomes=[outcome_of(told, found, says) for told in own],
        due=[outcome_of(told, found, says) for told in due],
        messages=[
            model.Message(
                type=each.type,
                sender=each.sender,
                subject=each.subject,
                says=says.message(each.type, each.data),
                data=dict(each.data),
            )
            for each in messages
        ],
        rows=rows_changed(watched.before, watched.after, about, says),
    )


def outcome_of(told: Told, found: Found, says: Says) -> model.Outcome:
    """An outcome."""
    return model.Outcome(
        id=told.id,
        type=told.type,
        subject=told.subject,
        time=str(told.event["time"]),
        cause=told.cause,
        position=str(told.place),
        mode=str(told.event["mode"]),
        says=says.outcome(told.type, told.data),
        asked=told.id == found.asked,
        data=dict(told.data),
    )


def rows_changed(
    before: Mapping[str, Row], after: Mapping[str, Row], subject: str, says: Says
) -> list[model.RowChange]:
    """The rows of a subject that differ, the subject's own first."""
    changed = [
        key for key in sorted({*before, *after}) if keys.owner_of(key) == subject and before.get(key) != after.get(key)
    ]
    return [
        model.RowChange(
            key=key,
            before=before.get(key),
            after=after.get(key),
            says=row_in_words(says, key, before.get(key), after.get(key)),
        )
        for key in changed
    ]


def _kind(taken: Taken) -> str:
    match taken.decoded:
        case Event():
            return "event"
        case Message():
            return "message"
        case journal.ClockRecord():
            return "clock"
        case journal.Activation():
            return "activation"
        case journal.MembersVisited():
            return "visit"
        case _:
            return "journal"


def _type(taken: Taken) -> str:
    match taken.decoded:
        case Event() | Message():
            return taken.decoded.type
        case journal.ClockRecord():
            return taken.decoded.kind
        case journal.Activation():
            return "ruleset.activated"
        case journal.MembersVisited():
            return journal.MEMBERS_VISITED
        case other:
            return type(other).__name__.lower()


def _subject(taken: Taken, otherwise: str) -> str:
    return taken.decoded.subject if isinstance(taken.decoded, Event | Message) else otherwise


def _time(taken: Taken) -> str:
    match taken.decoded:
        case Event() | Message():
            return render(taken.decoded.time_ms)
        case journal.ClockRecord():
            return render(taken.decoded.to_ms)
        case _:
            return render(taken.record.timestamp_ms)


def _says(taken: Taken, own: Sequence[Told], says: Says) -> str:
    decoded: Any = taken.decoded
    match decoded:
        case Event():
            return f"{decoded.type} comes to {decoded.subject}"
        case Message():
            return f"{decoded.sender} {says.message(decoded.type, decoded.data)}"
        case journal.ClockRecord():
            return f"the clock came to {says.when(decoded.to_ms)}{', and this was due' if own else ''}"
        case journal.Activation():
            return f"the ruleset {decoded.digest[:12]} came into force"
        case journal.MembersVisited():
            return "members were visited for what is scheduled"
        case _:
            return "word of how the journal was copied"

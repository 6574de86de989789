"""What an outcome goes back to where that is no input: the row that was due, and what had put it there."""

from collections.abc import Callable, Iterator

from engine.core import ids, keys
from engine.core.instants import render
from engine.replay.explaining import model
from engine.replay.explaining.finding import Found, Told
from engine.replay.explaining.lots import origin_in_words
from engine.replay.explaining.member import Member
from engine.replay.explaining.saying import Says
from engine.replay.explaining.watching import Row, Watched

_WHAT = {
    "lot": "points came to their expiry",
    "pending": "pending points came to their time",
    "sliding": "points without an activity came to their expiry",
    "hold": "a hold came to its end",
    "tier": "a tier came to its end, or was looked at",
    "warning": "it was time to warn of points that expire",
    "schedule": "a scheduled campaign was due",
    "after": "a campaign was due a time after an event",
    "counter": "counts are kept no longer",
}


def due_ids(key: str, due_ms: int, row: Row | None) -> Iterator[str]:
    """The ids that outcomes of a row's due work name as their cause."""
    due = ids.derive("due", key, str(due_ms))
    yield due
    for name in ("back", "record"):
        if row is not None and isinstance(row.get(name), str):
            yield ids.derive(due, row[name])


def cause_of(found: Found, watched: Watched | None, member: Member, says: Says) -> model.Cause:
    """The input, the row that was due, or the record of the journal itself."""
    event = found.input
    if event is not None:
        return model.Cause(kind="input", says=f"{event.type} {event.event_id} from {event.source}")
    outcome = found.outcome
    if outcome is None or watched is None:
        what = found.record.decoded if found.record is not None else None
        return model.Cause(kind="journal", says=f"a record of the journal itself: {getattr(what, 'kind', 'message')}")
    row = _due_row(outcome, watched)
    if row is None:
        return model.Cause(kind="due", says=f"work that was due at {says.when(str(outcome.event['time']))}")
    key, due_ms = row
    put_by = _put_by(outcome, watched.before.get(key), key, member, watched)
    collection = keys.collection_of(key)
    text = f"{_WHAT.get(collection, 'something was due')} at {says.when(due_ms)}"
    kept = watched.before.get(key)
    if collection in ("schedule", "after") and kept is not None:
        text = f"{text}: {kept['campaign']}"
    if put_by is not None:
        text = f"{text}: {origin_in_words(put_by, says) if put_by.type.startswith('points.') else put_by.type}"
    return model.Cause(kind="due", says=text, row_key=key, due_at=render(due_ms), put_by=put_by)


def _due_row(outcome: Told, watched: Watched) -> tuple[str, int] | None:
    for due_of in (watched.due_before, watched.due):
        for key, due_ms in due_of.items():
            row = watched.before.get(key) or watched.after.get(key)
            if outcome.cause in due_ids(key, due_ms, row):
                return key, due_ms
    return None


def _put_by(outcome: Told, row: Row | None, key: str, member: Member, watched: Watched) -> model.Origin | None:
    """The outcome that says why the row is there."""
    if row is None:
        return None
    match keys.collection_of(key):
        case "lot" | "pending":
            return member.origin_of(row["lot_id"], watched.before)
        case "hold":
            return _last(outcome, member, watched, lambda told: told.data.get("hold_id") == row["hold_id"])
        case "tier":
            return _last(
                outcome,
                member,
                watched,
                lambda told: (
                    told.topic == "tier-changes"
                    and told.type != "tier.progress_changed"
                    and told.data["ladder"] == row["ladder"]
                ),
            )
        case "sliding":
            return _last(
                outcome,
                member,
                watched,
                lambda told: told.type == "points.awarded" and told.data["account"] == row["account"],
            )
        case _:
            return None


def _last(outcome: Told, member: Member, watched: Watched, wanted: Callable[[Told], bool]) -> model.Origin | None:
    before = [told for told in member.told if told.subject == outcome.subject and told.place < outcome.place]
    found = next((told for told in reversed(before) if wanted(told)), None)
    return None if found is None else member.origin(found, watched.before)

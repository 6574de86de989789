"""Repeats: the same (source, id), or the same natural key, counts once (B-18)."""

from engine.core import keys
from engine.core.records import Event
from engine.decide.draft import Draft
from engine.decide.rows.base import KEEP_KEYS_MS, VERSION, KeyRow, SeenRow
from engine.decide.settling import refused

# The fields that a type is known by besides (source, id). The key of a transaction is the programme's to say.
NATURAL_KEYS: dict[str, tuple[str, ...]] = {
    "activity.recorded": ("activity_id",),
    "points.spend_requested": ("spend_id",),
    "points.hold_requested": ("hold_id",),
    "points.hold_release_requested": ("hold_id",),
    "points.adjustment_requested": ("adjustment_id",),
    "transaction.returned": ("return_id",),
    "member.merged": ("merge_id",),
}


_ORIGINAL = {
    "transaction_id": "original_transaction_id",
    "outlet_code": "original_outlet_code",
}  # what a return calls them


def natural_key(draft: Draft, event: Event) -> str | None:
    """The row that an event's natural key is kept in; None for a type that has none."""
    if event.type == "transaction.completed":
        return sale_key(draft, event)
    if event.type == "transaction.cancelled":
        return keys.row(draft.subject, "key", event.type, _sale_name(draft, event))
    fields = NATURAL_KEYS.get(event.type, ())
    return keys.row(draft.subject, "key", event.type, _named(event, fields)) if fields else None


def sale_key(draft: Draft, event: Event) -> str:
    """The row of the sale that an event is, or is about: a return names it as `original_...`."""
    return keys.row(draft.subject, "transaction", _sale_name(draft, event))


def seen_before(draft: Draft, event: Event) -> bool:
    """Refuses an event whose (source, id) came here already, and otherwise remembers it."""
    key = keys.row(draft.subject, "seen", event.id)
    row: SeenRow | None = draft.get(key)
    number = 0 if row is None else row["repeats"] + 1
    content = event.content_mac if row is None else row["content"]
    draft.put(key, SeenRow(v=VERSION, content=content, repeats=number), event.time_ms + KEEP_KEYS_MS)
    if row is None:
        return False
    refuse_repeat(draft, event, same=row["content"] == event.content_mac, first=event.id, number=number)
    return True


def taken(draft: Draft, event: Event, key: str | None) -> bool:
    """Refuses an event whose natural key another input took, and otherwise leaves the key to the event's own step."""
    row: KeyRow | None = None if key is None else draft.get(key)
    if row is None:
        return False
    refuse_repeat(draft, event, same=row["content"] == event.content_mac, first=row["record"])
    return True


def take_key(draft: Draft, event: Event, key: str | None) -> None:
    """Keeps an event's natural key; a transaction's is kept with its sale."""
    if key is not None:
        draft.put(key, KeyRow(v=VERSION, record=event.id, content=event.content_mac), event.time_ms + KEEP_KEYS_MS)


def refuse_repeat(draft: Draft, event: Event, *, same: bool, first: str, number: int = 0) -> None:
    """Records a repeat; one with other content is a conflict, and names the record it conflicts with."""
    refused(draft, event, "duplicate_event" if same else "conflicting_duplicate", {"first_record": first}, number)


def _sale_name(draft: Draft, event: Event) -> str:
    data = event.data
    fields = draft.rules.ruleset.programme.transaction_key
    return keys.natural(str(data.get(_ORIGINAL[name], data.get(name, ""))) for name in fields)


def _named(event: Event, fields: tuple[str, ...]) -> str:
    return keys.natural(str(event.data.get(name, "")) for name in fields)

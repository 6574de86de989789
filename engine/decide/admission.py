"""Which events may be decided at all: neither too late, nor too early, nor in an unknown currency (B-16)."""

from engine.core.records import Event
from engine.ruleset.model import Programme


def refusal(event: Event, programme: Programme, clock_ms: int | None) -> str | None:
    """The reason for which an event may not be done, or None. `clock_ms` is the partition's clock."""
    time = programme.time
    if time.clock == "wall" and event.time_ms > event.received_at_ms + time.ahead_ms:
        return "too_early"
    if time.then == "refuse" and clock_ms is not None and clock_ms - event.time_ms > time.late_ms:
        return "too_late"
    if event.data.get("currency", programme.currency) != programme.currency:
        return "currency_unknown"
    return None

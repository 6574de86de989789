"""How far a tick, or an event, moves a partition's clock: the one rule that all who move it follow."""

from engine.core.instants import DAY_MS, HOUR_MS


def tick_to(now_ms: int, clock_ms: int | None, next_due_ms: int | None, *, even: bool = False) -> int | None:
    """To which instant a tick moves the clock now, None for not yet.

    When something is due, or once an hour, or at once where `even` it is asked for; in steps of at most a day; never back.
    """
    if clock_ms is None:
        return now_ms
    if now_ms <= clock_ms:
        return None
    due = next_due_ms is not None and next_due_ms <= now_ms
    return min(now_ms, clock_ms + DAY_MS) if even or due or now_ms - clock_ms >= HOUR_MS else None


def followed_to(time_ms: int, clock_ms: int | None) -> int:
    """Where a clock that follows the events is after one: at its time where that is at most a day ahead, else where it was."""
    return time_ms if clock_ms is None or clock_ms < time_ms <= clock_ms + DAY_MS else clock_ms

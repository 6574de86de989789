"""How long a tier stands, and what comes at which instant of its term: warnings, the end, the end of grace (B-29)."""

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

from engine.core.calendar import (
    Expiry,
    Period,
    Zone,
    add_months,
    duration_ms,
    expires_at,
    instant_of,
    local_day,
    local_ms,
    start_of_day,
)
from engine.core.instants import DAY_MS
from engine.ruleset.tiers import AtEnd, Validity

_CLOCK = ("minutes", "hours")
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

What = Literal["warn", "end", "grace"]


class Term(NamedTuple):
    """A tier stands before `until_ms`; `ends_ms` is that without what the ladder adds (`plus`): the next term follows it."""

    ends_ms: int
    until_ms: int


class Turn(NamedTuple):
    """What comes next of a term, and when."""

    at_ms: int
    what: What


def term_from(valid: Validity, start_ms: int, zone: Zone) -> Term:
    """The term of a tier that begins at an instant."""
    if valid.period is not None:
        ends = expires_at(start_ms, Expiry(valid.period, valid.round), zone)
    else:
        year = local_day(start_ms, zone).year + (2 if valid.until == "end_of_next_year" else 1)
        ends = start_of_day(date(year, 1, 1), zone)
    return Term(ends, ends if valid.plus is None else later(ends, valid.plus, zone))


def term_after(valid: Validity, before: Term, zone: Zone) -> Term:
    """The term after one that ended. It counts from that one's last day, what was added to it apart, so that ends do not drift.

    Where that comes to nothing, as with the end of the same year, it counts from the end.
    """
    exact = valid.period is not None and valid.period.unit in _CLOCK
    following = term_from(valid, before.ends_ms if exact else before.ends_ms - 1, zone)
    return following if following.until_ms > before.until_ms else term_from(valid, before.until_ms, zone)


def later(until_ms: int, period: Period, zone: Zone) -> int:
    """An end moved by a period: its last local day so much later."""
    if period.unit in _CLOCK:
        return until_ms + duration_ms(period)
    return expires_at(until_ms - 1, Expiry(period), zone)


def earlier(until_ms: int, period: Period, zone: Zone) -> int:
    """The instant a period before an end, at the same local time where the period is one of days."""
    if period.unit in _CLOCK:
        return until_ms - duration_ms(period)
    return instant_of(
        (days_before(local_day(until_ms, zone), period).toordinal() - _EPOCH_ORDINAL) * DAY_MS
        + local_ms(until_ms, zone) % DAY_MS,
        zone,
    )


def days_before(day: date, period: Period) -> date:
    """The day a period before another; a period of hours counts as the days that it fills."""
    match period.unit:
        case "months":
            return add_months(day, -period.amount)
        case "years":
            return add_months(day, -12 * period.amount)
        case _:
            return date.fromordinal(day.toordinal() - max(duration_ms(period) // DAY_MS, 1))


def first_turn(until_ms: int, at_end: AtEnd, after_ms: int, zone: Zone) -> Turn:
    """The first warning after an instant, else the end, even where that is past already."""
    warnings = _warnings(until_ms, at_end.warn, zone)
    return next((Turn(at, "warn") for at in warnings if at > after_ms), Turn(until_ms, "end"))


def end_of_grace(until_ms: int, at_end: AtEnd, zone: Zone) -> Turn | None:
    """The last instant to qualify for a tier whose validity is over; None where there is no grace."""
    return None if at_end.grace is None else Turn(later(until_ms, at_end.grace, zone), "grace")


def _warnings(until_ms: int, warn: Sequence[Period], zone: Zone) -> list[int]:
    return sorted({earlier(until_ms, period, zone) for period in warn})

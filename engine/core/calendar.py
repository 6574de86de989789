"""Local days of a programme's zone, and the arithmetic of months, from a table instead of the machine's time zone data."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from engine.core.instants import DAY_MS, HOUR_MS, MINUTE_MS

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_DECEMBER = 12
_CLOCK_UNITS = ("minutes", "hours")

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Rounding = Literal["none", "end_of_month", "end_of_quarter", "end_of_year"]


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone as a table, so that replay needs no time zone data: `offsets_s[i]` holds from `from_ms[i]` on."""

    name: str
    from_ms: tuple[int, ...]
    offsets_s: tuple[int, ...]

    def __hash__(self) -> int:
        return hash(self.name)  # the table is long, and asked for with every lot


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time as people say it."""

    amount: int
    unit: Literal["minutes", "hours", "days", "weeks", "months", "years"]


@dataclass(frozen=True, slots=True)
class Expiry:
    """The last usable local day is `after` the earning, rounded up (B-4); a lot goes at 00:00 of the next day."""

    after: Period
    round: Rounding = "none"


def offset_ms(instant_ms: int, zone: Zone) -> int:
    """What local time is ahead of UTC at an instant."""
    return zone.offsets_s[max(bisect_right(zone.from_ms, instant_ms) - 1, 0)] * 1000


def local_ms(instant_ms: int, zone: Zone) -> int:
    """Local time as milliseconds since 1970-01-01T00:00 local."""
    return instant_ms + offset_ms(instant_ms, zone)


def local_day(instant_ms: int, zone: Zone) -> date:
    """The local day that an instant falls on."""
    return date.fromordinal(_EPOCH_ORDINAL + local_ms(instant_ms, zone) // DAY_MS)


def instant_of(local: int, zone: Zone) -> int:
    """The instant of a local time: the first of two where clocks go back, the end of the gap where they go forward."""
    at = bisect_right(zone.from_ms, local)  # offsets are within a day, so only the neighbours matter
    near = range(max(at - 2, 0), min(at + 2, len(zone.from_ms)))
    instants = [local - zone.offsets_s[index] * 1000 for index in near]
    real = [instant for instant in instants if local_ms(instant, zone) == local]
    if real:
        return min(real)
    return min(zone.from_ms[index] for index in near if local_ms(zone.from_ms[index], zone) > local)


def start_of_day(day: date, zone: Zone) -> int:
    """The first instant of a local day."""
    return instant_of((day.toordinal() - _EPOCH_ORDINAL) * DAY_MS, zone)


def add_months(day: date, months: int) -> date:
    """The same day some months on, clamped to the month's end: 31 January and one month is 28 or 29 February."""
    years, month = divmod(day.year * _DECEMBER + day.month - 1 + months, _DECEMBER)
    return date(years, month + 1, min(day.day, _days_in_month(years, month + 1)))


def rounded_up(day: date, rounding: Rounding) -> date:
    """The last day of the month, quarter or year that a day lies in, or the day itself."""
    if rounding == "none":
        return day
    month = {"end_of_month": day.month, "end_of_quarter": (day.month + 2) // 3 * 3, "end_of_year": _DECEMBER}[rounding]
    return date(day.year, month, _days_in_month(day.year, month))


def expires_at(earned_ms: int, expiry: Expiry, zone: Zone) -> int:
    """The instant at which what was earned at `earned_ms` is gone: 00:00 after the last usable local day (B-4)."""
    if expiry.after.unit in _CLOCK_UNITS:
        return earned_ms + duration_ms(expiry.after)
    return _midnight_after(local_ms(earned_ms, zone) // DAY_MS, expiry, zone)


@lru_cache(maxsize=1024)
def _midnight_after(day: int, expiry: Expiry, zone: Zone) -> int:
    """The expiry of all that is earned on one local day, a number of days since 1970."""
    last = rounded_up(_later(date.fromordinal(_EPOCH_ORDINAL + day), expiry.after), expiry.round)
    return start_of_day(last + timedelta(days=1), zone)


def duration_ms(period: Period) -> int:
    """A period of fixed length in milliseconds; months and years have none (ValueError)."""
    units = {"minutes": MINUTE_MS, "hours": HOUR_MS, "days": DAY_MS, "weeks": 7 * DAY_MS}
    if period.unit not in units:
        raise ValueError(f"{period.unit} have no fixed length")
    return period.amount * units[period.unit]


def _later(day: date, period: Period) -> date:
    match period.unit:
        case "months":
            return add_months(day, period.amount)
        case "years":
            return add_months(day, period.amount * _DECEMBER)
        case "weeks":
            return day + timedelta(weeks=period.amount)
        case "days":
            return day + timedelta(days=period.amount)
        case _:
            raise ValueError(f"{period.unit} are no days")


def _days_in_month(year: int, month: int) -> int:
    following = date(year + 1, 1, 1) if month == _DECEMBER else date(year, month + 1, 1)
    return (following - timedelta(days=1)).day

"""The time that a count looks back on, as a half-open span of instants, in the programme's zone."""

from datetime import date, timedelta
from typing import Literal, NamedTuple

from engine.core.calendar import (
    WEEKDAYS,
    Period,
    Zone,
    add_months,
    duration_ms,
    instant_of,
    local_day,
    local_ms,
    start_of_day,
)
from engine.core.instants import DAY_MS

Unit = Literal["day", "week", "month", "quarter", "year"]

BEGINNING, END = -(1 << 62), 1 << 62
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


class Span(NamedTuple):
    """From `from_ms` on, before `until_ms`."""

    from_ms: int
    until_ms: int

    def __contains__(self, instant_ms: object) -> bool:
        return isinstance(instant_ms, int) and self.from_ms <= instant_ms < self.until_ms


ALL_TIME = Span(BEGINNING, END)


def unit_around(instant_ms: int, unit: Unit, zone: Zone, week_starts: str) -> Span:
    """The calendar day, week, month, quarter or year that an instant falls in."""
    first = first_day(local_day(instant_ms, zone), unit, week_starts)
    return Span(start_of_day(first, zone), start_of_day(_next(first, unit), zone))


def unit_before(span: Span, unit: Unit, zone: Zone, week_starts: str) -> Span:
    """The calendar unit before one."""
    return unit_around(span.from_ms - 1, unit, zone, week_starts)


def last(instant_ms: int, period: Period, zone: Zone) -> Span:
    """The period that ends with an instant, which is inside; months and years go back to the same local time."""
    return Span(back(instant_ms, period, zone) + 1, instant_ms + 1)


def back(instant_ms: int, period: Period, zone: Zone) -> int:
    """The instant a period before another; months and years at the same local time, clamped to the month's end."""
    return _moved(instant_ms, period, -1, zone)


def ahead(instant_ms: int, period: Period, zone: Zone) -> int:
    """The instant a period after another; months and years at the same local time, clamped to the month's end."""
    return _moved(instant_ms, period, 1, zone)


def first_day(day: date, unit: Unit, week_starts: str) -> date:
    """The first day of the day, week, month, quarter or year that a day is in; `week_starts` names a weekday."""
    match unit:
        case "day":
            return day
        case "week":
            return day - timedelta(days=(day.weekday() - WEEKDAYS.index(week_starts)) % 7)
        case "month":
            return day.replace(day=1)
        case "quarter":
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case "year":
            return date(day.year, 1, 1)


def _moved(instant_ms: int, period: Period, sign: int, zone: Zone) -> int:
    if period.unit not in ("months", "years"):
        return instant_ms + sign * duration_ms(period)
    months = sign * period.amount * (12 if period.unit == "years" else 1)
    local = local_ms(instant_ms, zone)
    day = add_months(local_day(instant_ms, zone), months)
    return instant_of((day.toordinal() - date(1970, 1, 1).toordinal()) * DAY_MS + local % DAY_MS, zone)


def _next(first: date, unit: Unit) -> date:
    match unit:
        case "day":
            return first + timedelta(days=1)
        case "week":
            return first + timedelta(weeks=1)
        case _:
            return add_months(first, _MONTHS[unit])

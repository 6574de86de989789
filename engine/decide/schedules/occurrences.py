"""When a schedule comes round: the next instant after another, in the programme's zone, from values alone.

Local times that a change of the clock leaves out are at the end of the gap, those that come twice are the first of the two.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from engine.core.calendar import WEEKDAYS, Period, Zone, add_months, duration_ms, instant_of, local_day
from engine.core.instants import DAY_MS, MINUTE_MS
from engine.core.windows import back, first_day
from engine.ruleset.schedules import Every, Yearly

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_MONTH_DAY = len("02-29")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_YEARS_AHEAD = 9  # more than the time to the next 29 February, wherever it is asked from


class OfYear(NamedTuple):
    """A day of a year that comes round: `at_ms` for the year `year`."""

    at_ms: int
    year: int


def ahead(instant_ms: int, period: Period, zone: Zone) -> int:
    """The instant a period after another; months and years come to the same local time."""
    return back(instant_ms, replace(period, amount=-period.amount), zone)


def next_of_every(schedule: Every, after_ms: int, zone: Zone, week_starts: str) -> int:
    """The first instant of a calendar schedule after another instant."""
    first = first_day(local_day(after_ms, zone), schedule.unit, week_starts)
    while True:
        instant = _at(_day_in(first, schedule, week_starts), schedule.at_minute, zone)
        if instant > after_ms:
            return instant
        first = _following(first, schedule)


def next_of_year(schedule: Yearly, day: object, after_ms: int, last_year: int, zone: Zone) -> OfYear | None:
    """The first time after an instant that a day of a member's year comes round, of a year after `last_year`.

    `day` is `02-29` or `1990-02-29`; None where it is neither, as a sealed one is not. The year is that of the day itself, so that
    a week before the first of January counts for the new year.
    """
    text = day[-_MONTH_DAY:] if isinstance(day, str) else ""
    try:
        born = date.fromisoformat(f"2000-{text}")
    except ValueError:
        return None
    begin = max(local_day(after_ms, zone).year, last_year + 1)
    for year in range(begin, begin + _YEARS_AHEAD):
        instant = _before(add_months(born, 12 * (year - born.year)), schedule, zone)
        if instant > after_ms:
            return OfYear(instant, year)
    raise AssertionError(f"{schedule} never comes round")


def _before(day: date, schedule: Yearly, zone: Zone) -> int:
    period, minute = schedule.before, schedule.at_minute
    if period is None:
        return _at(day, minute, zone)
    match period.unit:
        case "months" | "years":
            return _at(add_months(day, -period.amount * (12 if period.unit == "years" else 1)), minute, zone)
        case "weeks" | "days":
            return _at(day - timedelta(milliseconds=duration_ms(period)), minute, zone)
        case _:
            return _at(day, minute, zone) - duration_ms(period)


def _at(day: date, minute: int, zone: Zone) -> int:
    return instant_of((day.toordinal() - _EPOCH_ORDINAL) * DAY_MS + minute * MINUTE_MS, zone)


def _day_in(first: date, schedule: Every, week_starts: str) -> date:
    match schedule.unit:
        case "day":
            return first
        case "week":
            wanted = schedule.weekday or week_starts
            return first + timedelta(days=(WEEKDAYS.index(wanted) - first.weekday()) % 7)
        case _:
            month = add_months(first, (schedule.month or 1) - 1)
            last = add_months(month, 1) - timedelta(days=1)
            return month.replace(day=min(schedule.day or 1, last.day))


def _following(first: date, schedule: Every) -> date:
    match schedule.unit:
        case "day":
            return first + timedelta(days=1)
        case "week":
            return first + timedelta(weeks=1)
        case unit:
            return add_months(first, _MONTHS[unit])

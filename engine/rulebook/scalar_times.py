"""How days, times, lengths of time and zones are read."""

import re
from datetime import date

from engine.core.calendar import WEEKDAYS, Period, instant_of
from engine.core.instants import DAY_MS, MINUTE_MS
from engine.rulebook.diagnostics import nearest, shown
from engine.rulebook.scalar_types import Reading, Value, Wrong
from engine.rulebook.zones import zone_names

_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MONTH_DAY = re.compile(r"([0-9]{2})-([0-9]{2})")
_CLOCK = re.compile(r"([0-9]{2}):([0-9]{2})")
_PERIOD = re.compile(r"([1-9][0-9]{0,5}) (minute|hour|day|week|month|year)s?")
_SECONDS = re.compile(r"([1-9][0-9]{0,8}) seconds?")
_UNIT_MS = {"minutes": 60_000, "hours": 3_600_000, "days": 86_400_000, "weeks": 604_800_000}


def day(text: str, _reading: Reading) -> Value | Wrong:
    """A day as `2026-11-30`."""
    found = _DAY.fullmatch(text)
    if not found:
        return Wrong("field-type", f"{shown(text)} is not a day", "write it as 2026-11-30")
    try:
        return date(int(found[1]), int(found[2]), int(found[3])).isoformat()
    except ValueError:
        return Wrong("impossible-day", f"there is no day {text}")


def month_day(text: str, reading: Reading) -> Value | Wrong:
    """A day of any year as `11-30`."""
    if not _MONTH_DAY.fullmatch(text):
        return Wrong("field-type", f"{shown(text)} is not a day of a year", "write it as 11-30")
    leap = day(f"2000-{text}", reading)
    return Wrong("impossible-day", f"there is no day {text} in any year") if isinstance(leap, Wrong) else text


def clock(text: str, _reading: Reading) -> Value | Wrong:
    """A time of day in minutes."""
    found = _CLOCK.fullmatch(text)
    minutes = int(found[1]) * 60 + int(found[2]) if found and int(found[2]) < 60 else -1  # noqa: PLR2004 - minutes
    if not 0 <= minutes <= 24 * 60:
        return Wrong("field-type", f"{shown(text)} is not a time of day", "write it as 08:30")
    return minutes


def weekday(text: str, _reading: Reading) -> Value | Wrong:
    """A weekday's name."""
    return (
        text if text in WEEKDAYS else Wrong("unknown-choice", f"{shown(text)} is no weekday", nearest(text, WEEKDAYS))
    )


def period(text: str, _reading: Reading) -> Value | Wrong:
    """A length of time."""
    found = _PERIOD.fullmatch(text)
    if not found:
        return Wrong("field-type", f"{shown(text)} is not a length of time", "write it as 30 days or 12 months")
    return Period(int(found[1]), f"{found[2]}s")  # type: ignore[arg-type] # the pattern has the units of Period only


def duration(text: str, reading: Reading) -> Value | Wrong:
    """A length of time in milliseconds."""
    if seconds := _SECONDS.fullmatch(text):
        return int(seconds[1]) * 1000
    length = period(text, reading)
    if not isinstance(length, Period):
        return length
    if length.unit not in _UNIT_MS:
        return Wrong("field-type", f"{length.unit} differ in length", "write it in days, hours or minutes")
    return length.amount * _UNIT_MS[length.unit]


def start(text: str, reading: Reading) -> Value | Wrong:
    """The instant of a local time, or of a day's beginning."""
    return _instant(text, reading, days_after=0)


def end(text: str, reading: Reading) -> Value | Wrong:
    """The instant of a local time, or of a day's end."""
    return _instant(text, reading, days_after=1)


def _instant(text: str, reading: Reading, days_after: int) -> Value | Wrong:
    """The instant in UTC milliseconds of a local day's beginning, `days_after` it, or of a local time as written."""
    day_text, timed, clock_text = text.partition("T")
    on = day(day_text, reading)
    if isinstance(on, Wrong):
        return on._replace(message=f"{shown(text)} is not a day") if on.code == "field-type" else on
    minutes = clock(clock_text, reading) if timed else 0
    if isinstance(minutes, Wrong):
        return Wrong("field-type", f"{shown(text)} is not a local time", "write it as 2026-11-30T18:00")
    year = int(text[:4])
    if not 1970 <= year <= 2100:  # noqa: PLR2004 - the years of the zone's table, and no typing errors
        return Wrong("impossible-day", f"the year {year} is not between 1970 and 2100")
    days = date.fromisoformat(str(on)).toordinal() - date(1970, 1, 1).toordinal()
    local = days * DAY_MS + (minutes * MINUTE_MS if timed and isinstance(minutes, int) else days_after * DAY_MS)
    return instant_of(local, reading.zone) if reading.zone else 0


def zone(text: str, _reading: Reading) -> Value | Wrong:
    """A time zone's name."""
    if text in zone_names():
        return text
    return Wrong(
        "unknown-choice", f"{shown(text)} is no time zone", nearest(text, zone_names()) or "e.g. Europe/London"
    )

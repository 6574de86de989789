"""Local days of the programme's zone by the machine's own time zone data. Knows nothing of `engine.core.calendar`."""

import calendar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
DAY_MS = 86_400_000
HOUR_MS = 3_600_000


def local(instant_ms: int) -> datetime:
    """Local time of an instant."""
    return datetime.fromtimestamp(instant_ms // 1000, UTC).astimezone(ZONE)


def midnight(day: date) -> int:
    """The instant at which a local day begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp()) * 1000


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    """The instant of a local time."""
    return int(datetime(year, month, day, hour, minute, tzinfo=ZONE).timestamp()) * 1000


def after_three_months(earned_ms: int) -> int:
    """When points of the account go: 00:00 after the end of the third month from the earning (B-4)."""
    day = local(earned_ms).date()
    ahead = day.month - 1 + 3
    year, month = day.year + ahead // 12, ahead % 12 + 1
    last = date(year, month, calendar.monthrange(year, month)[1])
    return midnight(last + timedelta(days=1))


def after_ten_days(earned_ms: int) -> int:
    """When what `silver-meal` gives is gone: 00:00 after the tenth day from the earning."""
    return midnight(local(earned_ms).date() + timedelta(days=11))


def month_of(instant_ms: int) -> int:
    """The instant at which the local month began."""
    return midnight(local(instant_ms).date().replace(day=1))


def day_of(instant_ms: int) -> int:
    """The instant at which the local day began."""
    return midnight(local(instant_ms).date())


def year_of(instant_ms: int) -> str:
    """The local calendar year."""
    return str(local(instant_ms).year)

"""When a scheduled campaign is due: by the calendar, by a day of each member's year, after silence, or after an event."""

from dataclasses import dataclass

from engine.core.calendar import Period
from engine.ruleset.limits import CalendarUnit


@dataclass(frozen=True, slots=True)
class Every:
    """Each calendar unit, at `at_minute` of the day in the programme's zone.

    `day` is the day of a month, a quarter or a year (31 is the last of a shorter month), `month` that of a year or a quarter (1 for
    its first), `weekday` the day of a week.
    """

    unit: CalendarUnit
    at_minute: int
    day: int | None = None
    month: int | None = None
    weekday: str | None = None


@dataclass(frozen=True, slots=True)
class Yearly:
    """Each year a time before a day of the member's profile, at `at_minute`; 29 February is the 28th in other years (B-31)."""

    attribute: str
    before: Period | None
    at_minute: int


@dataclass(frozen=True, slots=True)
class Silent:
    """Once the member's last event of the type `since` is so long ago."""

    period: Period
    since: str


@dataclass(frozen=True, slots=True)
class After:
    """A time after each event of the type `of`."""

    period: Period
    of: str


Schedule = Every | Yearly | Silent | After
SCHEDULED = "schedule"  # what such campaigns are `on`

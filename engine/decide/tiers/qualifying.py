"""What counts towards the tiers of a ladder: which period an instant falls in, and how much of what is asked a member has in it.

Points count in the period that they were earned in, less those returned; counters by their own events (B-26, B-27).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from engine.core.calendar import Period, Zone, add_months, local_day, start_of_day
from engine.core.windows import ALL_TIME, Span, unit_around
from engine.decide.counters.counter_rows import CounterRows
from engine.decide.draft import Draft
from engine.decide.rows.member import LadderRow, MemberRow
from engine.decide.tiers.validity import days_before
from engine.ruleset.ladders import LadderAsks
from engine.ruleset.model import Ladder, Level
from engine.ruleset.tiers import Criterion, LadderRules

EVER = "ever"
_KEPT_YEARS = 4  # of progress by year: for late events, returns, and validities that look back
_EXTRA = Period(62, "days")  # kept beyond the moving window, for late events and a grace
_MONTHS = 12
_PLAIN = LadderRules()

Ways = tuple[tuple[Criterion, ...], ...]


@dataclass(slots=True)
class Place:
    """A member's place on one ladder while a step changes it; `row` is what is written, by `write`."""

    draft: Draft
    member: MemberRow
    ladder: Ladder
    row: LadderRow
    asks: LadderAsks = field(init=False)  # what the ladder asks for
    _period: tuple[int, str] | None = field(init=False, default=None)  # the last one asked for, and of which instant

    def __post_init__(self) -> None:
        self.asks = self.draft.rules.ladders[self.ladder.name]

    @property
    def rules(self) -> LadderRules:
        """What happens to the ladder's tiers."""
        return self.ladder.rules or _PLAIN

    @property
    def zone(self) -> Zone:
        """The programme's zone."""
        return self.draft.rules.ruleset.programme.zone

    @property
    def level(self) -> int:
        """The number of the tier; 0 for one that the ladder does not have any more."""
        return self.asks.numbers.get(self.row["tier"], 0)

    def write(self) -> None:
        """Puts the row back into the member's."""
        self.member["ladders"][self.ladder.name] = self.row

    def have(self, criterion: Criterion, at_ms: int) -> int:
        """How much of what is asked the member has in the period of an instant, less what reaching tiers used up."""
        if criterion.of == "counter":
            span = span_of(self.ladder, at_ms, self.member["enrolled_at"], self.zone)
            return max(self._counted(criterion.name, span) - self._used(f"counter.{criterion.name}", at_ms), 0)
        sums = self.sums(criterion.name)
        if self.ladder.within != "last":
            found = sums.get(self.period(at_ms), 0)
        else:
            found = sum(points for day, points in sums.items() if self._inside(day, at_ms))
        return max(found - self._used(criterion.name, at_ms), 0)

    def seen_at(self, at_ms: int) -> Callable[[Criterion], int]:
        """The progress in the period of an instant."""
        return lambda criterion: self.have(criterion, at_ms)

    def have_ever(self, criterion: Criterion) -> int:
        """The same over all time, whatever tiers used up."""
        if criterion.of == "counter":
            return self._counted(criterion.name, ALL_TIME)
        earned = self.member["accounts"].get(criterion.name, {"earned": 0})[
            "earned"
        ]  # of members from before it was asked
        return self.sums(criterion.name).get(EVER, earned)

    def sums(self, account: str) -> Mapping[str, int]:
        """The progress in an account by period."""
        return self.row["qualified"] if account == self.ladder.account else self.row.get("also", {}).get(account, {})

    def period(self, at_ms: int) -> str:
        """The period of an instant."""
        if self._period is None or self._period[0] != at_ms:
            self._period = at_ms, period_of(self.ladder, at_ms, self.member["enrolled_at"], self.zone)
        return self._period[1]

    def count(self, account: str, points: int, at_ms: int) -> bool:
        """Counts points, below zero those returned, in the period of an instant, which never falls below 0; whether it changed."""
        sums = dict(self.sums(account))
        period = self.period(at_ms)
        changed = max(sums.get(period, 0) + points, 0)
        if changed == sums.get(period, 0):
            return False
        sums[period] = changed
        if period != EVER and account in self.asks.for_life:
            before = self.member["accounts"].get(account, {"earned": 0})["earned"]
            sums[EVER] = max(sums.get(EVER, max(before - points, 0)) + points, 0)
        kept = _recent(sums, self.ladder, self.zone)
        if account == self.ladder.account:
            self.row = {**self.row, "qualified": kept}
        else:
            self.row = {**self.row, "also": {**self.row.get("also", {}), account: kept}}
        return True

    def spread(self, criterion: Criterion, amount: int, at_ms: int) -> dict[str, int]:
        """So much of the progress in the period of an instant by the periods that it is kept under, the oldest first."""
        if self.ladder.within != "last" or criterion.of == "counter":
            return {self.period(at_ms): amount}
        found: dict[str, int] = {}
        for day, points in sorted(self.sums(criterion.name).items()):
            if self._inside(day, at_ms):
                steps = (step.get("consumed", {}) for step in self.row["steps"])
                left = points - sum(used.get(criterion.name, {}).get(day, 0) for used in steps)
                taken = min(max(left, 0), amount - sum(found.values()))
                if taken:
                    found[day] = taken
        return found

    def _counted(self, name: str, span: Span) -> int:
        rules = self.draft.rules
        counter = next(each for each in rules.ruleset.programme.counters if each.name == name)
        return CounterRows(self.draft, counter, rules.definitions[name]).total(span)

    def _used(self, name: str, at_ms: int) -> int:
        used = [step["consumed"].get(name, {}) for step in self.row["steps"] if "consumed" in step]
        if not used:
            return 0
        return sum(amount for periods in used for period, amount in periods.items() if self._inside(period, at_ms))

    def _inside(self, period: str, at_ms: int) -> bool:
        if self.ladder.within != "last":
            return period == self.period(at_ms)
        first, last = window_of(self.ladder, at_ms, self.zone)
        return first.isoformat() <= period <= last.isoformat()


def period_of(ladder: Ladder, at_ms: int, enrolled_ms: int, zone: Zone) -> str:
    """The period that progress at an instant falls in, as it is kept."""
    match ladder.within:
        case "calendar_year":
            return str(local_day(at_ms, zone).year)
        case "membership_year":
            return _membership_year(at_ms, enrolled_ms, zone)[0].isoformat()
        case "last":
            return local_day(at_ms, zone).isoformat()
        case _:
            return EVER


def span_of(ladder: Ladder, at_ms: int, enrolled_ms: int, zone: Zone) -> Span:
    """The same as a span of time; a moving window is made of whole local days, that of the instant the last."""
    match ladder.within:
        case "calendar_year":
            return unit_around(at_ms, "year", zone, "monday")
        case "membership_year":
            first, following = _membership_year(at_ms, enrolled_ms, zone)
        case "last":
            first, last = window_of(ladder, at_ms, zone)
            following = last + timedelta(days=1)
        case _:
            return ALL_TIME
    return Span(start_of_day(first, zone), start_of_day(following, zone))


def window_of(ladder: Ladder, at_ms: int, zone: Zone) -> tuple[date, date]:
    """The first and the last day of the moving window that ends with an instant's day."""
    today = local_day(at_ms, zone)
    if ladder.last is None:
        raise AssertionError("the compiler let through a moving window without a length")
    return days_before(today, ladder.last) + timedelta(days=1), today


def period_before(ladder: Ladder, end_ms: int, enrolled_ms: int, zone: Zone) -> int:
    """An instant of the period that had just ended when a validity did (B-29)."""
    if ladder.within in ("calendar_year", "membership_year"):
        return span_of(ladder, end_ms, enrolled_ms, zone).from_ms - 1
    return end_ms - 1


def period_end(ladder: Ladder, at_ms: int, enrolled_ms: int, zone: Zone) -> int | None:
    """When the period of an instant is over; None where it has no end of its own."""
    if ladder.within in ("calendar_year", "membership_year"):
        return span_of(ladder, at_ms, enrolled_ms, zone).until_ms
    return None


def ways_of(ladder: Ladder, level: Level) -> Ways:
    """What reaches a level: one of the ways."""
    if level.reach is not None:
        return level.reach.ways
    if level is ladder.levels[0]:
        return ((),)
    return ((Criterion("account", ladder.account, level.qualified),),)


def staying(ladder: Ladder, level: Level) -> Ways:
    """What keeps a level at the end of its validity."""
    return ways_of(ladder, level) if level.stay is None else level.stay.ways


def number_of(ladder: Ladder, tier: str) -> int:
    """The number of a tier on a ladder; -1 where there is none of that name."""
    for number, level in enumerate(ladder.levels):
        if level.tier == tier:
            return number
    return -1


def _membership_year(at_ms: int, enrolled_ms: int, zone: Zone) -> tuple[date, date]:
    """The first day of the member's year, and of the next; who enrolled on 29 February begins it on the 28th in other years."""
    joined, today = local_day(enrolled_ms, zone), local_day(at_ms, zone)
    years = today.year - joined.year
    if add_months(joined, years * _MONTHS) > today:
        years -= 1
    return add_months(joined, years * _MONTHS), add_months(joined, (years + 1) * _MONTHS)


def _recent(sums: Mapping[str, int], ladder: Ladder, zone: Zone) -> dict[str, int]:
    """Without the periods that nobody asks for any more."""
    periods = sorted(period for period in sums if period != EVER)
    if ladder.within == "last":
        if len(periods) < 2:  # noqa: PLR2004  # one day is not older than itself
            return dict(sums)
        newest = start_of_day(date.fromisoformat(periods[-1]), zone)
        oldest = days_before(window_of(ladder, newest, zone)[0], _EXTRA).isoformat()
        periods = [period for period in periods if period >= oldest]
    else:
        periods = periods[-_KEPT_YEARS:]
    return {period: sums[period] for period in (*periods, EVER) if period in sums}

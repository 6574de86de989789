"""What limits say together, and that a budget has a worth to be counted with."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from engine.core.calendar import Period
from engine.core.instants import DAY_MS, HOUR_MS, MINUTE_MS
from engine.rulebook.book import Book
from engine.rulebook.diagnostics import Report, shown
from engine.rulebook.shapes import Part, Record

_DAYS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
_PERIOD_DAYS = {"days": 1, "weeks": 7, "months": 30, "years": 365}
_ALWAYS = 1 << 40  # days of a limit without a window


class Award(NamedTuple):
    """An award of points, and the account that it goes to."""

    part: Part
    account: str


def awards_in(content: Part, book: Book) -> Iterator[Award]:
    """Each award of points with the account that it goes to."""
    default = next(iter(book.named("account")), "")
    for part in content.within():
        if isinstance(part.shape, Record) and part.shape.name == "award_points":
            yield Award(part, part.read("account") or default)


def limits_of(book: Book, report: Report) -> None:
    """Looks at the limits of every owner."""
    for document in book.documents:
        for part in document.content.within() if document.content else ():
            if isinstance(part.shape, Record) and (listed := part.get("limits")) is not None:
                _together(listed.items, report)
                for limit in listed.items:
                    _alone(limit, report)
                    if part.shape.name == "campaign":
                        _of_campaign(limit, part, book, report)
                    elif part.shape.name == "account" and limit.get("budget") and part.get("worth") is None:
                        _no_worth(limit, "this account", report)


def _alone(limit: Part, report: Report) -> None:
    over = limit.get("over")
    if over is not None and over.value == "clamp" and (limit.get("times") or limit.get("not_within")):
        message = "a limit of times cannot give what is left of it"
        report.add("limits-contradict", over.node.place, message, "leave it out, or limit `points`")
    points = limit.get("points")
    if points is not None and points.value == 0:
        report.add("not-positive", points.node.place, "a limit of no points lets nothing through", "write 1 or more")


def _together(limits: Sequence[Part], report: Report) -> None:
    """Two limits of one kind: the longer time must allow more, or the shorter one says nothing."""
    for position, later in enumerate(limits):
        for kind in ("times", "points", "budget", "not_within"):
            amount = later.get(kind)
            for earlier in limits[:position] if amount is not None else ():
                other = earlier.get(kind)
                if other is None or amount is None or _whose(earlier) != _whose(later):
                    continue
                days, other_days = _days(later), _days(earlier)
                if kind == "not_within" or days == other_days:
                    report.add("limits-contradict", amount.node.place, f"there is a limit of {kind} for this already")
                elif (days < other_days) != (amount.value < other.value):
                    message = "the limit of the shorter time is not the smaller one; it never matters"
                    report.add("limits-contradict", amount.node.place, message, "change one of them or leave it out")


def _whose(limit: Part) -> str:
    return limit.read("per") or "member"


def _days(limit: Part) -> int:
    each, last = limit.read("each"), limit.read("last")
    if each:
        return _DAYS[each]
    return days(last) if isinstance(last, Period) else _ALWAYS


def days(period: Period) -> int:
    """About how many days a period has, to compare it by."""
    if period.unit in _PERIOD_DAYS:
        return period.amount * _PERIOD_DAYS[period.unit]
    return period.amount * (HOUR_MS if period.unit == "hours" else MINUTE_MS) // DAY_MS


def _of_campaign(limit: Part, campaign: Part, book: Book, report: Report) -> None:
    counted = limit.get("points") or limit.get("budget")
    awards = list(awards_in(campaign, book))
    if counted is not None and not awards:
        message = "the campaign awards no points that this could limit"
        report.add("limits-contradict", counted.node.place, message, "limit `times`")
    if limit.get("budget") is not None:
        for award in awards:
            account = book.named("account").get(award.account)
            if account is not None and account.part.get("worth") is None:
                _no_worth(limit, award.account, report)


def _no_worth(limit: Part, account: str, report: Report) -> None:
    budget = limit.get("budget")
    if budget is not None:
        name = account if account == "this account" else shown(account)
        message = f"a budget counts what points are worth, and {name} has no `worth`"
        report.add("no-worth", budget.node.place, message, "give it a worth in programme.yaml, or limit `points`")

"""When points are gone, and the warnings before it (B-4, B-8, B-16)."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.calendar import Expiry, Period, Zone
from engine.core.instants import DAY_MS, parse
from engine.ruleset.effects import AwardPoints, Fixed, Rate
from engine.ruleset.model import TimeRules
from tests.support.accounts import BASE, EVER, adjusted, books_close, made, programme, spent
from tests.support.journals import START, Log, enrolled, line, sale
from tests.support.programme import NEW_YORK_2026, UTC, campaign, rules

MONTHLY = replace(EVER, expires=Expiry(Period(12, "months"), "end_of_month"))
WARNED = replace(MONTHLY, warn=(Period(30, "days"),))
TWICE = replace(MONTHLY, warn=(Period(30, "days"), Period(1, "weeks")))
GONE = parse("2027-12-01T00:00:00Z")


def bought_at(when: str, expires: Expiry, zone: Zone = UTC) -> Log:
    at = parse(when)
    log = Log(programme(replace(EVER, expires=expires), zone=zone))
    return log.feed(enrolled("M", time_ms=at), sale("M", "T", line(1, 1000), time_ms=at))


@pytest.mark.parametrize(
    ("when", "expires", "gone"),
    [
        ("2027-01-31T09:00:00Z", Expiry(Period(1, "months")), "2027-03-01T00:00:00.000Z"),
        ("2028-01-31T09:00:00Z", Expiry(Period(1, "months")), "2028-03-01T00:00:00.000Z"),
        ("2028-02-29T09:00:00Z", Expiry(Period(1, "years")), "2029-03-01T00:00:00.000Z"),
        ("2026-11-03T09:00:00Z", Expiry(Period(12, "months"), "end_of_month"), "2027-12-01T00:00:00.000Z"),
        ("2026-11-03T09:00:00Z", Expiry(Period(12, "months"), "end_of_quarter"), "2028-01-01T00:00:00.000Z"),
        ("2026-11-03T09:00:00Z", Expiry(Period(6, "months"), "end_of_year"), "2028-01-01T00:00:00.000Z"),
        ("2026-11-03T09:00:00Z", Expiry(Period(36, "hours")), "2026-11-04T21:00:00.000Z"),
    ],
)
def test_b4_the_last_usable_local_day_clamps_and_rounds(when: str, expires: Expiry, gone: str) -> None:
    log = bought_at(when, expires)
    assert [each["expires_at"] for each in log.data("points.awarded")] == [gone]
    log.tick(parse(gone) - 1)
    assert not log.data("points.expired")
    log.tick(parse(gone))
    (expired,) = log.events("points.expired")
    assert (expired["time"], expired["data"]["points"], expired["data"]["campaign"]) == (gone, 10, "base")
    books_close(log)


def test_b4_days_are_those_of_the_programmes_zone_short_or_long() -> None:
    log = bought_at(
        "2026-11-01T03:30:00Z", Expiry(Period(1, "days")), NEW_YORK_2026
    )  # 31 October, the next day has 25 hours
    assert [each["expires_at"] for each in log.data("points.awarded")] == ["2026-11-02T05:00:00.000Z"]


def test_b16_points_may_be_born_expired_and_go_at_once_in_order() -> None:
    soon = campaign("soon", AwardPoints(Fixed(3), "points", expires=Expiry(Period(2, "days"))))
    late = campaign("late", AwardPoints(Fixed(4), "points", expires=Expiry(Period(1, "days"))))
    log = Log(programme(EVER, campaigns=(BASE, late, soon))).feed(enrolled("M")).tick(START + 20 * DAY_MS)
    log.feed(sale("M", "T", line(1, 1000)))
    assert [each["points"] for each in log.data("points.awarded")] == [10, 4, 3]
    assert [each["time"] for each in log.events("points.expired")] == [
        "2026-11-05T00:00:00.000Z",
        "2026-11-06T00:00:00.000Z",
    ]
    assert log.row("member:M")["accounts"]["points"]["balance"] == 10
    books_close(log)


def test_the_points_of_an_account_that_the_programme_has_no_more_still_expire() -> None:
    old, new = made(MONTHLY), made(replace(EVER, name="other"), campaigns=(_other(),))
    log = Log([rules(old), rules(new)]).feed(enrolled("M"), sale("M", "T", line(1, 1000)))
    log.activate(rules(new))
    log.tick(GONE)
    assert [each["account"] for each in log.data("points.expired")] == ["points"]
    books_close(log)


def _other() -> Any:
    return campaign("base", AwardPoints(Rate(1, 100), "other"), base=True)


def test_b8_one_warning_for_all_that_goes_on_a_day() -> None:
    log = Log(programme(WARNED)).feed(enrolled("M"), sale("M", "T", line(1, 1000)), sale("M", "U", line(1, 500)))
    log.tick(GONE - 30 * DAY_MS - 1)
    assert not log.data("points.expiring")
    log.tick(GONE - 30 * DAY_MS)
    (warned,) = log.events("points.expiring")
    data = warned["data"]
    assert warned["time"] == "2027-11-01T00:00:00.000Z"
    assert (data["points"], data["expires_at"], data["lead_days"]) == (15, "2027-12-01T00:00:00.000Z", 30)
    assert (data["balance_before"], data["balance_after"], data["postings"]) == (15, 15, [])
    assert (data["member_id"], data["campaign"], len(data["lot_ids"])) == ("M", None, 2)
    log.tick(GONE + 400 * DAY_MS)
    assert len(log.data("points.expiring")) == 1
    assert not [key for key in log.rows() if "/warning/" in key]


def test_b8_each_lead_time_has_a_warning_which_says_what_is_left_then() -> None:
    log = Log(programme(TWICE)).feed(enrolled("M"), sale("M", "T", line(1, 1000))).tick(GONE - 20 * DAY_MS)
    log.feed(spent("S", 4, time_ms=GONE - 20 * DAY_MS)).tick(GONE)
    assert [(each["points"], each["lead_days"]) for each in log.data("points.expiring")] == [(10, 30), (6, 7)]


def test_b8_nothing_is_said_where_nothing_goes() -> None:
    log = Log(programme(TWICE)).feed(enrolled("M"), sale("M", "T", line(1, 1000)), spent("S", 10)).tick(GONE)
    assert not log.data("points.expiring")


def test_b8_nothing_is_said_of_points_that_come_after_the_time_for_it() -> None:
    log = Log(programme(replace(EVER, expires=Expiry(Period(10, "days")), warn=(Period(30, "days"),))))
    log.feed(enrolled("M"), sale("M", "T", line(1, 1000))).tick(START + 20 * DAY_MS)
    assert not log.data("points.expiring")
    assert len(log.data("points.expired")) == 1


@pytest.mark.parametrize("then", ["refuse", "accept"])
def test_b8_a_late_event_does_not_warn_again(then: Any) -> None:
    log = Log(
        programme(replace(MONTHLY, warn=(Period(5, "days"),)), time=TimeRules("wall", 30 * DAY_MS, then, 900_000))
    )
    log.feed(enrolled("M"), adjusted("A", 5)).tick(GONE + DAY_MS)
    log.feed(adjusted("B", 7, time_ms=parse("2026-11-20T00:00:00Z")))
    assert [each["points"] for each in log.data("points.expiring")] == [5]
    books_close(log)


def test_b8_the_lead_is_counted_in_local_days() -> None:
    account = replace(EVER, expires=Expiry(Period(2, "days")), warn=(Period(1, "days"),))
    at = parse("2026-10-30T12:00:00Z")
    log = Log(programme(account, zone=NEW_YORK_2026)).feed(enrolled("M", time_ms=at), adjusted("A", 5, time_ms=at))
    log.tick(at + 9 * DAY_MS)
    assert [each["time"] for each in log.events("points.expiring")] == ["2026-11-01T04:00:00.000Z"]
    assert [each["time"] for each in log.events("points.expired")] == ["2026-11-02T05:00:00.000Z"]

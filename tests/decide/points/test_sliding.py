"""Accounts whose points last as long as the member is active (B-4a)."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.calendar import Expiry, Period
from engine.core.instants import DAY_MS, HOUR_MS, parse
from engine.ruleset.effects import AwardPoints, Fixed
from engine.ruleset.model import Account
from tests.support.accounts import BASE, EVER, adjusted, books_close, did, held, made, programme, released, spent
from tests.support.journals import START, Log, enrolled, event, line, sale
from tests.support.programme import campaign, rules

MILES = replace(EVER, expires=Expiry(Period(30, "days")), renewed_by=("transaction.completed",))
DAY = "2026-{}T00:00:00.000Z"


def active(*days: int, account: Account = MILES, **changes: Any) -> Log:
    """A member who bought for 10.00 so many days after the start, in that order."""
    log = Log(programme(account, **changes)).feed(enrolled("M"))
    for number, day in enumerate(days):
        log.feed(sale("M", f"T{number}", line(1, 1000), time_ms=START + day * DAY_MS))
    return log


def expired(log: Log) -> list[tuple[str, int]]:
    return [(each["time"], each["data"]["points"]) for each in log.events("points.expired")]


def give_back(log: Log, number: int, now: int) -> None:
    """Brings a sale back wholly."""
    data = {
        "return_id": f"R{number}",
        "original_transaction_id": f"T{number}",
        "lines": [{"line_id": "1", "quantity": 1}],
        "member_id": "M",
    }
    log.feed(event("transaction.returned", "member:M", data, time_ms=START + now * DAY_MS))


def test_all_lots_go_together_so_long_after_the_last_activity() -> None:
    log = active(0, 17)
    assert [each["expires_at"] for each in log.data("points.awarded")] == [DAY.format("12-04"), DAY.format("12-21")]
    log.tick(parse(DAY.format("12-21")) - 1)
    assert not expired(log)
    log.tick(parse(DAY.format("12-21")))
    assert expired(log) == [(DAY.format("12-21"), 10)] * 2
    assert log.row("member:M/sliding/points") is None
    books_close(log)


def test_other_events_do_not_renew_and_late_ones_never_move_the_expiry_back() -> None:
    log = active(17, 3).feed(
        did("review", "1", time_ms=START + 20 * DAY_MS), spent("S", 1, time_ms=START + 21 * DAY_MS)
    )
    log.tick(parse(DAY.format("12-21")) - 1)
    assert not expired(log)
    log.tick(parse(DAY.format("12-21")))
    assert sum(points for _, points in expired(log)) == 19


def test_an_outcome_may_renew_an_account() -> None:
    log = active(0, account=replace(MILES, renewed_by=("points.spent",)))
    log.feed(spent("S", 1, time_ms=START + 17 * DAY_MS)).tick(parse(DAY.format("12-21")))
    assert expired(log) == [(DAY.format("12-21"), 9)]


def test_points_that_no_activity_brought_begin_the_time_themselves() -> None:
    log = Log(programme(MILES)).feed(enrolled("M"), adjusted("A", 5), adjusted("B", 5, time_ms=START + 9 * DAY_MS))
    assert [each["expires_at"] for each in log.data("points.adjusted")] == [DAY.format("12-04")] * 2
    log.tick(parse(DAY.format("12-04")))
    assert expired(log) == [(DAY.format("12-04"), 5)] * 2
    log.feed(adjusted("C", 5, time_ms=START + 40 * DAY_MS))
    assert log.data("points.adjusted")[-1]["expires_at"] == "2027-01-13T00:00:00.000Z"


def test_the_expiry_that_an_effect_gives_is_its_own() -> None:
    bonus = campaign("bonus", AwardPoints(Fixed(3), "points", expires=Expiry(Period(7, "days"))))
    log = active(0, 5, campaigns=(BASE, bonus)).tick(parse(DAY.format("12-09")))
    assert expired(log) == [
        (DAY.format("11-11"), 3),
        (DAY.format("11-16"), 3),
        (DAY.format("12-09"), 10),
        (DAY.format("12-09"), 10),
    ]


def test_hours_are_counted_from_the_instant_of_the_activity() -> None:
    log = active(0, account=replace(MILES, expires=Expiry(Period(36, "hours"))))
    log.feed(sale("M", "U", line(1, 1000), time_ms=START + HOUR_MS)).tick(START + 3 * DAY_MS)
    assert expired(log) == [("2026-11-04T22:00:00.000Z", 10)] * 2


@pytest.mark.parametrize(
    ("bought", "back", "now", "gone"),
    [
        ((0, 17), 1, 20, "12-04"),  # the activity before it counts again
        ((0, 17, 17), 1, 20, "12-21"),  # another one on that day still counts
        ((0, 9, 17), 1, 20, "12-21"),  # an earlier one changes nothing
        ((0, 9, 17), 2, 20, "12-13"),
    ],
)
def test_a_return_moves_the_expiry_back_to_the_activity_before(
    bought: tuple[int, ...], back: int, now: int, gone: str
) -> None:
    log = active(*bought)
    give_back(log, back, now)
    assert not expired(log)
    log.tick(parse(DAY.format(gone)) - 1)
    assert not expired(log)
    log.tick(parse(DAY.format(gone)))
    assert expired(log) == [(DAY.format(gone), 10)] * (len(bought) - 1)
    books_close(log)


def test_a_sale_that_by_its_own_rules_renewed_nothing_moves_nothing_back() -> None:
    before, now = (programme(account) for account in (EVER, MILES))
    log = Log([before, now]).feed(enrolled("M"), sale("M", "T0", line(1, 1000)))
    log.activate(now)
    log.feed(sale("M", "T1", line(1, 1000), time_ms=START + HOUR_MS))
    give_back(log, 0, 17)
    log.feed(adjusted("A", 5, time_ms=START + 18 * DAY_MS))
    give_back(log, 1, 20)
    log.tick(parse(DAY.format("12-21")) - 1)
    assert not expired(log)


def test_an_activity_that_came_back_before_any_points_begins_no_time() -> None:
    log = active(0, account=MILES, campaigns=())
    give_back(log, 0, 1)
    log.feed(adjusted("A", 5, time_ms=START + 17 * DAY_MS))
    log.tick(parse(DAY.format("12-21")) - 1)
    assert not expired(log)
    log.tick(parse(DAY.format("12-21")))
    assert expired(log) == [(DAY.format("12-21"), 5)]


def test_where_no_activity_is_left_the_points_that_are_left_say_when_they_go() -> None:
    log = active(0).feed(adjusted("A", 5, time_ms=START + 4 * DAY_MS))
    give_back(log, 0, 6)
    log.tick(parse(DAY.format("12-08")) - 1)
    assert not expired(log)
    log.tick(parse(DAY.format("12-08")))
    assert expired(log) == [(DAY.format("12-08"), 5)]


def test_a_return_after_the_earlier_expiry_takes_at_once_all_that_lived_by_it() -> None:
    log = active(0, 17)
    give_back(log, 1, 37)
    assert expired(log) == [(DAY.format("12-04"), 10)]
    books_close(log)


def test_the_same_expiry_twice_has_outcomes_of_different_ids() -> None:
    log = active(0, account=replace(MILES, expires=Expiry(Period(9, "days")))).tick(parse(DAY.format("11-13")))
    log.feed(adjusted("late", 5, time_ms=START + HOUR_MS))
    assert expired(log) == [(DAY.format("11-13"), 10), (DAY.format("11-13"), 5)]
    books_close(log)


def test_points_held_over_the_expiry_go_when_they_are_released_though_the_account_lives_again() -> None:
    log = active(0).feed(held("H", 4)).tick(parse(DAY.format("12-04")))
    now = START + 40 * DAY_MS
    log.feed(sale("M", "U", line(1, 500), time_ms=now), released("H", 4, time_ms=now + 1))
    assert [points for _, points in expired(log)] == [6, 4]
    assert log.row("member:M")["accounts"]["points"]["balance"] == 5
    books_close(log)


def test_points_spent_before_the_expiry_come_back_expired() -> None:
    log = active(0).feed(spent("S", 4)).tick(parse(DAY.format("12-04")))
    (part,) = log.row("member:M/spend/S")["parts"]
    assert part["row"]["expires_at"] == parse(DAY.format("12-04"))


def test_b8_the_warning_moves_with_the_expiry() -> None:
    log = active(0, 17, account=replace(MILES, warn=(Period(10, "days"),))).tick(parse(DAY.format("12-21")))
    (warned,) = log.events("points.expiring")
    assert (warned["time"], warned["data"]["points"]) == (DAY.format("12-11"), 20)
    assert warned["data"]["expires_at"] == DAY.format("12-21")
    log.tick(parse(DAY.format("12-21")) + 31 * DAY_MS)
    assert not [key for key in log.rows() if "/warning/" in key]


def test_an_account_that_the_programme_has_no_more_still_expires() -> None:
    new = made(replace(EVER, name="other"), campaigns=(campaign("x", AwardPoints(Fixed(1), "other")),))
    log = Log([programme(MILES), rules(new)]).feed(enrolled("M"), sale("M", "T", line(1, 1000)))
    log.activate(rules(new))
    log.tick(parse(DAY.format("12-04")))
    assert expired(log) == [(DAY.format("12-04"), 10)]


def test_what_is_kept_of_activities_does_not_stay_for_ever() -> None:
    log = active(*range(0, 40, 2))
    assert sum("/active/" in key for key in log.rows()) == 20
    log.tick(START + 600 * DAY_MS)
    assert not [key for key in log.rows() if "/active/" in key or "/sliding/" in key]

"""Points that cannot be spent yet (B-5): how long they wait, what makes them count, and what they are meanwhile."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.calendar import Expiry, Period
from engine.core.instants import DAY_MS, parse
from engine.ruleset.codec import sealed
from engine.ruleset.conditions import Test
from engine.ruleset.effects import AwardPoints, Fixed, Pending, Rate
from engine.ruleset.model import Campaign, Ladder, Level
from engine.ruleset.tiers import Entry, LadderRules
from tests.support.accounts import EVER, adjusted, books_close, did, lots, made, programme, spent
from tests.support.journals import START, Log, enrolled, line, sale
from tests.support.programme import campaign, rules

MONTH = replace(EVER, expires=Expiry(Period(30, "days")))
FOR_TWO_DAYS = Pending(Period(2, "days"))
UNTIL_STAY = Pending(None, "stay_completed", Period(90, "days"))


def earning(pending: Pending, **changes: Any) -> Campaign:
    return campaign("later", AwardPoints(Rate(1, 100), "points", pending=pending, **changes))


def bought(campaign: Campaign, *others: Campaign, account: Any = MONTH, time_ms: int = START) -> Log:
    log = Log(programme(account, campaigns=(campaign, *others)))
    return log.feed(enrolled("M", time_ms=time_ms), sale("M", "T", line(1, 1000), time_ms=time_ms))


def account(log: Log) -> dict[str, Any]:
    found: dict[str, Any] = log.row("member:M")["accounts"]["points"]
    return found


def test_b5_pending_points_count_in_no_balance_and_cannot_be_spent() -> None:
    log = bought(earning(FOR_TWO_DAYS)).feed(spent("S", 1))
    (award,) = log.data("points.awarded")
    assert (award["balance_before"], award["balance_after"], award["points"]) == (0, 0, 10)
    assert award["postings"] == [{"debit": "issued", "credit": "pending", "points": 10}]
    assert [each["reason"] for each in log.data("points.rejected")] == ["insufficient_points"]
    books_close(log)


def test_b5_they_count_after_their_time_and_then_begin_to_expire() -> None:
    log = bought(earning(FOR_TWO_DAYS))
    (award,) = log.data("points.awarded")
    assert (award["active_from"], award["expires_at"]) == ("2026-11-05T09:00:00.000Z", "2026-12-06T00:00:00.000Z")
    log.tick(START + 2 * DAY_MS - 1)
    assert account(log)["balance"] == 0
    log.tick(START + 2 * DAY_MS)
    (active,) = log.events("points.activated")
    assert active["time"] == active["data"]["active_from"] == award["active_from"]
    assert (active["data"]["expires_at"], active["data"]["campaign"]) == (award["expires_at"], "later")
    assert (active["data"]["points"], active["data"]["balance_after"]) == (10, 10)
    assert lots(log) == [(str(parse("2026-12-06T00:00:00Z")), 10)]
    assert not lots(log, "pending")
    books_close(log)
    log.tick(parse("2026-12-06T00:00:00Z"))
    assert [each["points"] for each in log.data("points.expired")] == [10]


@pytest.mark.parametrize(
    ("expires", "gone"), [(None, "2026-12-06T00:00:00.000Z"), (Expiry(Period(3, "days")), "2026-11-09T00:00:00.000Z")]
)
def test_b4_the_expiry_of_the_effect_counts_before_that_of_the_account(expires: Expiry | None, gone: str) -> None:
    log = bought(earning(FOR_TWO_DAYS, expires=expires)).tick(START + 2 * DAY_MS)
    assert [each["expires_at"] for each in log.data("points.activated")] == [gone]


def test_a_wait_of_a_month_clamps_to_the_end_of_a_shorter_one() -> None:
    log = bought(earning(Pending(Period(1, "months"))), time_ms=parse("2027-01-31T09:00:00Z"))
    assert [each["active_from"] for each in log.data("points.awarded")] == ["2027-02-28T09:00:00.000Z"]


def test_b5_an_activity_makes_all_that_wait_for_it_count() -> None:
    log = bought(earning(UNTIL_STAY), campaign("other", AwardPoints(Fixed(7), "points", pending=FOR_TWO_DAYS)))
    assert [each["active_from"] for each in log.data("points.awarded")] == [None, "2026-11-05T09:00:00.000Z"]
    log.feed(sale("M", "U", line(1, 2000), time_ms=START + 1), did("review_written", "1", time_ms=START + 1))
    assert account(log)["balance"] == 0
    log.feed(did("stay_completed", "2", time_ms=START + DAY_MS))
    assert [each["points"] for each in log.data("points.activated")] == [10, 20]
    assert account(log)["balance"] == 30
    books_close(log)


def test_b5_without_the_activity_they_lapse() -> None:
    log = bought(earning(UNTIL_STAY)).tick(START + 90 * DAY_MS - 1)
    assert not log.data("points.expired")
    log.tick(START + 90 * DAY_MS)
    (lapsed,) = log.data("points.expired")
    assert (lapsed["points"], lapsed["reason"], lapsed["balance_before"], lapsed["balance_after"]) == (
        10,
        "lapsed",
        0,
        0,
    )
    log.feed(did("stay_completed", "1", time_ms=START + 91 * DAY_MS))
    assert not log.data("points.activated")
    assert account(log)["earned"] == 10
    books_close(log)


def test_without_an_end_they_wait_for_ever() -> None:
    log = bought(earning(Pending(None, "stay_completed"))).tick(START + 4000 * DAY_MS)
    assert lots(log, "pending") == [("9999999999999", 10)]
    log.feed(did("stay_completed", "1", time_ms=START + 4000 * DAY_MS))
    assert account(log)["balance"] == 10


def test_b9_campaigns_on_the_activity_see_the_balance_before_it_and_its_own_points_wait_for_the_next() -> None:
    thanks = campaign(
        "thanks",
        AwardPoints(Fixed(5), "points", pending=UNTIL_STAY),
        on="activity.recorded",
        when=Test("balance.points", "points", "at_most", (0,)),
    )
    log = bought(earning(UNTIL_STAY), thanks).feed(did("stay_completed", "1"))
    assert [each["points"] for each in log.data("points.activated")] == [10]
    assert [each["campaign"] for each in log.data("points.awarded")] == ["later", "thanks"]
    log.feed(did("stay_completed", "2"))
    assert [each["points"] for each in log.data("points.activated")] == [10, 5]


def test_pending_points_count_as_earned_and_for_tiers_when_they_are_awarded() -> None:
    log = Log(programme(MONTH, campaigns=(earning(FOR_TWO_DAYS),)))
    log.feed(enrolled("M"), sale("M", "T", line(1, 15000)))
    assert account(log)["earned"] == 150
    assert [each["tier_after"] for each in log.data("tier.upgraded")] == ["silver"]
    log.tick(START + 2 * DAY_MS)
    assert account(log)["earned"] == 150


def test_what_entering_a_tier_gives_may_be_pending() -> None:
    welcome = Entry((AwardPoints(Fixed(5), "points", pending=FOR_TWO_DAYS),))
    ladder = Ladder("status", "points", "ever", (Level("blue", 0),), rules=LadderRules(on_entering={"blue": welcome}))
    plain = made(MONTH)
    log = Log(rules(sealed(replace(plain, ladders=(ladder,))))).feed(enrolled("M"))
    assert [each["balance_after"] for each in log.data("points.awarded")] == [0]
    log.tick(START + 2 * DAY_MS)
    assert [each["campaign"] for each in log.data("points.activated")] == ["tiers/status"]
    books_close(log)


def test_the_award_of_a_sale_names_its_lot_before_and_after_activation() -> None:
    log = bought(earning(FOR_TWO_DAYS))
    (award,) = log.row("member:M/transaction/T")["awards"]
    assert log.row(f"member:M/{award['lot']}")["points"] == 10
    log.tick(START + 2 * DAY_MS)
    (award,) = log.row("member:M/transaction/T")["awards"]
    assert award["lot"].startswith("lot/")
    assert log.row(f"member:M/{award['lot']}")["points"] == 10


def test_b6_points_that_become_active_pay_a_deficit() -> None:
    log = bought(earning(FOR_TWO_DAYS), account=replace(MONTH, negative="allowed")).feed(adjusted("A", -4))
    log.tick(START + 2 * DAY_MS)
    (active,) = log.data("points.activated")
    assert (active["points"], active["balance_before"], active["balance_after"]) == (10, -4, 6)
    assert [points for _, points in lots(log)] == [6]
    books_close(log)


def test_b31_at_one_instant_points_become_active_before_others_expire() -> None:
    at_midnight = earning(Pending(Period(15, "hours")), expires=Expiry(Period(9, "days")))
    today = campaign("today", AwardPoints(Fixed(3), "points", expires=Expiry(Period(15, "hours"))))
    log = bought(at_midnight, today).tick(START + DAY_MS)
    kinds = [each for each in ("points.activated", "points.expired") for _ in log.events(each)]
    assert kinds == ["points.activated", "points.expired"]
    assert [each["balance_before"] for each in log.data("points.expired")] == [13]

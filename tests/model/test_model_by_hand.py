"""The model itself, by examples worked out by hand: what it says is what the behaviour says."""

from typing import Any

from tests.model.days import DAY_MS, after_ten_days, after_three_months, at
from tests.model.happenings import returned, sale
from tests.model.member import Member

NOON = at(2026, 11, 3, 12)


def line(number: int, category: str, pieces: int, amount: int) -> dict[str, Any]:
    return {"line_id": str(number), "sku": "S", "category": category, "quantity": pieces, "amount_minor": amount}


def member(*, may_owe: bool = False) -> Member:
    made = Member(may_owe=may_owe)
    made.tick(NOON)
    return made


def command(key: str, points: int) -> dict[str, Any]:
    return {key: key, "member_id": "M-1", "account": "points", "points": points}


def test_b4_three_months_on_is_the_end_of_the_month_clamped_and_in_local_time() -> None:
    assert after_three_months(at(2026, 11, 30, 23, 59)) == at(2027, 3, 1)  # 30 November, 28 February
    assert after_three_months(at(2026, 12, 15)) == at(2027, 4, 1)  # summer time began on 14 March
    assert after_ten_days(at(2026, 10, 25, 9)) == at(2026, 11, 5)  # summer time ended on 1 November


def test_b22_rates_keep_what_the_kept_lines_earn_floored_once() -> None:
    made = member()
    bought = [line(0, "grocery", 3, 1999)]  # 19.99: base 19, status 19
    made.hear("transaction.completed", sale("T", bought), NOON, "1")
    assert made.points.available == 19
    made.hear("transaction.returned", returned("R", "T", [{"line_id": "0", "quantity": 1}]), NOON, "2")
    # a third of 19.99 is 6.66; 13.33 is left, which is 13 points, and no small shop of at most 15.00 is given now
    assert made.points.available == 13
    made.hear("transaction.returned", returned("R2", "T", [{"line_id": "0", "quantity": 2}]), NOON, "3")
    assert (made.points.available, made.progress, made.visits) == (0, {}, 0)


def test_b22_a_fixed_award_goes_with_its_condition_and_gives_its_use_back() -> None:
    made = member()
    made.hear("transaction.completed", sale("T", [line(0, "grocery", 1, 3000), line(1, "grocery", 1, 1000)]), NOON, "1")
    # 40.00: base 40, big basket 25, half more 20
    assert (made.points.available, made.uses["big-basket"]) == (85, {at(2026, 11, 3): 1})
    made.hear("transaction.returned", returned("R", "T", [{"line_id": "1", "quantity": 1}]), NOON, "2")
    assert (made.points.available, made.uses["big-basket"]) == (45, {})  # 30.00: base 30, half more 15


def test_b22_a_group_is_decided_again_and_never_gives_more() -> None:
    made = member()
    bought = [line(0, "grocery", 1, 3500), line(1, "drinks", 2, 2500)]
    made.hear("transaction.completed", sale("T", bought), NOON, "1")
    # 60.00: base 60, big basket 25; of the group feast 60 beats half more 30 and triple drinks 50
    assert made.points.available == 145
    made.hear("transaction.returned", returned("R", "T", [{"line_id": "0", "quantity": 1}]), NOON, "2")
    assert made.points.available == 75  # 25.00: base 25, and triple drinks 50 beats half more 12


def test_b13_a_monthly_limit_clamps_and_room_given_back_is_not_handed_on() -> None:
    made = member()
    for key in ("T-1", "T-2"):
        made.hear("transaction.completed", sale(key, [line(0, "produce", 1, 2000)]), NOON, key)  # 100 fresh each
    assert made.sales["T-2"].left["fresh"] == 50
    made.hear("transaction.returned", returned("R", "T-1", [{"line_id": "0", "quantity": 1}]), NOON, "r")
    assert (made.sales["T-2"].left["fresh"], made.uses["fresh"]) == (50, {at(2026, 11, 1): 50})


def test_b6_never_loses_what_was_spent_and_allowed_owes_it() -> None:
    for may_owe, balance in ((False, 10), (True, -10)):
        made = member(may_owe=may_owe)
        made.hear(
            "transaction.completed", sale("T", [line(0, "grocery", 1, 2000)]), NOON, "1"
        )  # 20, and 10 by half more
        made.hear("points.spend_requested", command("spend_id", 20), NOON, "2")
        made.hear("transaction.cancelled", {"transaction_id": "T", "member_id": "M-1"}, NOON, "3")
        made.hear("points.adjustment_requested", command("adjustment_id", 10), NOON, "4")
        assert made.points.available - made.points.debt == balance
        assert made.awarded["points"] == 0


def test_b5_pending_points_count_after_their_days_and_then_begin_to_expire() -> None:
    made = member()
    made.hear("transaction.completed", sale("T", [line(0, "household", 1, 450)]), NOON, "1")  # base 4, small shop 3; 9
    assert (made.points.available, sum(each.points for each in made.points.waiting)) == (7, 9)
    made.tick(NOON + 14 * DAY_MS)
    assert made.points.available == 16
    assert {lot.expires_at for lot in made.points.lots} == {at(2027, 3, 1)}


def test_b7_held_points_do_not_expire_while_held() -> None:
    made = member()
    made.hear("points.adjustment_requested", command("adjustment_id", 30), NOON, "1")  # until the end of February
    made.tick(at(2027, 2, 28, 12))
    made.hear("points.hold_requested", command("hold_id", 20), at(2027, 2, 28, 12), "2")
    made.tick(at(2027, 3, 1))
    assert (made.points.available, made.points.told["points.expired"]) == (0, 10)
    made.tick(at(2027, 3, 1, 18))  # 30 hours are over
    assert (made.points.available, made.points.told["points.expired"]) == (0, 30)


def test_b24_points_that_paid_come_back_in_proportion_and_then_the_rest() -> None:
    made = member()
    made.hear("points.adjustment_requested", command("adjustment_id", 100), NOON, "1")
    made.hear("points.spend_requested", command("spend_id", 100), NOON, "2")
    payments = [{"method": "points", "amount_minor": 100, "spend_id": "spend_id"}]
    bought = [line(0, "gift_card", 1, 100), line(1, "gift_card", 1, 200)]
    made.hear("transaction.completed", sale("T", bought, payments=payments), NOON, "3")
    made.hear("transaction.returned", returned("R-1", "T", [{"line_id": "0", "quantity": 1}]), NOON, "4")
    assert made.points.available == 33
    made.hear("transaction.returned", returned("R-2", "T", [{"line_id": "1", "quantity": 1}]), NOON, "5")
    assert made.points.available == 100


def test_b26_a_return_reverses_an_upgrade() -> None:
    made = member()
    made.hear("transaction.completed", sale("T", [line(0, "grocery", 2, 10000)]), NOON, "1")
    assert made.tier == "silver"
    made.hear("transaction.returned", returned("R", "T", [{"line_id": "0", "quantity": 1}]), NOON, "2")
    assert (made.tier, made.progress) == ("blue", {"2026": 50})

"""How progress counts, what reaches a tier, and what entering it gives (B-26, B-28)."""

from typing import Any

import pytest

from engine.core.calendar import Period
from engine.ruleset.effects import AddTag, AwardPoints, Fixed, IssueVoucher
from engine.ruleset.model import UNREACHED, Ladder, Level
from engine.ruleset.tiers import AtEnd, Criteria, Entry
from tests.support.ladders import (
    END_OF_NEXT_YEAR,
    KEY,
    LEVELS,
    MILES,
    ONE_MONTH,
    POINTS,
    VISITS,
    account,
    begin,
    buy,
    decoded,
    go,
    ladder,
    last_progress,
    standing,
    visits,
)

# -- periods


@pytest.mark.parametrize(
    ("within", "last", "days", "qualified"),
    [
        ("ever", None, ("2025-04-01", "2026-12-31", "2027-01-01"), [60, 120, 180]),
        ("calendar_year", None, ("2025-04-01", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"), [60, 60, 60]),
        ("calendar_year", None, ("2026-01-01T00:00:00Z", "2026-12-31T23:59:59Z"), [60, 120]),
        ("membership_year", None, ("2026-03-09T23:59:59Z", "2026-03-10T00:00:00Z", "2027-03-09"), [60, 60, 120]),
        ("last", Period(12, "months"), ("2025-04-01", "2026-03-31", "2026-04-01"), [60, 120, 120]),
        ("last", Period(2, "days"), ("2025-04-01", "2025-04-02", "2025-04-03", "2025-04-05"), [60, 120, 120, 60]),
    ],
)
def test_b26_points_count_in_the_period_that_they_were_earned_in(
    within: Any, last: Period | None, days: tuple[str, ...], qualified: list[int]
) -> None:
    log = begin(ladder(Level("blue", 0), Level("gold", 1000), within=within, last=last))
    for day in days:
        buy(log, day, 60)
    assert [each["qualified"] for each in log.data("tier.progress_changed")] == qualified


@pytest.mark.parametrize(
    ("within", "last", "days", "told_visits"),
    [
        ("ever", None, ("2025-04-01", "2026-04-02"), [1, 2]),
        ("calendar_year", None, ("2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-02-01"), [1, 1, 2]),
        ("membership_year", None, ("2026-03-09T23:59:59Z", "2026-03-10T00:00:00Z", "2026-03-11"), [1, 1, 2]),
        ("last", Period(12, "months"), ("2025-04-01", "2026-03-31", "2026-04-01"), [1, 2, 2]),
    ],
)
def test_b26_counters_count_in_the_same_periods_and_only_changes_are_told(
    within: Any, last: Period | None, days: tuple[str, ...], told_visits: list[int]
) -> None:
    made = Ladder("status", "", within, (Level("blue", 0), Level("gold", UNREACHED, Criteria(((visits(9),),)))), last)
    log = begin(made, counters=(VISITS,))
    for day in days:
        buy(log, day, 5)
    changes = log.data("tier.progress_changed")
    assert changes[0]["unit"] == "counter.visits"
    said = [each["qualified"] for each in changes if each["qualified"]]
    assert said == [each for at, each in enumerate(told_visits) if at == 0 or told_visits[at - 1] != each]
    assert changes[-1]["missing"] == 9 - told_visits[-1]


def test_a_membership_year_that_began_on_29_february_begins_on_the_28th() -> None:
    log = begin(ladder(within="membership_year"), enrolled_on="2024-02-29")
    for day in ("2025-02-27", "2025-02-28", "2028-02-28", "2028-02-29"):
        buy(log, day, 10)
    assert standing(log)["qualified"] == {"2024-02-29": 10, "2025-02-28": 10, "2027-02-28": 10, "2028-02-29": 10}


def test_progress_of_a_moving_window_is_kept_by_day_and_only_as_long_as_it_can_count() -> None:
    log = begin(ladder(within="last", last=Period(1, "months")))
    for day in ("2025-04-01T01:00:00Z", "2025-04-01T02:00:00Z", "2025-04-20", "2025-09-01"):
        buy(log, day, 10)
    assert standing(log)["qualified"] == {"2025-09-01": 10}


# -- up


def test_b28_several_levels_are_one_change_with_before_after_next_and_missing() -> None:
    log = begin(ladder(*LEVELS, Level("black", 5000), valid=END_OF_NEXT_YEAR))
    buy(log, "2026-05-01", 1200)
    (data,) = log.data("tier.upgraded")
    assert data == {
        "member_id": "M",
        "ladder": "status",
        "tier_before": "blue",
        "tier_after": "gold",
        "tier_next": "black",
        "qualified": 1200,
        "missing": 3800,
        "unit": "points",
        "valid_until": "2028-02-01T00:00:00.000Z",
    }
    types = [decoded(value)["type"] for _, _, value in log.topics["tier-changes"]]
    assert types == ["tier.joined", "tier.upgraded", "tier.progress_changed"]


WAYS = Criteria(((account("points", 1000),), (account("miles", 500), visits(4)), (visits(10),)))
SEVERAL = Ladder("status", "points", "calendar_year", (Level("blue", 0), Level("gold", 1000, WAYS)))


@pytest.mark.parametrize(
    ("sales", "upgraded", "way"),
    [
        ((10,), False, (1, 9, "counter.visits")),  # 1 of 10 visits; 1 % of the points, 4 % of the miles
        ((240,), False, (240, 760, "points")),  # 24 %; of the miles and visits 25 % of the visits, told below
        ((300, 1), False, (2, 2, "counter.visits")),  # all the miles and half of the visits
        ((1, 1, 1, 1, 1), False, (5, 5, "counter.visits")),
        ((999, 1), True, (1000, 0, "points")),
        ((100, 100, 49, 1), True, (500, 0, "miles")),
        ((1,) * 10, True, (10, 0, "counter.visits")),
    ],
)
def test_any_way_is_enough_and_the_nearest_is_told(
    sales: tuple[int, ...], upgraded: bool, way: tuple[int, int, str]
) -> None:
    log = begin(SEVERAL, POINTS, MILES, counters=(VISITS,))
    for number, points in enumerate(sales):
        buy(log, f"2026-05-{number + 1:02}", points)
    assert bool(log.data("tier.upgraded")) is upgraded
    if sales == (240,):
        way = (1, 3, "counter.visits")  # 1 of 4 is more than 240 of 1000
    assert last_progress(log) == way


def test_points_of_another_account_count_beside_the_ladders_own() -> None:
    log = begin(SEVERAL, MILES, counters=(VISITS,))
    buy(log, "2026-05-01", 100)
    assert standing(log)["also"] == {"miles": {"2026": 200}}


@pytest.mark.parametrize(
    ("progress", "sales", "after", "qualified"),
    [
        ("keep", (150, 860), "gold", [150, 1010]),
        ("restart", (150, 860), "silver", [0, 860]),
        ("carry_excess", (150, 860), "silver", [50, 910]),
        ("carry_excess", (150, 950), "gold", [50, 0]),
    ],
)
def test_reaching_a_tier_keeps_uses_up_or_carries_progress(
    progress: Any, sales: tuple[int, ...], after: str, qualified: list[int]
) -> None:
    log = begin(ladder(on_reaching=progress))
    for number, points in enumerate(sales):
        buy(log, f"2026-05-{number + 1:02}", points)
    assert standing(log)["tier"] == after
    assert [each["qualified"] for each in log.data("tier.progress_changed")] == qualified


def test_a_moving_window_uses_up_the_oldest_days_first() -> None:
    log = begin(ladder(within="last", last=Period(10, "days"), on_reaching="carry_excess"))
    for day, points in (("2026-05-01", 60), ("2026-05-03", 70), ("2026-05-12", 5)):
        buy(log, day, points)
    assert standing(log)["steps"][-1]["consumed"] == {"points": {"2026-05-01": 60, "2026-05-03": 40}}
    assert last_progress(log) == (35, 965, "points")  # what was used up leaves the window with its days


# -- entry benefits


def test_b28_entering_gives_once_a_member_and_tier_and_skipped_tiers_are_entered_too() -> None:
    entering = {
        "silver": Entry((AwardPoints(Fixed(7), "miles"), AddTag("shiny"))),
        "gold": Entry((AwardPoints(Fixed(50), "miles"), IssueVoucher("lounge"))),
    }
    log = begin(ladder(valid=ONE_MONTH, at_end=AtEnd("to_qualifying"), on_entering=entering))
    buy(log, "2026-05-01", 1200)
    given = [(each["campaign"], each["account"], each["points"]) for each in log.data("points.awarded")]
    assert given == [("base", "points", 1200), ("tiers/status", "miles", 7), ("tiers/status", "miles", 50)]
    (decision,) = [each for each in log.data("decision.recorded") if "carried" in each]
    carried = {"campaign": "tiers/status", "effect": "issue_voucher", "awaits": "vouchers", "voucher": "lounge"}
    assert decision["carried"] == [carried]
    assert log.row(KEY)["tags"] == ["shiny"]
    assert log.row(KEY)["accounts"]["miles"]["balance"] == 57
    go(log, "2028-03-01")
    assert standing(log)["tier"] == "blue"
    buy(log, "2028-03-02", 1200)
    assert standing(log)["tier"] == "gold"
    assert sum(each["points"] for each in log.data("points.awarded") if each["account"] == "miles") == 57


def test_entering_gives_again_where_it_says_so() -> None:
    again = Entry((AwardPoints(Fixed(7), "miles"),), again=True)
    log = begin(ladder(valid=ONE_MONTH, on_entering={"silver": again}))
    buy(log, "2026-05-01", 100)
    go(log, "2028-03-01")
    buy(log, "2028-03-02", 100)
    assert [each["points"] for each in log.data("points.awarded") if each["account"] == "miles"] == [7, 7]

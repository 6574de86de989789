"""Achievements: told when they move, completed once for each multiple, taken back by returns (B-17a)."""

from dataclasses import replace
from typing import Any

from engine.core.calendar import Period
from engine.core.instants import DAY_MS
from engine.ruleset.achievements import Achievement
from engine.ruleset.codec import sealed
from engine.ruleset.conditions import Test
from engine.ruleset.effects import AwardPoints, Fixed
from engine.ruleset.limits import Counter, Derived, Window
from engine.ruleset.matching import Rules
from tests.support.journals import START, Log, enrolled, event, line, sale
from tests.support.programme import campaign, one_of, rules, ruleset
from tests.support.steps import Steps

EVER, MONTH = Window("ever"), Window("this", unit="month")
VISITS = Counter("visits", "transaction.completed", None, None, "pieces", None, Period(24, "months"))
STAMP = campaign("stamp", AwardPoints(Fixed(1), "points"))
PRIZE = campaign(
    "prize",
    AwardPoints(Fixed(100), "points"),
    on="achievement.completed",
    when=one_of("achievement.achievement", "regular"),
)


def programme(*campaigns: Any, target: int = 3, repeats: int = 1, window: Window = EVER, **changes: Any) -> Rules:
    achievement = Achievement("regular", "A regular", "visits", "counter.visits", target, repeats)
    derived = (Derived("counter.visits", "visits", "value", window),)
    made = ruleset(*(campaigns or (STAMP, PRIZE)), counters=(VISITS,), derived=derived, **changes)
    return rules(sealed(replace(made, achievements=(achievement,))))


def bought(number: int, pieces: int = 1, at_ms: int = 0) -> Any:
    return sale("M", f"T{number}", line(1, 100, quantity=pieces), time_ms=at_ms or START + number)


def started(rules: Rules) -> Steps:
    return Steps(rules).feed(enrolled("M"))


def stands(steps: Steps) -> tuple[int, int]:
    row = steps.row("member:M")["achievements"]["regular"]
    return row["count"], row["times"]


def story(steps: Steps) -> list[tuple[str, int, int]]:
    """What was said of the achievement: what, the count, how often completed."""
    said = [each for each in steps.outcomes if each.type.startswith("achievement.")]
    return [(each.type.removeprefix("achievement."), each.data["count"], each.data["times"]) for each in said]


def prizes(steps: Steps) -> int:
    return sum(each["campaign"] == "prize" for each in steps.told("points.awarded"))


def test_an_app_is_told_how_far_a_member_is_and_when_it_is_done() -> None:
    steps = started(programme()).feed(*(bought(number) for number in range(4)))
    assert story(steps) == [
        ("progressed", 1, 0),
        ("progressed", 2, 0),
        ("progressed", 3, 1),
        ("completed", 3, 1),
        ("progressed", 4, 1),
    ]
    told = steps.told("achievement.completed")
    assert told == [{"member_id": "M", "achievement": "regular", "count": 3, "target": 3, "times": 1}]


def test_an_event_that_does_not_count_moves_nothing() -> None:
    steps = started(programme()).feed(sale("M", "T", line(1, 100, quantity=0)))
    assert story(steps) == []
    assert "achievements" not in steps.row("member:M")


def test_a_completion_is_followed_by_campaigns_on_it() -> None:
    made = Log(programme()).feed(enrolled("M"), bought(1, 3))
    assert [each["campaign"] for each in made.data("points.awarded")] == ["stamp", "prize"]


def test_each_multiple_is_completed_until_it_may_not_be_repeated() -> None:
    steps = started(programme(repeats=3)).feed(bought(1, 7), bought(2, 1), bought(3, 4), bought(4, 9))
    completed = [(count, times) for what, count, times in story(steps) if what == "completed"]
    assert completed == [(7, 1), (7, 2), (12, 3)]
    assert stands(steps) == (21, 3)
    assert prizes(steps) == 3


def test_conditions_see_how_often_it_was_completed_before_this_event() -> None:
    done = Test("achievement.regular", "int", "at_least", (1,))
    open_ = Test("achievement.regular", "int", "at_most", (0,))
    campaigns = (
        campaign("once-done", AwardPoints(Fixed(5), "points"), when=done),
        campaign("until-done", AwardPoints(Fixed(2), "points"), when=open_),
    )
    steps = started(programme(*campaigns)).feed(bought(1, 2), bought(2, 1), bought(3, 1))
    assert [each["campaign"] for each in steps.told("points.awarded")] == ["until-done", "until-done", "once-done"]


def test_a_return_rolls_back_what_its_count_no_longer_reaches() -> None:
    steps = started(programme(repeats=2)).feed(bought(1, 3), bought(2, 3), bought(3, 1))
    said = len(story(steps))
    steps.give_back("T3", time_ms=START + 9)
    assert story(steps)[said:] == [("progressed", 6, 2)]
    steps.give_back("T2", line(1, 100, quantity=1), time_ms=START + 10)
    assert story(steps)[said + 1 :] == [("rolled_back", 4, 1)]
    steps.give_back("T1", time_ms=START + 11)
    assert story(steps)[said + 2 :] == [("rolled_back", 1, 0)]
    assert stands(steps) == (1, 0)


def test_a_multiple_beyond_the_repeats_comes_back_without_a_word_of_completions() -> None:
    steps = started(programme()).feed(bought(1, 5), bought(2, 2))
    steps.give_back("T2", time_ms=START + 9)
    assert story(steps)[-1] == ("progressed", 5, 1)


def test_b17a_what_is_bought_again_stands_again_and_is_rewarded_once() -> None:
    steps = started(programme(repeats=2)).feed(bought(1, 2), bought(2, 1))
    steps.give_back("T2", time_ms=START + 9)
    assert stands(steps) == (2, 0)
    steps.feed(bought(3, 1, START + 10))
    assert story(steps)[-1] == ("progressed", 3, 1)
    assert (stands(steps), prizes(steps)) == ((3, 1), 1)
    steps.give_back("T3", time_ms=START + 11)
    assert (story(steps)[-1], stands(steps)) == (("rolled_back", 2, 0), (2, 0))
    steps.feed(bought(4, 4, START + 12))
    assert (stands(steps), prizes(steps)) == ((6, 2), 2)
    assert story(steps)[-1] == ("completed", 6, 2)


def test_a_month_that_is_over_keeps_its_completion_and_the_next_can_be_completed() -> None:
    next_month = START + 30 * DAY_MS
    steps = started(programme(window=MONTH, repeats=5)).feed(bought(1, 3), bought(2, 1, next_month))
    assert stands(steps) == (1, 1)
    steps.feed(bought(3, 2, next_month + 1))
    assert (stands(steps), prizes(steps)) == ((3, 2), 2)
    steps.give_back("T1", time_ms=next_month + 2)
    assert story(steps)[-1] == ("rolled_back", 3, 1)


def test_a_late_event_counts_in_its_own_month_and_does_not_turn_back_what_an_app_shows() -> None:
    next_month = START + 30 * DAY_MS
    steps = started(programme(window=MONTH, repeats=5)).feed(bought(1, 2), bought(2, 2, next_month), bought(3, 1))
    assert (stands(steps), prizes(steps)) == ((2, 1), 1)


def test_what_a_moving_window_leaves_behind_is_not_taken_back() -> None:
    week = Window("last", Period(7, "days"))
    steps = started(programme(window=week)).feed(bought(1, 3), bought(2, 1, START + 8 * DAY_MS))
    assert stands(steps) == (1, 1)
    steps.give_back("T1", time_ms=START + 9 * DAY_MS)
    assert stands(steps) == (1, 1)


def test_what_was_counted_before_an_achievement_came_to_be_counts() -> None:
    after = programme()
    before = rules(sealed(replace(after.ruleset, achievements=())))
    steps = Steps(before, after).feed(enrolled("M"), bought(1, 2))
    steps.rules = after
    steps.feed(bought(2, 2))
    assert (stands(steps), prizes(steps)) == ((4, 1), 1)


def test_the_same_sale_again_moves_nothing() -> None:
    steps = started(programme()).feed(bought(1, 2), bought(1, 2))
    assert story(steps) == [("progressed", 2, 0)]


def test_a_returned_sale_rolls_back_as_it_comes() -> None:
    made = Log(programme()).feed(enrolled("M"), bought(1, 2), bought(2, 1))
    back = {
        "return_id": "R1",
        "original_transaction_id": "T2",
        "member_id": "M",
        "lines": [{"line_id": "1", "quantity": 1}],
    }
    made.feed(event("transaction.returned", "member:M", back, time_ms=START + DAY_MS))
    assert [(each["count"], each["times"]) for each in made.data("achievement.rolled_back")] == [(2, 0)]
    assert made.row("member:M/transaction/T2")["counted"] == {}

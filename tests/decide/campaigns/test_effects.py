"""Every way to award, every limit and group: what a sale is given, as rows of amounts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from engine.core.calendar import Period
from engine.core.instants import DAY_MS, HOUR_MS
from engine.ruleset.conditions import LineSet, Test
from engine.ruleset.effects import (
    AddTag,
    AwardPoints,
    Bundle,
    Emit,
    Fixed,
    How,
    IssueVoucher,
    Multiple,
    Rate,
    RemoveTag,
    SetAttribute,
    Steps,
)
from engine.ruleset.limits import Counter, Derived, Group, Limit, Window
from engine.ruleset.model import Campaign, Ruleset
from tests.support.journals import START, Log, enrolled, event, line, sale
from tests.support.programme import campaign, one_of, rules, ruleset

ALL = LineSet(None, None)
SETS = {
    "produce": LineSet(one_of("category", "produce"), None),
    "deli": LineSet(one_of("category", "deli"), None),
    "food": LineSet(one_of("category", "produce", "deli"), None),
}
BASE = campaign("base", AwardPoints(Rate(1, 100), "points"), base=True)
EVER = Window("ever")


def awarding(name: str, how: How, **changes: Any) -> Campaign:
    return campaign(name, AwardPoints(how, "points"), line_sets=SETS, **changes)


def given(made: Log) -> dict[str, int]:
    """Points by campaign, summed."""
    points: dict[str, int] = {}
    for each in made.data("points.awarded"):
        points[each["campaign"]] = points.get(each["campaign"], 0) + each["points"]
    return points


def bought(programme: Ruleset, *lines: dict[str, Any], **data: Any) -> Log:
    return Log(rules(programme)).feed(enrolled("M"), sale("M", "T", *lines, **data))


LINES = (line(1, 250, "produce", 2), line(2, 199, "deli", 1), line(3, 175, "deli", 3), line(4, 900, "alcohol"))


@pytest.mark.parametrize(
    ("how", "points"),
    [
        (Fixed(50), 50),
        (Rate(5, 100), 31),  # 6.24 without alcohol
        (Rate(5, 100, "deli"), 18),  # 3.74
        (Rate(5, 100, "deli", each_line=True), 9 + 8),
        (Steps(5, 200), 15),
        (Steps(5, 200, "deli"), 5),
        (Bundle(50, {"produce": 1, "deli": 1}), 100),
        (Bundle(50, {"produce": 1, "deli": 1}, at_most=1), 50),
        (Bundle(50, {"food": 3}), 100),
        (Multiple(2000), 6),  # of 6.24: floor(12.48) - 6
        (Multiple(1500), 3),  # floor(9.36) - 6
        (Multiple(3000, "deli"), 11 - 3),  # of 3.74
    ],
    ids=str,
)
def test_an_award_is_what_its_kind_says(how: How, points: int) -> None:
    made = bought(ruleset(BASE, awarding("extra", how)), *LINES)
    assert given(made) == {"base": 6, "extra": points}


def test_several_multiples_add_their_extras() -> None:
    made = bought(ruleset(BASE, awarding("a2", Multiple(2000)), awarding("b3", Multiple(3000))), line(1, 1000))
    assert given(made) == {"base": 10, "a2": 10, "b3": 20}


@pytest.mark.parametrize(
    ("keep", "points"),
    [
        ("all", {"ten": 10, "forty": 40, "twenty": 20}),
        ("first", {"forty": 40}),
        ("highest", {"forty": 40}),
        ("lowest", {"ten": 10}),
    ],
)
def test_b11_a_group_keeps_some_of_its_campaigns_and_records_what_it_drops(keep: Any, points: dict[str, int]) -> None:
    programme = ruleset(
        *(
            awarding(name, Fixed(worth), group="g")
            for name, worth in (("forty", 40), ("ten", 10), ("twenty", 20))  # in the ruleset's order
        ),
        groups=(Group("g", keep, "transaction"),),
    )
    made = bought(programme, line(1, 100))
    assert given(made) == points
    (decision,) = [each for each in made.data("decision.recorded") if each["input"]["type"] == "transaction.completed"]
    dropped = {each["campaign"] for each in decision["campaigns_refused"] if each["reason"] == "excluded_by_group"}
    assert dropped == {"forty", "ten", "twenty"} - set(points)
    assert set(decision["campaigns_fired"]) == set(points)


def test_b11_the_highest_is_chosen_line_by_line() -> None:
    programme = ruleset(
        BASE,
        awarding("produce-ten", Multiple(10_000, "produce"), group="g"),
        awarding("all-one-and-a-half", Multiple(1500), group="g"),
        groups=(Group("g", "highest", "line"),),
    )
    made = bought(programme, line(1, 300, "produce"), line(2, 500, "deli"))
    # produce: 3 points of base, nine times more; the rest: 5 points of base, half as much again
    assert given(made) == {"base": 8, "produce-ten": 27, "all-one-and-a-half": 2}


def test_a_limit_of_times_refuses_the_whole_campaign_in_its_period() -> None:
    daily = Limit("times", 1, "member", Window("this", unit="day"), "refuse")
    made = Log(rules(ruleset(awarding("once", Fixed(10), limits=(daily,)))))
    made.feed(enrolled("M"), *(sale("M", f"T{at}", line(1, 100), time_ms=START + at * HOUR_MS) for at in (0, 1, 24)))
    assert given(made) == {"once": 20}
    refused = [each["campaigns_refused"] for each in made.data("decision.recorded") if each["campaigns_refused"]]
    assert refused == [[{"campaign": "once", "reason": "member_limit_reached"}]]


@pytest.mark.parametrize(("over", "points"), [("clamp", [30, 30, 15, 0]), ("refuse", [30, 30, 0, 0])])
def test_a_limit_of_points_gives_what_is_left_or_nothing_of_that_award(over: Any, points: list[int]) -> None:
    monthly = Limit("points", 75, "member", Window("this", unit="month"), over)
    made = Log(rules(ruleset(awarding("rate", Rate(1, 100), limits=(monthly,))))).feed(enrolled("M"))
    for at, expected in enumerate(points):
        before = given(made).get("rate", 0)
        made.feed(sale("M", f"T{at}", line(1, 3000), time_ms=START + at * HOUR_MS))
        assert given(made).get("rate", 0) - before == expected
    made.feed(sale("M", "next", line(1, 3000), time_ms=START + 29 * DAY_MS))  # the month after
    assert made.data("points.awarded")[-1]["points"] == 30


def test_a_limit_counts_in_the_period_of_the_events_own_time() -> None:
    daily = Limit("times", 1, "member", Window("this", unit="day"), "refuse")
    made = Log(rules(ruleset(awarding("once", Fixed(10), limits=(daily,)))))
    made.feed(enrolled("M", time_ms=START - 9 * DAY_MS), sale("M", "today", line(1, 100)))
    made.feed(
        sale("M", "late", line(1, 100), time_ms=START - DAY_MS),
        sale("M", "again", line(1, 100), time_ms=START - DAY_MS),
    )
    assert [each["transaction_id"] for each in made.data("points.awarded")] == ["today", "late"]


def test_a_sliding_limit_and_a_distance() -> None:
    sliding = Limit("times", 2, "member", Window("last", Period(7, "days")), "refuse")
    apart = Limit("not_within", 0, "member", EVER, "refuse", not_within=Period(3, "days"))
    made = Log(
        rules(ruleset(awarding("slides", Fixed(1), limits=(sliding,)), awarding("apart", Fixed(100), limits=(apart,))))
    ).feed(enrolled("M"))
    for day in range(8):
        made.feed(sale("M", f"T{day}", line(1, 100), time_ms=START + day * DAY_MS))
    by_campaign: dict[str, list[str]] = {}
    for each in made.data("points.awarded"):
        by_campaign.setdefault(each["campaign"], []).append(each["transaction_id"])
    assert by_campaign == {"slides": ["T0", "T1", "T7"], "apart": ["T0", "T3", "T6"]}


def test_groups_and_accounts_have_limits_too() -> None:
    monthly = Limit("points", 25, "member", Window("this", unit="month"), "clamp")
    programme = ruleset(
        awarding("a", Fixed(10), group="g"),
        awarding("b", Fixed(20), group="g"),
        groups=(Group("g", "all", "transaction", (monthly,)),),
    )
    made = bought(programme, line(1, 100))
    assert given(made) == {"a": 10, "b": 15}
    (decision,) = [each for each in made.data("decision.recorded") if "limited" in each]
    assert decision["limited"] == [{"campaign": "b", "asked": 20, "given": 15}]
    base = ruleset().programme
    capped = replace(base.accounts[0], limits=(monthly,))
    made = bought(ruleset(awarding("a", Fixed(40)), accounts=(capped,)), line(1, 100))
    assert given(made) == {"a": 25}


def test_a_budget_counts_what_the_points_are_worth() -> None:
    budget = Limit("budget", 30, "member", EVER, "clamp")  # 30 cents, a cent a point
    made = bought(ruleset(awarding("a", Fixed(40), limits=(budget,))), line(1, 100))
    assert given(made) == {"a": 30}


COUNTER = Counter("coffees", "transaction.completed", SETS["deli"], None, "pieces", None, Period(12, "months"))


def counting(*derived: Derived, times: str = "", when: Test | None = None, **counter: Any) -> Ruleset:
    return ruleset(
        awarding("counted", Fixed(10), when=when, times=times),
        counters=(replace(COUNTER, **counter),),
        derived=derived,
    )


def points_of(made: Log, pieces: list[int], step_ms: int = HOUR_MS) -> list[int]:
    """What sales of so many pieces each are given."""
    points = []
    made.feed(enrolled("M"))
    for at, quantity in enumerate(pieces):
        before = sum(given(made).values())
        made.feed(sale("M", f"T{at}", line(1, 100, "deli", quantity), time_ms=START + at * step_ms))
        points.append(sum(given(made).values()) - before)
    return points


def test_a_counter_includes_the_event_being_decided() -> None:
    value = Derived("counter.coffees", "coffees", "value", EVER)
    programme = counting(value, when=Test("counter.coffees", "int", "at_least", (3,)))
    assert points_of(Log(rules(programme)), [1, 1, 1, 1]) == [0, 0, 10, 10]


def test_b17a_every_tenth_pays_once_for_each_multiple_passed() -> None:
    passed = Derived("counter.coffees.passed", "coffees", "passed", EVER, 10)
    programme = counting(passed, times=passed.field, when=Test(passed.field, "int", "at_least", (1,)))
    assert points_of(Log(rules(programme)), [9, 1, 5, 25, 1]) == [0, 10, 0, 30, 0]


def test_a_window_of_a_month_begins_anew_and_a_sliding_one_slides() -> None:
    this = Derived("this", "coffees", "value", Window("this", unit="month"))
    programme = counting(this, when=Test("this", "int", "at_least", (2,)))
    assert points_of(Log(rules(programme)), [1, 1, 1, 1], 15 * DAY_MS) == [0, 10, 0, 10]
    last = Derived("last", "coffees", "value", Window("last", Period(20, "days")))
    programme = counting(last, when=Test("last", "int", "at_least", (2,)))
    assert points_of(Log(rules(programme)), [1, 1, 1, 1], 15 * DAY_MS) == [0, 10, 10, 10]
    assert points_of(Log(rules(programme)), [1, 1, 1, 1], 20 * DAY_MS) == [0, 0, 0, 0]


def test_months_in_a_row() -> None:
    streak = Derived("streak", "coffees", "streak", Window("this", unit="month"), 1)
    programme = counting(streak, when=Test("streak", "int", "at_least", (3,)))
    assert points_of(Log(rules(programme)), [1, 1, 1, 1], 30 * DAY_MS) == [0, 0, 10, 10]
    assert points_of(Log(rules(programme)), [1, 1, 1, 1], 61 * DAY_MS) == [0, 0, 0, 0]


def test_different_values_are_counted_once() -> None:
    value = Derived("outlets", "coffees", "value", EVER)
    programme = counting(
        value, when=Test("outlets", "int", "at_least", (2,)), lines=None, distinct="transaction.outlet_code"
    )
    made = Log(rules(programme)).feed(enrolled("M"))
    for at, outlet in enumerate(("A", "A", "B")):
        made.feed(sale("M", f"T{at}", line(1, 100), outlet_code=outlet, time_ms=START + at))
    assert [each["transaction_id"] for each in made.data("points.awarded")] == ["T2"]


def test_b16_a_new_counter_is_rebuilt_from_kept_sales_at_first_touch() -> None:
    value = Derived("counter.coffees", "coffees", "value", EVER)
    before, after = (
        rules(ruleset(awarding("other", Fixed(1)))),
        rules(counting(value, when=Test("counter.coffees", "int", "at_least", (3,)))),
    )
    made = Log([before, after]).feed(enrolled("M"))
    made.feed(sale("M", "T1", line(1, 100, "deli", 1)), sale("M", "T2", line(1, 100, "deli", 1), time_ms=START + 1))
    made.activate(after)
    made.feed(sale("M", "T3", line(1, 100, "deli", 1), time_ms=START + 2))
    assert given(made) == {"other": 2, "counted": 10}


def test_tags_attributes_and_own_events_take_effect_for_the_next_event() -> None:
    vip = Test("member.tags", "set", "has", ("vip",))
    programme = ruleset(
        campaign("tagger", AddTag("vip"), RemoveTag("new"), SetAttribute("city", "Lowell"), Emit("hello", {"n": 1})),
        awarding("for-vips", Fixed(5), audience=vip),
    )
    made = bought(programme, line(1, 100))
    assert made.data("points.awarded") == []
    made.feed(sale("M", "U", line(1, 100)))
    assert given(made) == {"for-vips": 5}
    row = made.row("member:M")
    assert (row["tags"], row["profile"]) == (["vip"], {"city": "Lowell"})
    assert [each["campaign"] for each in made.data("member.tagged")] == ["tagger"]
    assert [value for _, _, value in made.topics["emissions"]] != []


def test_b9_an_outcome_that_a_campaign_is_on_is_decided_next_and_at_most_three_deep() -> None:
    programme = ruleset(
        awarding("base", Rate(1, 100)),
        awarding("on-silver", Fixed(7), on="tier.upgraded", when=one_of("tier.after", "silver")),
        campaign("echo", Emit("ping", {}), on="custom.ping"),
        campaign("first", Emit("ping", {})),
    )
    made = bought(programme, line(1, 20_000))
    assert given(made) == {"base": 200, "on-silver": 7}
    pings = made.events("custom.ping")
    assert len(pings) == 4  # the first, and three that followed it
    inputs = [each["input"]["type"] for each in made.data("decision.recorded")]
    assert sorted(inputs) == sorted(["member.enrolled", "transaction.completed", "tier.upgraded", *["custom.ping"] * 3])


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (campaign("c", IssueVoucher("v")), {"effect": "issue_voucher", "awaits": "vouchers", "voucher": "v"}),
    ],
    ids=str,
)
def test_what_waits_for_later_work_is_carried_in_the_decision_and_not_given(
    made: Campaign, expected: Mapping[str, Any]
) -> None:
    log = bought(ruleset(made), line(1, 100))
    (decision,) = [each for each in log.data("decision.recorded") if "carried" in each]
    assert decision["carried"] == [{"campaign": "c", **expected}]
    assert log.data("points.awarded") == []


def test_a_campaign_may_be_on_what_a_member_tells() -> None:
    programme = ruleset(awarding("thanks", Fixed(3), on="member.opted_in"))
    made = Log(rules(programme)).feed(enrolled("M"))
    made.feed(event("member.opted_in", "member:M", {"member_id": "M", "campaign": "thanks"}))
    assert given(made) == {"thanks": 3}


def test_an_account_without_points_has_a_balance_of_0() -> None:
    poor = Test("balance.points", "points", "at_most", (5,))
    made = Log(rules(ruleset(awarding("start", Fixed(10), when=poor)))).feed(enrolled("M"))
    made.feed(sale("M", "T", line(1, 100)), sale("M", "U", line(1, 100)))
    assert [each["transaction_id"] for each in made.data("points.awarded")] == ["T"]


def test_an_event_of_the_programmes_own_is_asked_for_what_it_says() -> None:
    programme = ruleset(
        campaign("first", Emit("visit", {"floor": 3})),
        awarding("upstairs", Fixed(4), on="custom.visit", when=Test("custom.floor", "int", "at_least", (3,))),
        awarding("roof", Fixed(9), on="custom.visit", when=Test("custom.floor", "int", "at_least", (4,))),
    )
    assert given(bought(programme, line(1, 100))) == {"upstairs": 4}


def test_b14_a_campaign_whose_limit_is_used_up_gives_way_to_the_next_of_its_group() -> None:
    monthly = Limit("points", 27, "member", Window("this", unit="month"), "clamp")
    programme = ruleset(
        BASE,
        awarding("ten-times", Multiple(10_000, "produce"), group="g", limits=(monthly,), priority=1),
        awarding("half-more", Multiple(1500), group="g"),
        groups=(Group("g", "highest", "line"),),
    )
    made = bought(programme, line(1, 300, "produce"))
    assert given(made) == {"base": 3, "ten-times": 27}
    made.feed(sale("M", "U", line(1, 300, "produce")))
    assert given(made) == {"base": 6, "ten-times": 27, "half-more": 1}


def test_a_campaign_that_comes_to_nothing_wins_no_group() -> None:
    programme = ruleset(
        awarding("nothing", Rate(1, 100_000), group="g"),
        awarding("something", Fixed(5), group="g"),
        groups=(Group("g", "first", "transaction"),),
    )
    assert given(bought(programme, line(1, 100))) == {"something": 5}

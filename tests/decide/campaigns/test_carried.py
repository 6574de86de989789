"""What waits for later work takes the member's limits and says how many times over; counters count outcomes."""

from engine.core.calendar import Period
from engine.ruleset.conditions import Test
from engine.ruleset.effects import AwardPoints, Emit, Fixed, IssueVoucher, Rate
from engine.ruleset.limits import Counter, Derived, Limit, Window
from tests.support.journals import START, Log, enrolled, line, sale
from tests.support.programme import campaign, rules, ruleset

EVER = Window("ever")
YEAR = Period(12, "months")


def test_b14_a_campaign_that_carries_takes_the_members_limits_when_asked() -> None:
    made = ruleset(
        campaign(
            "both",
            AwardPoints(Fixed(5), "points"),
            IssueVoucher("v"),
            limits=(Limit("times", 1, "member", EVER, "refuse"),),
        )
    )
    log = Log(rules(made)).feed(enrolled("M"), sale("M", "T", line(1, 100)), sale("M", "U", line(1, 100)))
    decisions = log.data("decision.recorded")
    assert [len(each.get("carried", ())) for each in decisions] == [0, 1, 0]
    assert decisions[2]["campaigns_refused"] == [{"campaign": "both", "reason": "member_limit_reached"}]
    assert [each["points"] for each in log.data("points.awarded")] == [5]


def test_what_comes_to_no_points_asks_nothing_and_takes_no_limit() -> None:
    once = Limit("times", 1, "member", EVER, "refuse")
    ours = Limit("times", 9, "campaign", EVER, "refuse")
    made = ruleset(
        campaign("now", AwardPoints(Rate(1, 100), "points"), limits=(once,)),
        campaign("asked", AwardPoints(Rate(1, 100), "points"), limits=(once, ours)),
    )
    log = Log(rules(made)).feed(enrolled("M"), sale("M", "T", line(1, 99)), sale("M", "U", line(1, 100)))
    assert [each["campaigns_fired"] for each in log.data("decision.recorded")][1:] == [["now", "asked"]] * 2
    assert [(each["campaign"], each["points"]) for each in log.data("points.awarded")] == [("now", 1), ("asked", 1)]


def test_what_is_given_for_each_multiple_is_carried_and_emitted_so_many_times() -> None:
    made = ruleset(
        campaign("stamps", IssueVoucher("v"), Emit("full", {}), times="passed"),
        counters=(Counter("coffees", "transaction.completed", None, None, "pieces", None, YEAR),),
        derived=(Derived("passed", "coffees", "passed", EVER, 10),),
    )
    log = Log(rules(made)).feed(enrolled("M"), sale("M", "T", line(1, 100, quantity=25)))
    (decision,) = [each for each in log.data("decision.recorded") if "carried" in each]
    assert [(each["voucher"], each["times"]) for each in decision["carried"]] == [("v", 2)]
    emitted = log.events("custom.full")
    assert len({each["id"] for each in emitted}) == len(emitted) == 2


def test_a_counter_counts_outcomes_that_no_campaign_is_on() -> None:
    enough = Test("counter.miles", "points", "at_least", (20,))
    made = ruleset(
        campaign("base", AwardPoints(Fixed(10), "points")),
        campaign("for-twenty", IssueVoucher("v"), when=enough),
        counters=(Counter("miles", "points.awarded", None, None, "points", None, YEAR),),
        derived=(Derived("counter.miles", "miles", "value", EVER),),
    )
    log = Log(rules(made)).feed(enrolled("M"))
    carried = []
    for at in range(3):
        log.feed(sale("M", f"T{at}", line(1, 100), time_ms=START + at))
        carried.append(sum("carried" in each for each in log.data("decision.recorded")))
    assert carried == [0, 0, 1]

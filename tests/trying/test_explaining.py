"""One event explained: its conditions as they were asked, what groups and limits did, and what is said where it cannot be."""

from typing import Any

import orjson
import pytest

from engine.errors import UsageError
from engine.replay.lines import Line
from engine.ruleset.conditions import LineSet, Test
from engine.ruleset.effects import AwardPoints, Fixed
from engine.ruleset.limits import Group, Limit, Window
from engine.ruleset.model import Ruleset
from engine.trying.explain import Explanation, explain
from tests.support.coffee import compiled
from tests.support.programme import campaign, one_of, ruleset
from tests.support.workers import cloudevent

SECRET = b"s" * 32
TIME = "2026-11-03T14:00:00Z"


def enrolment(event_id: str = "e") -> Line:
    return Line("members", None, cloudevent("member.enrolled", event_id, {"member_id": "M"}, TIME))


def basket(event_id: str, amount: int = 1000, time: str = TIME, **data: Any) -> Line:
    line = {"line_id": "1", "sku": "S", "quantity": 2, "amount_minor": amount, "category": "coffee"}
    payload = {
        "transaction_id": event_id,
        "member_id": "M",
        "currency": "USD",
        "amount_minor": amount,
        "lines": [line],
        **data,
    }
    return Line("transactions", None, cloudevent("transaction.completed", event_id, payload, time))


def explained(event_id: str, made: Ruleset, *lines: Line) -> Explanation:
    return explain(event_id, lines, made, SECRET)


def test_each_condition_has_the_value_seen_and_the_verdict() -> None:
    found = explained("b", compiled(), enrolment(), basket("a"), basket("b", channel="app"), basket("c"))
    assert found.decision["campaigns_fired"] == ["base"]
    verdicts = {each.trace.campaign.name: each.verdict for each in found.campaigns}
    assert verdicts == {"base": "fired", "double-coffee": "member.tier"}
    (double,) = [each for each in found.campaigns if each.trace.campaign.name == "double-coffee"]
    assert double.trace.when is not None
    asked = {
        each.condition.field: (each.value, each.held)
        for each in double.trace.when.tests()
        if isinstance(each.condition, Test)
    }
    assert asked == {
        "transaction.channel": ("app", True),
        "transaction.amount": (1000, False),
        "coffee.pieces": (2, True),
        "time.weekday": ("tuesday", True),
    }


def test_groups_limits_and_shadows_have_their_say() -> None:
    daily = Limit("times", 1, "member", Window("this", unit="day"), "refuse")
    made = ruleset(
        campaign("forty", AwardPoints(Fixed(40), "points"), group="g"),
        campaign("ten", AwardPoints(Fixed(10), "points"), group="g"),
        campaign("once", AwardPoints(Fixed(1), "points"), limits=(daily,)),
        campaign("tried", AwardPoints(Fixed(5), "points"), state="shadow"),
        campaign("paused", AwardPoints(Fixed(5), "points"), state="paused"),
        groups=(Group("g", "highest", "transaction"),),
    )
    found = explained("b", made, enrolment(), basket("a"), basket("b"))
    assert {each.trace.campaign.name: each.verdict for each in found.campaigns} == {
        "forty": "fired",
        "ten": "excluded_by_group",
        "once": "member_limit_reached",
        "tried": "shadow",
    }
    assert found.other_campaigns == 1


def test_an_event_that_waits_for_its_member_is_explained_where_it_is_decided() -> None:
    found = explained("a", compiled(), basket("a"), enrolment())
    assert found.decision["campaigns_fired"] == ["base"]
    with pytest.raises(UsageError, match="waits for its member"):
        explained("a", compiled(), basket("a"))


def test_a_refused_event_has_its_reason_and_no_conditions() -> None:
    found = explained("a", compiled(), enrolment(), basket("a", currency="EUR"))
    assert (found.decision["status"], found.facts, found.campaigns) == ("refused: currency_unknown", None, ())


def test_a_return_is_explained_though_other_campaigns_ask_for_what_it_does_not_have() -> None:
    amount = Test("coffee.amount", "money", "at_least", (100,))
    coffee = campaign(
        "coffee",
        AwardPoints(Fixed(1), "points"),
        line_sets={"coffee": LineSet(one_of("category", "coffee"), None)},
        when=amount,
    )
    comfort = campaign("comfort", AwardPoints(Fixed(2), "points"), on="transaction.returned")
    data = {
        "return_id": "r",
        "original_transaction_id": "b",
        "lines": [{"line_id": "1", "quantity": 1}],
        "member_id": "M",
    }
    back = Line("returns", None, cloudevent("transaction.returned", "r", data, TIME))
    found = explained("r", ruleset(coffee, comfort), enrolment(), basket("b"), back)
    assert [(each.trace.campaign.name, each.verdict) for each in found.campaigns] == [("comfort", "fired")]
    assert found.other_campaigns == 1


def test_what_is_not_there_or_cannot_be_read_is_said() -> None:
    with pytest.raises(UsageError, match="no event has the id x"):
        explained("x", compiled(), enrolment())
    broken = Line("members", None, orjson.dumps({"specversion": "1.0", "id": "x", "time": TIME}))
    with pytest.raises(UsageError, match="intake cannot read it"):
        explained("x", compiled(), broken)

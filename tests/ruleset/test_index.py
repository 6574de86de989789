"""The index chooses, for each campaign, the equality that the fewest campaigns share."""

import pytest

from engine.ruleset import conditions
from engine.ruleset.conditions import AllOf, AnyOf, Condition, LineSet, NoneOf
from engine.ruleset.index import Index
from engine.ruleset.matching import Facts
from engine.ruleset.needs import Need, choices, spans
from tests.rulebook.samples import compiled

APP = conditions.Test("transaction.channel", "text", "one_of", ("app",))
WEB = conditions.Test("transaction.channel", "text", "one_of", ("web",))
GOLD = conditions.Test("member.tier", "text", "one_of", ("gold",))
RICH = conditions.Test("transaction.amount", "money", "at_least", (5,))
COFFEE = {"coffee": LineSet(conditions.Test("category", "text", "one_of", ("coffee",)), None)}


def event(field: str, value: str) -> Need:
    return Need(of_line=False, field=field, value=value)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (APP, [{event("transaction.channel", "app")}]),
        (RICH, []),
        (AllOf((APP, RICH, GOLD)), [{event("transaction.channel", "app")}, {event("member.tier", "gold")}]),
        (AnyOf((APP, WEB)), [{event("transaction.channel", "app"), event("transaction.channel", "web")}]),
        (AnyOf((APP, RICH)), []),
        (AnyOf((APP, RICH), 2), [{event("transaction.channel", "app")}]),
        (AnyOf((APP, GOLD, WEB), 4), []),
        (NoneOf((APP,)), []),
        (
            conditions.Test("coffee.pieces", "int", "at_least", (1,)),
            [{Need(of_line=True, field="category", value="coffee")}],
        ),
        (conditions.Test("coffee.pieces", "int", "at_least", (0,)), []),
        (conditions.Test("coffee.pieces", "int", "at_most", (1,)), []),
        (
            conditions.Test("coffee.amount", "money", "more_than", (0,)),
            [{Need(of_line=True, field="category", value="coffee")}],
        ),
        (conditions.Test("member.opted_in", "bool", "one_of", (True,)), []),
        (
            conditions.Test("member.tags", "set", "has_all", ("a", "b")),
            [{event("member.tags", "a")}, {event("member.tags", "b")}],
        ),
    ],
)
def test_what_a_condition_needs(condition: Condition, expected: list[set[Need]]) -> None:
    assert [set(needs) for needs in choices(condition, COFFEE)] == expected


def test_the_rarest_need_is_chosen() -> None:
    bodies = {
        f"c{n}": f"audience: {{member.tier: gold}}\nwhen: {{transaction.outlet_code: S{n}, transaction.channel: app}}"
        for n in range(10)
    }
    ruleset = compiled(bodies).ruleset
    assert ruleset is not None
    fields = {"member.tier": "gold", "transaction.channel": "app", "transaction.outlet_code": "S3"}
    index = Index(ruleset)
    found = [ruleset.campaigns[at].name for at in index.positions(Facts("transaction.completed", 0, fields))]
    assert found == ["base-earn", "c3"]


def bounded(op: conditions.Op, bound: int, field: str = "transaction.amount") -> conditions.Test:
    return conditions.Test(field, "money", op, (bound,))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (RICH, [(False, "transaction.amount", 5, None)]),
        (bounded("more_than", 5), [(False, "transaction.amount", 6, None)]),
        (bounded("less_than", 5), [(False, "transaction.amount", None, 4)]),
        (AllOf((RICH, bounded("at_most", 9), bounded("at_least", 7))), [(False, "transaction.amount", 7, 9)]),
        (AnyOf((RICH,)), []),
        (NoneOf((RICH,)), []),
        (APP, []),
        (conditions.Test("dear.count", "int", "at_least", (1,)), [(True, "unit_price", 100, 199)]),
        (conditions.Test("dear.count", "int", "at_most", (1,)), []),
        (
            AllOf((bounded("at_least", 3, "unit_price"), conditions.Test("dear.count", "int", "at_least", (1,)))),
            [(False, "unit_price", 3, None), (True, "unit_price", 100, 199)],
        ),
        (
            conditions.Test("member.profile.born", "day", "before", ("2000-01-01",)),
            [(False, "member.profile.born", None, "2000-01-01")],
        ),
    ],
)
def test_which_bounds_a_condition_needs(condition: Condition, expected: list[tuple[object, ...]]) -> None:
    dear = AllOf((bounded("at_least", 100, "unit_price"), bounded("less_than", 200, "unit_price")))
    found = spans(condition, {"dear": LineSet(dear, None)})
    assert [(span.of_line, span.field, span.low, span.high) for span in found] == expected


def test_bounds_are_preferred_to_an_equality_that_more_campaigns_share() -> None:
    bodies = {
        f"c{n}": f"when: {{transaction.channel: app, transaction.amount: {{at_least: {n}.00, less_than: {n + 1}.00}}}}"
        for n in range(10)
    }
    ruleset = compiled(bodies).ruleset
    assert ruleset is not None
    facts = Facts("transaction.completed", 0, {"transaction.channel": "app", "transaction.amount": 350})
    assert [ruleset.campaigns[at].name for at in Index(ruleset).positions(facts)] == ["base-earn", "c3"]


def test_an_event_without_campaigns_has_no_candidates() -> None:
    ruleset = compiled().ruleset
    assert ruleset is not None
    assert list(Index(ruleset).positions(Facts("activity.recorded", 0, {}))) == []

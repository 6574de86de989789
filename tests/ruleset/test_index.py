"""The index chooses, for each campaign, the equality that the fewest campaigns share."""

import pytest

from engine.ruleset import conditions
from engine.ruleset.conditions import AllOf, AnyOf, Condition, LineSet, NoneOf
from engine.ruleset.index import Index, Need, choices
from engine.ruleset.matching import Facts
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


def test_an_event_without_campaigns_has_no_candidates() -> None:
    ruleset = compiled().ruleset
    assert ruleset is not None
    assert list(Index(ruleset).positions(Facts("activity.recorded", 0, {}))) == []

"""What durable-rules is handed, what is left to plain, and that nothing that kills it is ever loaded."""

import json

import pytest

from engine.errors import UsageError
from engine.match import choice, rete
from engine.match.plain import PlainMatcher
from engine.match.rete_codes import MOST_PROPERTIES, OWN_NAMES, assert_apart, fnv1a_32
from engine.match.rete_forms import unsuitable
from engine.match.rete_shards import MOST_RULES, Trial, plan
from engine.match.rete_smoke import Loadable, loadable
from engine.ruleset import conditions
from engine.ruleset.conditions import AllOf, AnyOf, Condition, LineSet, NoneOf
from engine.ruleset.matching import Facts, Verdict
from engine.ruleset.model import Campaign
from tests.match.rete_support import campaign, needs_engine, ruleset

APP = conditions.Test("transaction.channel", "text", "one_of", ("app",))
RICH = conditions.Test("transaction.amount", "money", "at_least", (500,))
COFFEE = conditions.Test("category", "text", "one_of", ("coffee",))
DRINKS = {
    "coffee": LineSet(COFFEE, None),
    "dear": LineSet(AllOf((COFFEE, conditions.Test("unit_price", "money", "more_than", (400,)))), APP),
    "anything": LineSet(None, None),
    "other": LineSet(NoneOf((COFFEE,)), None),
}
ON = "transaction.completed"


def of_set(name: str, op: conditions.Op = "at_least", least: int = 1) -> conditions.Test:
    return conditions.Test(f"{name}.pieces", "int", op, (least,))


def text(op: conditions.Op, *values: conditions.Scalar) -> conditions.Test:
    return conditions.Test("transaction.channel", "text", op, values)


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        (APP, None),
        (text("one_of", "app", "web"), None),
        (text("not_one_of", "app", "web"), None),
        (text("exists", True), None),
        (AllOf((APP, RICH)), None),
        (AnyOf((APP, AllOf((RICH, of_set("coffee"))))), None),
        (of_set("dear", "more_than", 0), None),
        (None, "it may hold of any event"),
        (AllOf(()), "it may hold of any event"),
        (AnyOf((APP, AllOf(()))), "it may hold of any event"),
        (AnyOf(()), "it never holds"),
        (NoneOf((APP,)), "it asks for none of several conditions"),
        (AnyOf((APP, RICH, COFFEE), 2), "it asks for at least 2 of several conditions"),
        (text("exists", False), "transaction.channel must be missing"),
        (text("starts_with", "a"), "it asks `starts_with` of transaction.channel"),
        (conditions.Test("member.tags", "set", "has", ("vip",)), "it asks `has` of member.tags"),
        (conditions.Test("member.opted_in", "bool", "one_of", (True,)), "it asks for an opt-in"),
        (of_set("coffee", "at_most", 3), "coffee.pieces may be 0"),
        (of_set("anything"), "anything.pieces is of all lines"),
        (of_set("other"), "it asks for none of several conditions"),
        (AllOf((text("one_of", *"abcde"), text("one_of", *"abcde"))), "it has more than 16 alternatives"),
    ],
)
def test_shapes_that_the_engine_does_exactly_are_handed_over_and_the_others_say_why_not(
    when: Condition | None, reason: str | None
) -> None:
    assert unsuitable(campaign("c", when, DRINKS)) == reason


def test_rules_are_shared_out_so_that_no_more_can_match_at_once_than_the_engine_bears() -> None:
    rules = ruleset([campaign(f"c{n}", text("one_of", "app", "web", "pos")) for n in range(100)])
    shards = plan(rules).shards[ON]
    assert [len(shard.rules) for shard in shards] == [60, 60, 60, 60, 60]
    assert max(len(shard.rules) for shard in shards) <= MOST_RULES
    assert len({rule.position for shard in shards for rule in shard.rules}) == 100


def test_no_text_of_an_author_or_an_event_reaches_the_engine() -> None:
    hostile = '"}]}; \u20ac \U0001f600 costarring'
    rules = ruleset(
        [campaign("c", AllOf((text("one_of", hostile), conditions.Test(hostile, "text", "one_of", ("x",)))))]
    )
    planned = plan(rules)
    assert json.loads(planned.shards[ON][0].source()) == {"r0": {"all": [{"m": {"$and": [{"e0": 1}, {"e1": 1}]}}]}}
    codes = planned.codes[ON]
    assert codes.event(Facts(ON, 0, {"transaction.channel": hostile, hostile: "y", "other": hostile})) == {
        "e0": 1,
        "e1": 0,
    }


def test_more_fields_than_the_engine_takes_are_left_to_plain() -> None:
    of_fields = [
        campaign(f"c{n}", conditions.Test(f"member.profile.f{n}", "text", "one_of", ("x",))) for n in range(300)
    ]
    planned = plan(ruleset(of_fields))
    assert sum(len(shard.rules) for shard in planned.shards[ON]) == MOST_PROPERTIES
    assert set(planned.left.values()) == {"too many different fields are asked for"}
    assert len(planned.left) == 300 - MOST_PROPERTIES


def test_names_that_the_engine_would_take_for_one_another_are_refused() -> None:
    assert fnv1a_32(b"costarring") == fnv1a_32(b"liquid")
    with pytest.raises(AssertionError):
        assert_apart(("costarring", "liquid"))
    assert_apart((*OWN_NAMES, *(f"{kind}{n}" for kind in "eg" for n in range(2 * MOST_PROPERTIES))))


@needs_engine
@pytest.mark.parametrize("value", [False, 0, "0", True, 1, "1"])
def test_values_that_python_takes_for_equal_are_told_apart(value: conditions.Scalar) -> None:
    values: dict[str, tuple[conditions.Scalar, ...]] = {"c": (False, 0, "1"), "d": (True, 1, "0")}
    matcher = rete.ReteMatcher(ruleset([campaign(name, text("one_of", *of)) for name, of in values.items()]))
    facts = Facts(ON, 0, {"transaction.channel": value})
    verdicts = matcher.candidates(facts)
    expected = {name for name, of in values.items() if any(type(value) is type(each) and value == each for each in of)}
    assert {verdict.campaign.name for verdict in verdicts if verdict.holds} == expected
    assert matcher.found(facts, verdicts) == expected
    assert matcher.shards == 1


@needs_engine
def test_more_campaigns_than_the_engine_could_fire_at_once_all_hold() -> None:
    rules = ruleset([campaign(f"c{n}", APP) for n in range(300)])
    matcher = rete.ReteMatcher(rules)
    facts = Facts(ON, 0, {"transaction.channel": "app"})
    assert len(matcher.found(facts, matcher.candidates(facts))) == 300
    assert matcher.candidates(facts) == PlainMatcher(rules).candidates(facts)
    assert matcher.shards == 5


@needs_engine
@pytest.mark.parametrize(
    ("op", "held"),
    [
        ("one_of", [5]),
        ("not_one_of", [-1, 0, 4, 6, 7, 1 << 80]),
        ("at_least", [5, 6, 7, 1 << 80]),
        ("more_than", [6, 7, 1 << 80]),
        ("at_most", [-1, 0, 4, 5]),
        ("less_than", [-1, 0, 4]),
    ],
)
@pytest.mark.parametrize("others", [(), (0,), (4, 6), (-1, 7)])
def test_the_engine_compares_exactly(op: conditions.Op, held: list[int], others: tuple[int, ...]) -> None:
    asked = [campaign("c", conditions.Test("balance.points", "points", op, (5,)))]
    beside = [campaign(f"o{n}", conditions.Test("balance.points", "points", "more_than", (n,))) for n in others]
    matcher = rete.ReteMatcher(ruleset(asked + beside), lambda shards: frozenset(range(len(shards))))
    every = [Verdict(each, eligible=True, holds=True, reason="") for each in asked]
    values = [None, "5", True, -1, 0, 4, 5, 6, 7, 1 << 80]
    facts = [Facts(ON, 0, {} if value is None else {"balance.points": value}) for value in values]
    typed = {"one_of": [], "not_one_of": ["5", True]}.get(op, [])
    assert [value for value, each in zip(values, facts, strict=True) if matcher.found(each, every)] == typed + held


CRASH_SHAPES: dict[str, list[Campaign]] = {
    "512 values of one first condition": [
        campaign(f"c{n}", conditions.Test("transaction.outlet", "text", "one_of", (f"S{n}",))) for n in range(600)
    ],
    "256 rules that end alike": [campaign(f"c{n}", AllOf((APP, RICH))) for n in range(300)],
    "nothing of several": [campaign("c", AllOf(()))],
    "65 branches of one event": [campaign(f"c{n}", text("one_of", "app", "web")) for n in range(65)],
    "129 times not there": [campaign(f"c{n}", text("exists", False)) for n in range(129)],
    "254 properties": [
        campaign(f"c{n}", conditions.Test(f"transaction.attributes.a{n}", "text", "one_of", ("x",))) for n in range(254)
    ],
    "names with one hash": [
        campaign(f"c{n}", conditions.Test(f"transaction.attributes.{name}", "text", "one_of", ("x",)))
        for n, name in enumerate(("costarring", "liquid"))
    ],
    "numbers beyond 64 bits": [campaign("c", conditions.Test("transaction.amount", "money", "at_least", (1 << 70,)))],
}


@needs_engine
@pytest.mark.parametrize("shape", CRASH_SHAPES)
def test_rules_that_kill_the_engine_are_answered_and_the_process_lives(shape: str) -> None:
    rules = ruleset(CRASH_SHAPES[shape])
    matcher, plain = rete.ReteMatcher(rules), PlainMatcher(rules)
    before = matcher.shards
    attributes = {f"transaction.attributes.a{n}": "x" for n in range(254)}
    for fields in (
        {},
        {"transaction.channel": "app", "transaction.amount": 1 << 71, "transaction.outlet": "S7"},
        {"transaction.amount": (1 << 63) + 1, "transaction.attributes.liquid": "x", **attributes},
    ):
        facts = Facts(ON, 0, fields)
        verdicts = matcher.candidates(facts)
        assert verdicts == plain.candidates(facts)
        holding = {verdict.campaign.name for verdict in verdicts if verdict.holds}
        assert matcher.found(facts, verdicts) == holding - set(matcher.left)
    assert matcher.shards == before


def m(condition: object) -> dict[str, object]:
    return {"all": [{"m": condition}]}


DEADLY = {
    "crashes": ({"r0": m({"e0": {"$div": {"$l": {"$m": "e1"}, "$r": {"$m": "e2"}}}})}, '{"id":"e","sid":"0","e0":1,"e1":1,"e2":0}'),
    "hangs": ({f"r{n}": m({"e0": n}) for n in range(600)}, '{"id":"e","sid":"0","e0":1}'),
    "is refused": ({"r0": m({"e0": {"$gte": 1}})}, '{"id":"e","sid":"0"}'),
}  # fmt: skip
GOOD = Loadable(json.dumps({"r0": m({"e0": 1})}), (Trial('{"id":"e","sid":"0","e0":1}', (0,)),))


@needs_engine
@pytest.mark.parametrize("kind", DEADLY)
def test_what_would_kill_the_process_dies_in_a_child_and_is_not_loaded(kind: str) -> None:
    source, facts = DEADLY[kind]
    deadly = Loadable(json.dumps(source), (Trial(facts, ()),))
    assert loadable([GOOD, deadly, GOOD], start_s=5.0, shard_s=0.0) == {0, 2}


@needs_engine
def test_a_shard_that_finds_what_it_should_not_is_not_loaded() -> None:
    assert loadable([GOOD._replace(trials=(Trial('{"id":"e","sid":"0","e0":1}', ()),)), GOOD]) == {1}


@needs_engine
def test_what_the_engine_misses_is_answered_by_plain_and_its_shard_is_asked_no_more() -> None:
    rules = ruleset([campaign("c", APP)])
    matcher = rete.ReteMatcher(rules)
    matcher._codes[ON]._event[:] = []  # an engine that sees nothing
    facts = Facts(ON, 0, {"transaction.channel": "app"})
    assert [verdict.holds for verdict in matcher.candidates(facts)] == [True]
    assert matcher.shards == 0
    assert [verdict.holds for verdict in matcher.candidates(facts)] == [True]


@needs_engine
def test_where_no_shard_can_be_loaded_plain_serves() -> None:
    matcher = rete.ReteMatcher(ruleset([campaign("c", APP)]), lambda _: frozenset())
    assert matcher.shards == 0
    assert [verdict.holds for verdict in matcher.candidates(Facts(ON, 0, {"transaction.channel": "app"}))] == [True]


@needs_engine
def test_the_setting_chooses_the_matcher_and_auto_takes_the_faster() -> None:
    rules = ruleset([campaign("c", APP)])
    assert isinstance(choice.matcher_for(rules, "rete"), rete.ReteMatcher)
    assert type(choice.matcher_for(rules, "plain")) is PlainMatcher
    assert type(choice.matcher_for(rules, "auto")) is PlainMatcher
    assert choice.said_of("rete") == "matcher rete, as set"


def test_without_the_engine_rete_says_how_to_install_it_and_auto_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rete, "_rules", None)
    rules = ruleset([campaign("c", APP)])
    for ask in (lambda: choice.matcher_for(rules, "rete"), lambda: choice.said_of("rete")):
        with pytest.raises(UsageError, match=r"pip install '\.\[rete\]'"):
            ask()
    assert type(choice.matcher_for(rules, "auto")) is PlainMatcher
    assert choice.said_of("auto").endswith("durable-rules is not installed")
    assert choice.said_of("plain") == "matcher plain, as set"

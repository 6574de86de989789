"""A trace says of every condition what the matcher and the oracle say of it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.match.plain import PlainMatcher
from engine.match.trace import Traced, trace
from engine.ruleset.conditions import AllOf, LineSet, Test
from engine.ruleset.effects import AwardPoints, Fixed
from engine.ruleset.matching import Facts
from engine.ruleset.model import Campaign, Ruleset
from tests.match import arbitrary, oracle
from tests.support.programme import campaign, one_of, ruleset


@given(arbitrary.rulesets(), st.lists(arbitrary.facts, min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_what_held_is_the_matchers_verdict_and_each_part_the_oracles(made: Ruleset, events: list[Facts]) -> None:
    matcher = PlainMatcher(made)
    for facts in events:
        verdicts = {verdict.campaign.name: verdict for verdict in matcher.candidates(facts)}
        for each in made.campaigns:
            traced = trace(each, facts, matcher)
            assert traced.running == oracle.running(each, facts)
            if each.on != facts.on:
                assert (traced.audience, traced.when) == (None, None)
                continue
            assert (traced.eligible, traced.holds) == oracle.verdict(each, facts)
            verdict = verdicts.get(each.name)
            if verdict is not None:
                found = (traced.eligible, traced.holds, traced.reason)
                assert found == (verdict.eligible, verdict.holds, verdict.reason)
            for root in (traced.audience, traced.when):
                if root is not None:
                    compare(root, facts, each)


def compare(traced: Traced, facts: Facts, asked: Campaign) -> None:
    assert traced.held == oracle.holds(traced.condition, facts, asked)
    if isinstance(traced.condition, Test):
        assert traced.value == oracle.event_value(traced.condition.field, facts, asked)
    for part in traced.parts:
        compare(part, facts, asked)


def test_every_test_shows_the_value_seen_and_the_lines_of_a_set() -> None:
    when = AllOf((one_of("transaction.channel", "app"), Test("coffee.pieces", "int", "at_least", (2,))))
    coffees = campaign(
        "coffees",
        AwardPoints(Fixed(1), "points"),
        audience=one_of("member.tier", "gold"),
        line_sets={"coffee": LineSet(one_of("category", "coffee"), None)},
        when=when,
    )
    lines = (
        {"line_id": "1", "sku": "a", "category": "coffee", "quantity": 1, "amount_minor": 100},
        {"line_id": "2", "sku": "b", "category": "tea", "quantity": 5, "amount_minor": 100},
    )
    facts = Facts("transaction.completed", 5, {"transaction.channel": "app"}, lines)
    traced = trace(coffees, facts, PlainMatcher(ruleset(coffees)))
    assert traced.audience is not None
    assert traced.when is not None
    assert (traced.audience.value, traced.audience.held) == (None, False)
    assert [(test.name, test.value, test.lines, test.held) for test in traced.when.tests()] == [
        ("transaction.channel", "app", None, True),
        ("coffee.pieces", 1, ("1",), False),
    ]
    assert not traced.holds


def test_a_campaign_on_another_type_is_asked_nothing_so_what_it_needs_may_be_missing() -> None:
    dear = campaign(
        "dear",
        AwardPoints(Fixed(1), "points"),
        line_sets={"all": LineSet(None, None)},
        when=Test("all.amount", "money", "at_least", (100,)),
    )
    returned = Facts("transaction.returned", 5, {}, ({"line_id": "1", "quantity": 1},))  # without an amount
    traced = trace(dear, returned, PlainMatcher(ruleset(dear)))
    assert (traced.running, traced.audience, traced.when) == (False, None, None)

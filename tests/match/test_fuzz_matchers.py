"""Plain, rete and the oracle hold the same of arbitrary rules and events. `make fuzz` runs it long, with a seed that it prints."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.match.plain import PlainMatcher
from engine.match.rete import Engine, ReteMatcher
from engine.match.rete_forms import unsuitable
from engine.match.rete_smoke import Loadable
from engine.ruleset.conditions import AllOf, AnyOf, Condition, FieldType, LineSet
from engine.ruleset.matching import Facts, fields_of
from engine.ruleset.model import Campaign, Ruleset
from engine.ruleset.needs import set_measured
from tests.match import arbitrary
from tests.match.rete_support import needs_engine
from tests.match.test_plain_against_oracle import compare

LEFT_TO_PLAIN = ("starts_with", "has", "has_any", "has_all", "has_none")


def suited(fields: Mapping[str, FieldType]) -> st.SearchStrategy[Condition]:
    """Conditions of the shapes that the engine is handed, most of the time."""
    tests = arbitrary.tests_of({name: kind for name, kind in fields.items() if kind not in ("set", "bool")})
    return st.recursive(
        tests.filter(lambda test: test.op not in LEFT_TO_PLAIN),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: AllOf(tuple(parts))),
            st.lists(inner, min_size=1, max_size=2).map(lambda parts: AnyOf(tuple(parts))),
        ),
        max_leaves=4,
    )


@st.composite
def rulesets(draw: st.DrawFn) -> Ruleset:
    """Half of the campaigns of any shape, half of the engine's."""
    ruleset = draw(arbitrary.rulesets())
    usual = replace(ruleset.campaigns[0], audience=None, otherwise=(), from_ms=None, until_ms=None, state="live")
    own = []
    for number in range(draw(st.integers(1, 6))):
        sets = {name: LineSet(draw(suited(arbitrary.LINE_FIELDS)), None) for name in "st"}
        on, when = draw(st.sampled_from(arbitrary.ONS)), draw(suited(arbitrary.EVENT_FIELDS))
        own.append(replace(usual, name=f"d{number}", on=on, line_sets=sets, when=when))
    return replace(ruleset, campaigns=(*ruleset.campaigns, *own))


def measured(campaign: Campaign) -> bool:
    asked = (*fields_of(campaign.audience), *fields_of(campaign.when))
    return any(set_measured(field, campaign.line_sets) for field in asked)


def tried_here(shards: Sequence[Loadable]) -> frozenset[int]:
    """The smoke test without a child, for its time; what is not found as it should be fails the test."""
    for source, trials in shards:
        engine = Engine(source)
        for facts, found in trials:
            assert engine.find(facts) == set(found), (source, facts)
    return frozenset(range(len(shards)))


@needs_engine
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(rulesets(), st.lists(arbitrary.facts, min_size=1, max_size=8))
def test_both_matchers_and_the_oracle_hold_the_same(ruleset: Ruleset, events: list[Facts]) -> None:
    plain, rete = PlainMatcher(ruleset), ReteMatcher(ruleset, tried_here)
    loaded = rete.shards
    for facts in events:
        verdicts = rete.candidates(facts)
        assert verdicts == plain.candidates(facts)
        compare(ruleset, facts, verdicts)
        # not what it answers but what the engine itself found: nothing that holds was missed
        found = rete.found(facts, verdicts)
        for verdict in verdicts:
            if verdict.holds and not unsuitable(verdict.campaign):
                assert verdict.campaign.name in found
            elif not measured(verdict.campaign):  # what is asked of sets of lines is necessary, and need not be enough
                assert verdict.campaign.name not in found
    assert rete.shards == loaded

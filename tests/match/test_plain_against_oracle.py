"""The plain matcher and the oracle give the same answers for arbitrary rules and events."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.match.plain import PlainMatcher
from engine.ruleset.matching import Facts, Verdict
from engine.ruleset.model import Ruleset
from tests.match import arbitrary, oracle


@given(arbitrary.rulesets(), st.lists(arbitrary.facts, min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_verdicts_are_those_of_the_oracle_and_only_what_cannot_fire_is_left_out(
    ruleset: Ruleset, events: list[Facts]
) -> None:
    matcher = PlainMatcher(ruleset)
    for facts in events:
        compare(ruleset, facts, matcher.candidates(facts))


def compare(ruleset: Ruleset, facts: Facts, verdicts: Sequence[Verdict]) -> None:
    given_for = [verdict.campaign.name for verdict in verdicts]
    in_order = [campaign.name for campaign in ruleset.campaigns if campaign.name in given_for]
    assert given_for == in_order
    by_name = {verdict.campaign.name: verdict for verdict in verdicts}
    for campaign in ruleset.campaigns:
        if not oracle.running(campaign, facts):
            assert campaign.name not in by_name
            continue
        eligible, holds = oracle.verdict(campaign, facts)
        if campaign.name in by_name:
            verdict = by_name[campaign.name]
            assert (verdict.eligible, verdict.holds) == (eligible, holds)
            assert (verdict.reason == "") == holds
        else:
            assert not holds
            assert not (campaign.otherwise and eligible)


@given(arbitrary.rulesets(), arbitrary.facts)
@settings(max_examples=60, deadline=None)
def test_sets_of_lines_conditions_and_earning_lines_are_those_of_the_oracle(ruleset: Ruleset, facts: Facts) -> None:
    matcher = PlainMatcher(ruleset)
    for campaign in ruleset.campaigns:
        for lines in campaign.line_sets.values():
            assert matcher.select(lines, facts) == [line for line in facts.lines if oracle.in_set(lines, line)]
        assert matcher.holds(campaign.when, facts) == oracle.holds(campaign.when, facts, campaign)
    excluding = ruleset.programme.earning.excluding
    earning = [line for line in facts.lines if excluding is None or not oracle.line_holds(excluding, line)]
    assert matcher.earning_lines(facts) == earning

"""What the index leaves out cannot hold, for many campaigns with the conditions that it looks at."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ruleset.index import Index
from engine.ruleset.matching import Facts
from engine.ruleset.model import Ruleset
from tests.match import arbitrary, oracle

ASKED = ("transaction.channel", "transaction.amount", "member.tags", "s.pieces")
FIELDS = {name: arbitrary.EVENT_FIELDS[name] for name in ASKED}


@st.composite
def rulesets(draw: st.DrawFn) -> Ruleset:
    ruleset = draw(arbitrary.rulesets())
    asked = st.lists(arbitrary.conditions(FIELDS, most=2), min_size=8, max_size=8)
    usual = replace(ruleset.campaigns[0], on=arbitrary.ONS[0], otherwise=())
    campaigns = [
        replace(usual, name=f"c{number}", audience=None, when=condition, from_ms=None, until_ms=None, state="live")
        for number, condition in enumerate(draw(asked))
    ]
    return replace(ruleset, campaigns=tuple(campaigns))


@given(rulesets(), st.lists(arbitrary.facts, min_size=5, max_size=10))
@settings(max_examples=150, deadline=None)
def test_nothing_that_holds_is_left_out(ruleset: Ruleset, events: list[Facts]) -> None:
    index = Index(ruleset)
    for facts in (event._replace(on=arbitrary.ONS[0]) for event in events):
        positions = list(index.positions(facts))
        assert positions == sorted(set(positions))
        holding = [at for at, campaign in enumerate(ruleset.campaigns) if oracle.holds(campaign.when, facts, campaign)]
        assert set(holding) <= set(positions)

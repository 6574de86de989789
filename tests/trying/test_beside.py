"""A candidate in shadow beside the rules in force: what comes along, under which name, and what is refused."""

from dataclasses import replace

import pytest

from engine.core.calendar import Period
from engine.errors import UsageError
from engine.ruleset.codec import digest_of
from engine.ruleset.conditions import Test
from engine.ruleset.effects import AwardPoints, Fixed, Rate
from engine.ruleset.limits import Counter, Group
from engine.trying.beside import beside
from tests.support.journals import Log, enrolled, line, sale
from tests.support.programme import campaign, rules, ruleset

OPTED_IN = Test("member.opted_in", "bool", "one_of", (True,))
BASE = campaign("base", AwardPoints(Rate(1, 100), "points"), base=True)
CLUB = campaign("club", AwardPoints(Fixed(5), "points"), audience=OPTED_IN)
IN_FORCE = ruleset(BASE, CLUB)


def test_a_changed_campaign_has_a_shadow_of_another_name_that_the_same_members_opted_in_to() -> None:
    changed = replace(CLUB, then=(AwardPoints(Fixed(7), "points"),))
    new = campaign("new", AwardPoints(Fixed(1), "points"))
    both = beside(IN_FORCE, ruleset(BASE, changed, new))
    assert both.digest == digest_of(both)
    made = Log(rules(both)).feed(enrolled("in", opt_ins=["club"]), enrolled("out"))
    made.feed(sale("in", "T1", line(1, 100)), sale("out", "T2", line(1, 100)))
    shadows = {
        each["input"]["subject"]: {one["campaign"]: one["fired"] for one in each["shadow"]}
        for each in made.data("decision.recorded")
        if "shadow" in each
    }
    assert shadows == {
        "member:in": {"club@candidate": True, "new": True},
        "member:out": {"new": True},  # the index rules out the other
    }
    alone = Log(rules(IN_FORCE)).feed(enrolled("in", opt_ins=["club"]), enrolled("out"))
    alone.feed(sale("in", "T1", line(1, 100)), sale("out", "T2", line(1, 100)))
    assert made.data("points.awarded") == alone.data("points.awarded")
    assert made.row("member:in") == alone.row("member:in")


def test_what_shadows_need_comes_along_and_what_differs_is_refused() -> None:
    counter = Counter("visits", "transaction.completed", None, None, "one", None, Period(12, "months"))
    new = campaign("new", AwardPoints(Fixed(1), "points"), group="g")
    candidate = ruleset(BASE, CLUB, new, counters=(counter,), groups=(Group("g", "first", "transaction"),))
    both = beside(IN_FORCE, candidate)
    assert (both.programme.counters, both.programme.groups) == (
        candidate.programme.counters,
        candidate.programme.groups,
    )
    counting = ruleset(BASE, CLUB, counters=(replace(counter, keep=Period(1, "months")),))
    with pytest.raises(UsageError, match="the counter visits otherwise"):
        beside(counting, candidate)
    with pytest.raises(UsageError, match="another zone or currency"):
        beside(ruleset(BASE, currency="EUR"), candidate)


def test_nothing_new_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing to run in shadow"):
        beside(IN_FORCE, ruleset(CLUB, BASE))
    paused = replace(CLUB, state="paused")
    with pytest.raises(UsageError, match="nothing to run in shadow"):
        beside(IN_FORCE, ruleset(BASE, paused))

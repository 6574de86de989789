"""What comes of itself: a scheduled campaign, a tier that ends, pending points, a hold; each goes back to what put it there."""

from dataclasses import replace

from engine.core.calendar import Period
from engine.core.instants import DAY_MS
from engine.replay.explaining import model
from engine.ruleset.codec import sealed
from engine.ruleset.effects import AwardPoints, Fixed, Pending, Rate
from engine.ruleset.model import Account
from engine.ruleset.schedules import SCHEDULED, After
from engine.ruleset.tiers import AtEnd, LadderRules, Validity
from tests.support.explained import START, campaign, enrolled, explained, outcome, sold, told
from tests.support.programme import campaign as rule
from tests.support.programme import ruleset
from tests.support.recorded import remember

BASE = rule("base", AwardPoints(Rate(1, 100), "points"), base=True)


def test_a_campaign_some_days_after_a_sale_is_found_from_the_sale_and_the_sale_from_it() -> None:
    thanks = rule(
        "thanks",
        AwardPoints(Fixed(9), "points"),
        on=SCHEDULED,
        schedule=After(Period(3, "days"), "transaction.completed"),
    )
    events = [enrolled("M"), sold("M", "T", 1, 1000)]
    history = remember(ruleset(BASE, thanks), events, until_ms=START + 30 * DAY_MS)
    found = explained(history, outcome(history, "points.awarded", campaign="thanks"))
    assert (found.cause.kind, found.input) == ("due", None)
    assert (found.cause.row_key or "").startswith("member:M/after/thanks/")
    assert found.cause.says == "a campaign was due a time after an event at 2026-03-06 12:00: thanks"
    assert [each.campaign for each in found.considered[0].campaigns] == ["thanks"]
    assert campaign(found, "thanks").awards[0].given == 9
    later = explained(history, "T").later
    assert [(each.type, each.says.split(",")[0]) for each in later] == [
        ("points.awarded", "9 points awarded by thanks")
    ]


def test_pending_points_become_spendable_because_of_the_award() -> None:
    waiting = rule("waiting", AwardPoints(Fixed(9), "points", pending=Pending(Period(5, "days"))))
    events = [enrolled("M"), sold("M", "T", 1, 1000)]
    history = remember(ruleset(waiting), events, until_ms=START + 30 * DAY_MS)
    (fate,) = explained(history, "T").fates
    assert [(each.type, each.points) for each in fate.changes] == [("points.activated", 9)]
    assert fate.left == 9
    found = explained(history, outcome(history, "points.activated"))
    assert (found.cause.kind, _event(found.cause.put_by)) == ("due", "T")
    assert found.before is not None
    assert found.before.member is not None
    assert (found.before.member.pending, found.before.member.balances) == ({"points": 9}, {"points": 0})


def test_a_hold_that_ends_goes_back_to_who_asked_for_it() -> None:
    account = Account("points", True, None, 1_000_000, hold_for_ms=DAY_MS)
    hold = told("commands", "points.hold_requested", "M", 2, "H", hold_id="H", account="points", points=4)
    events = [enrolled("M"), sold("M", "T", 1, 1000), hold]
    history = remember(ruleset(BASE, accounts=(account,)), events, until_ms=START + 30 * DAY_MS)
    found = explained(history, outcome(history, "points.released"))
    assert (found.cause.kind, _event(found.cause.put_by)) == ("due", "H")
    (taken,) = found.backwards
    assert [(lot.points, _event(lot.origin)) for lot in taken.lots] == [(4, "T")]
    assert [each.type for each in explained(history, "H").later] == ["points.released"]


def test_a_tier_that_was_kept_and_then_lost_is_followed_step_by_step_and_back() -> None:
    lasting = LadderRules(valid=Validity(None, Period(1, "months")), at_end=AtEnd("one_down"))
    made = ruleset(BASE)
    made = sealed(replace(made, ladders=(replace(made.ladders[0], rules=lasting),)))
    history = remember(made, [enrolled("M"), sold("M", "T", 1, 20000)], until_ms=START + 800 * DAY_MS)
    reached = explained(history, outcome(history, "tier.upgraded"))
    assert [each.type for each in reached.later] == ["tier.retained"]
    assert reached.cause.kind == "input"
    lost = explained(history, outcome(history, "tier.downgraded"))
    assert lost.outcome is not None
    assert (lost.cause.kind, lost.cause.row_key) == ("due", "member:M/tier/status")
    assert lost.cause.put_by is not None
    assert lost.cause.put_by.type == "tier.retained"
    assert [each.says for each in explained(history, lost.cause.put_by.outcome_id).later] == [lost.outcome.says]


def _event(origin: model.Origin | None) -> str:
    return "" if origin is None else origin.event_id

"""What spans subjects is told from one end to the other: who was asked, what was answered, what was given there."""

from engine.ruleset.conditions import Test
from engine.ruleset.effects import AwardPoints, Fixed
from engine.ruleset.limits import Limit, Window
from tests.support.explained import campaign, enrolled, explained, outcome, returned, sold
from tests.support.programme import campaign as rule
from tests.support.programme import ruleset
from tests.support.recorded import Remembered, remember

CAP = Limit("times", 1, "campaign", Window("ever"), "refuse")
LAST = Limit("times", 1, "campaign", Window("last", period=None), "refuse")
REFERRED = Test("member.referred", "bool", "one_of", (True,))


def capped() -> Remembered:
    """A campaign that gives once in all, asked twice."""
    made = ruleset(rule("first", AwardPoints(Fixed(5), "points"), limits=(CAP,)))
    return remember(made, [enrolled("M"), enrolled("N"), sold("M", "T1", 1, 1000), sold("N", "T2", 2, 1000)], 3)


def test_a_shared_limit_tells_who_was_asked_and_what_they_said() -> None:
    history = capped()
    found = explained(history, "T1")
    (limit,) = campaign(found, "first").limits
    assert (limit.held_by, limit.asked, limit.granted, limit.used_before, limit.used_after) == (
        "campaign:first",
        [5],
        [5],
        0,
        1,
    )
    kinds = [(step.kind, step.type, step.subject) for step in found.steps if step.type != "sale.kept"]
    assert kinds == [
        ("event", "transaction.completed", "member:M"),
        ("message", "limit.asked", "campaign:first"),
        ("message", "limit.granted", "member:M"),
    ]
    assert [each.points for each in found.fates] == [5]
    assert campaign(found, "first").awards[0].given == 5


def test_a_refusal_by_the_holder_is_the_verdict_with_the_limit_that_was_used_up() -> None:
    found = explained(capped(), "T2")
    first = campaign(found, "first")
    (limit,) = first.limits
    assert (first.verdict, limit.reason, limit.used_before, limit.used_after) == (
        "campaign_limit_reached",
        "campaign_limit_reached",
        1,
        1,
    )
    assert (first.when, first.awards[0].given, found.status) == (None, None, "decided")


def test_an_outcome_at_the_end_of_a_conversation_goes_back_to_the_event_that_began_it() -> None:
    history = capped()
    found = explained(history, outcome(history, "points.awarded"))
    assert found.input is not None
    assert found.input.id == "T1"
    assert found.outcome is not None
    assert found.outcome.position != found.input.position


def test_a_referral_tells_what_the_referrer_was_given_at_their_own_subject_and_that_it_went_back() -> None:
    friends = rule(
        "friends",
        AwardPoints(Fixed(50), "points"),
        AwardPoints(Fixed(30), "points", to="referrer"),
        audience=REFERRED,
    )
    events = [
        enrolled("R"),
        enrolled("M", referred_by="R"),
        sold("M", "T", 1, 1000),
        returned("M", "B", "T", 2, 2),
    ]
    history = remember(ruleset(friends), events, 3)
    found = explained(history, "T")
    given = [
        (told.subject, told.data["points"])
        for step in found.steps
        for told in step.outcomes
        if told.type == "points.awarded"
    ]
    assert sorted(given) == [("member:M", 50), ("member:R", 30)]
    assert [(each.to, each.given) for each in campaign(found, "friends").awards] == [("member", 50), ("referrer", 30)]
    assert {(each.points, each.left) for each in found.fates} == {(50, 0), (30, 0)}
    of_referrer = explained(history, outcome(history, "points.awarded", member_id="R"))
    assert [(each.type, each.points) for each in of_referrer.fates[0].changes] == [("points.reversed", 30)]
    assert of_referrer.input is not None
    assert of_referrer.input.id == "T"

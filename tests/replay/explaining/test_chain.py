"""What is explained of awards, returns, spends, expiries and tiers, and how they hang together."""

from dataclasses import fields

from engine.core.instants import DAY_MS
from engine.history.history import Span
from engine.ruleset.conditions import AnyOf, LineSet, Test
from engine.ruleset.effects import AwardPoints, Fixed, Multiple, Rate
from engine.ruleset.limits import Group, Limit, Window
from tests.support.explained import START, campaign, enrolled, explained, outcome, returned, sold, spent, told
from tests.support.programme import campaign as rule
from tests.support.programme import one_of, ruleset
from tests.support.recorded import Remembered, remember

BASE = rule("base", AwardPoints(Rate(1, 100), "points"), base=True)
FRUIT = {"fruit": LineSet(one_of("category", "fruit"), None)}
AT_LEAST_50 = Test("transaction.amount", "money", "at_least", (5000,))
NEXT_YEAR = START + 500 * DAY_MS


class Late(Remembered):
    """A history that begins with the first record that it still has."""

    @property
    def spans(self) -> dict[int, Span]:
        """From there on all is decided."""
        end = self.records[0][-1].offset + 1
        return {0: Span(self.records[0][0].offset, end, end, end)}


def a_life() -> Remembered:
    """A sale of 100.50, of which pieces come back twice; some of its points are spent, the rest expires."""
    events = [
        enrolled("M"),
        sold("M", "T1", 1, 6000, 4050),
        returned("M", "R1", "T1", 2),
        returned("M", "R2", "T1", 3, line="2"),
        spent("M", "S1", 20, 4),
    ]
    return remember(ruleset(BASE), events, until_ms=NEXT_YEAR)


def test_an_award_says_what_it_was_reckoned_of_and_all_that_became_of_it() -> None:
    history = a_life()
    found = explained(history, "T1")
    base = campaign(found, "base")
    (award,) = base.awards
    assert (base.verdict, award.base_minor, award.exact, award.reckoned, award.given) == (
        "fired",
        10050,
        "100.5",
        100,
        100,
    )
    assert award.calculation == "100.50 at 1 per 1.00 = 100.5, rounded down to 100"
    assert award.line_ids == ["1", "2"]
    (fate,) = found.fates
    assert [(each.type, each.points) for each in fate.changes] == [
        ("points.reversed", 30),
        ("points.reversed", 20),
        ("points.spent", 20),
        ("points.expired", 30),
    ]
    assert fate.left == 0
    assert fate.says.startswith("Of 100 points by base: 30 taken back on 2026-03-04 (R1), 20 taken back on 2026-03-05")
    assert found.summary[0] == (
        "Sale T1 of 100.50 USD by member M on 2026-03-03 12:00 was decided: 1 of 1 campaign on it fired (base)."
    )


def test_the_rows_before_and_after_are_those_of_that_moment() -> None:
    found = explained(a_life(), "R2")
    before = found.before
    assert before is not None
    assert before.member is not None
    assert before.member_after is not None
    assert before.sale is not None
    assert before.sale_after is not None
    assert (before.member.balances, before.member_after.balances) == ({"points": 70}, {"points": 50})
    assert (before.sale.returned_minor, before.sale_after.returned_minor) == (3000, 5025)
    assert ([each.left for each in before.sale.awards], [each.left for each in before.sale_after.awards]) == (
        [70],
        [50],
    )
    changed = {row.key.split("/")[1] if "/" in row.key else "": row for row in found.steps[0].rows}
    assert changed["lot"].before["points"] == 70
    assert changed["lot"].after["points"] == 50
    assert changed["transaction"].says.endswith("returned 30.00 USD -> 50.25 USD; base 70 -> 50 points")


def test_a_return_names_the_award_and_the_purchase_that_it_took_from() -> None:
    (taken,) = explained(a_life(), "R1").backwards
    (lot,) = taken.lots
    assert (taken.type, taken.points, lot.points) == ("points.reversed", 30, 30)
    assert lot.origin is not None
    assert (lot.origin.transaction_id, lot.origin.amount_minor, lot.origin.event_id) == ("T1", 10050, "T1")


def test_a_spend_is_traced_back_to_each_award_with_what_it_took() -> None:
    events = [enrolled("M"), sold("M", "T1", 1, 3000), sold("M", "T2", 2, 5000), spent("M", "S", 45, 3)]
    history = remember(ruleset(BASE), events)
    found = explained(history, outcome(history, "points.spent"))
    (taken,) = found.backwards
    assert [(lot.points, lot.origin.transaction_id) for lot in taken.lots if lot.origin] == [(30, "T1"), (15, "T2")]
    assert found.outcome is not None
    assert found.outcome.says == "45 points spent as S"
    assert "30 of 30 awarded by base on 2026-03-03 for sale T1 of 30.00 USD" in found.summary[1]
    assert [each.asked for step in found.steps for each in step.outcomes if each.type == "points.spent"] == [True]


def test_one_lot_of_two_that_were_spent_together_is_told_its_own_part() -> None:
    events = [enrolled("M"), sold("M", "T1", 1, 3000), sold("M", "T2", 2, 5000), spent("M", "S", 45, 3)]
    history = remember(ruleset(BASE), events)
    parts = {asked: explained(history, asked).fates[0] for asked in ("T1", "T2")}
    assert [(each.changes[0].points, each.left) for each in parts.values()] == [(30, 0), (15, 35)]


def test_an_expiry_goes_back_to_the_lot_that_was_due_and_what_earned_it() -> None:
    history = a_life()
    found = explained(history, outcome(history, "points.expired"))
    assert found.input is None
    assert found.cause.kind == "due"
    assert (found.cause.row_key or "").startswith("member:M/lot/points/")
    assert found.cause.put_by is not None
    assert found.cause.put_by.transaction_id == "T1"
    assert found.summary[0] == "M, 2027-04-01 00:00: 30 points expired of base."
    assert found.before is not None
    assert found.before.member is not None
    assert found.before.member_after is not None
    assert (found.before.member.balances, found.before.member_after.balances) == ({"points": 30}, {"points": 0})


def test_a_refusal_says_why_and_changes_nothing() -> None:
    history = remember(ruleset(BASE), [enrolled("M"), spent("M", "S", 5, 1)])
    found = explained(history, "S")
    assert (
        found.summary[0] == "Spend S by member M on 2026-03-03 12:00 was refused (insufficient_points):"
        " there were not enough points."
    )
    assert (found.status, found.fates, found.backwards) == ("refused: insufficient_points", [], [])
    assert found.before is not None
    assert found.before.member == found.before.member_after


def test_every_condition_is_shown_with_what_it_saw_also_where_the_index_left_the_campaign_out() -> None:
    fruity = rule(
        "fruity",
        AwardPoints(Fixed(5), "points"),
        line_sets=FRUIT,
        when=AnyOf((AT_LEAST_50, Test("fruit.count", "int", "at_least", (1,))), 1),
    )
    online = rule("online", AwardPoints(Fixed(7), "points"), when=one_of("transaction.channel", "web"))
    history = remember(
        ruleset(BASE, fruity, online), [enrolled("M"), sold("M", "T", 1, 700, line={"category": "fruit"})]
    )
    found = explained(history, "T")
    when = campaign(found, "fruity").when
    assert when is not None
    assert [(each.held, each.seen) for each in when.parts] == [(False, "7.00"), (True, "1 (lines 1)")]
    out = campaign(found, "online")
    assert out.when is not None
    assert (out.candidate, out.verdict, out.when.seen) == (False, "transaction.channel", "missing")


def test_a_group_says_who_gave_and_who_gave_way_and_a_multiple_how_it_was_reckoned() -> None:
    double = rule("double", AwardPoints(Multiple(2500), "points"), group="best")
    fixed = rule("fixed", AwardPoints(Fixed(3), "points"), group="best")
    made = ruleset(BASE, double, fixed, groups=(Group("best", "highest", "transaction"),))
    found = explained(remember(made, [enrolled("M"), sold("M", "T", 1, 1999)]), "T")
    group = campaign(found, "fixed").group
    assert group is not None
    assert (group.gave, group.excluded, campaign(found, "fixed").verdict) == (
        ["double"],
        ["fixed"],
        "excluded_by_group",
    )
    (award,) = campaign(found, "double").awards
    assert award.calculation == "base earn on 19.99 is 19.99; 2.5 times that is 49.975: 49 less 19 of base = 30"
    assert award.given == 30
    assert campaign(found, "fixed").awards[0].given is None


def test_a_limit_says_what_was_used_what_it_cut_and_what_a_return_gave_back() -> None:
    most = Limit("points", 60, "member", Window("this", unit="month"), "clamp")
    once = Limit("times", 2, "member", Window("ever"), "refuse")
    capped = rule("capped", AwardPoints(Rate(1, 100), "points"), limits=(most, once))
    events = [enrolled("M"), sold("M", "T1", 1, 4000), sold("M", "T2", 2, 5000), returned("M", "R", "T1", 3, 2)]
    history = remember(ruleset(capped), events)
    second = campaign(explained(history, "T2"), "capped")
    assert [(each.used_before, each.used_after, each.amount) for each in second.limits] == [(40, 60, 60), (1, 2, 2)]
    assert [(each.reckoned, each.given) for each in second.awards] == [(50, 20)]
    (change,) = explained(history, "T1").fates[0].changes
    assert change.limits == [
        "limit of campaign:capped, points this month: 60 -> 20 used",
        "limit of campaign:capped, times ever: 2 -> 1 used",
    ]


def test_a_tier_says_what_reached_it_and_that_a_return_took_it_back() -> None:
    history = remember(ruleset(BASE), [enrolled("M"), sold("M", "T", 1, 20000), returned("M", "R", "T", 2, 2)])
    found = explained(history, outcome(history, "tier.upgraded"))
    assert found.summary[0].startswith("M, 2026-03-03 12:00: silver of status reached from blue")
    assert [each.type for each in found.later] == ["tier.downgraded"]
    before = explained(history, "T").before
    assert before is not None
    assert before.member is not None
    assert before.member_after is not None
    assert (before.member.tiers, before.member_after.tiers) == ({"status": "blue"}, {"status": "silver"})


def test_points_that_went_to_another_member_by_a_merge_are_followed_there() -> None:
    merge = told("members", "member.merged", "N", 2, "J", merge_id="J", merged_member_id="M")
    events = [enrolled("M"), enrolled("N"), sold("M", "T", 1, 3000), merge, spent("N", "S", 10, 3)]
    for partitions in (1, 3):
        (fate,) = explained(remember(ruleset(BASE), events, partitions), "T").fates
        assert [(each.type, each.subject, each.points) for each in fate.changes] == [
            ("member.merge_recorded", "member:N", None),
            ("points.spent", "member:N", 10),
        ]
        assert fate.left == 20


def test_an_event_that_waited_for_its_member_is_explained_where_it_was_decided() -> None:
    history = remember(ruleset(BASE), [sold("M", "T", 0, 3000), enrolled("M")])
    found = explained(history, "T")
    assert [step.type for step in found.steps] == ["transaction.completed", "member.enrolled", "sale.kept"]
    assert campaign(found, "base").awards[0].given == 30
    assert found.status == "decided"


def test_others_that_waited_for_the_same_enrolment_are_said_once() -> None:
    history = remember(ruleset(BASE), [sold("M", f"T{day}", day, 5000) for day in range(3)] + [enrolled("M")])
    (note,) = explained(history, "T1").notes
    assert note.startswith("3 other inputs of this subject waited and were decided at ")
    assert not explained(a_life(), "T1").notes


def test_a_record_of_the_journal_is_explained_by_its_position() -> None:
    history = remember(ruleset(BASE), [enrolled("M"), sold("M", "T", 1, 3000)], 1)
    (step,) = [step for step in explained(history, "T").steps if step.kind == "event"]
    found = explained(history, step.position)
    assert (found.kind, found.cause.kind, found.fates[0].points) == ("record", "input", 30)


def test_a_snapshot_is_begun_at_where_the_journal_from_before_it_is_gone() -> None:
    events = [enrolled("M"), sold("M", "T1", 1, 3000), sold("M", "T2", 2, 5000), spent("M", "S", 45, 3)]
    whole, half = remember(ruleset(BASE), events, 1), remember(ruleset(BASE), events[:2], 1)
    cut = half.spans[0].end
    late = Late(**{each.name: getattr(whole, each.name) for each in fields(whole)})
    late.records = {0: whole.records[0][cut:]}
    late.snapshots, late.snapshot_rows, late.own_rows = half.snapshots, half.snapshot_rows, half.own_rows
    assert late.spans[0].start == cut > 0
    assert explained(late, "S") == explained(whole, "S")


def test_what_was_published_otherwise_than_it_is_decided_is_said() -> None:
    history = remember(ruleset(BASE), [enrolled("M"), sold("M", "T", 1, 3000)], 1)
    place = ("points", 0)
    wrong = history.outcomes[place][0]
    history.outcomes[place][0] = wrong._replace(value=wrong.value.replace(b'"points":30', b'"points":31'))
    assert any("published otherwise" in note and "guerdon verify" in note for note in explained(history, "T").notes)

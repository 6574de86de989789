"""Both worlds of a what-if: nothing differs under the same rules, and what differs under others is what was changed."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine.core.ids import digest_of_ruleset
from engine.core.instants import DAY_MS, HOUR_MS
from engine.core.partitioning import partition_of
from engine.history.history import Span
from engine.pipeline.partition import JournalRecord
from engine.replay.lines import Line
from engine.ruleset.conditions import LineSet, Test
from engine.ruleset.effects import AwardPoints, Rate
from engine.ruleset.model import SEMANTICS, Ruleset
from engine.wire import journal
from tests.support import explained, programme
from tests.support.chain import START, chain, enrolled, life, returned, sale, spent
from tests.support.recorded import Remembered, remember
from tests.support.shop import grocer, shop
from tests.support.whatif import Run, ask

NEW_SALT = digest_of_ruleset(b"another")


def kinds(history: Remembered) -> Counter[str]:
    bodies = [orjson.loads(each.value) for records in history.records.values() for each in records]
    return Counter(body.get("type", body["kind"]) for body in bodies)


def given(run: Run) -> dict[str, tuple[int, int]]:
    """By campaign the points given as recorded and under the other rules."""
    return {row["campaign"]: (row["points_recorded"], row["points_new"]) for row in run.report["campaigns"]}


def members(run: Run) -> dict[str, tuple[int, int]]:
    return {row["member_id"]: (row["points_recorded"], row["points_new"]) for row in run.tables.members()}


def used(run: Run) -> tuple[int, int]:
    """Uses of the one limit that members share."""
    (row,) = run.report["limits"]
    return row["used_recorded"], row["used_new"]


def two_days(*amounts: str) -> list[Line]:
    """Two members, who buy in turn, an hour apart."""
    lines = [enrolled("M-1"), enrolled("M-2", START + 1_000)]
    return lines + [
        sale(f"M-{1 + at % 2}", at, amount, START + DAY_MS + at * HOUR_MS) for at, amount in enumerate(amounts)
    ]


# -- the same rules


@pytest.mark.parametrize("clock", ["wall", "events"])
def test_the_same_rules_differ_in_nothing(tmp_path: Path, clock: str) -> None:
    rules = chain(tmp_path / "rules", clock=clock)
    history = remember(rules, life(1), partitions=3)
    found = kinds(history)
    for kind in ("limit.refused", "limit.granted", "referral.awarded", "sale.kept", "merge.part", "limit.returned"):
        assert found[kind], f"the history has no {kind}"
    run = ask(history, rules)
    assert run.report["same"]
    assert not run.differences
    assert run.answer.counts[1:] == (0, 0, 0)
    assert run.answer.differences.recorded.outcomes == run.answer.differences.other.outcomes
    assert run.answer.recorded == run.answer.other
    assert run.report["said"] == ["Nothing differs: under these rules every outcome is what was recorded."]
    assert given(run)["monthly"][0] > 0
    assert given(run)["referral"][0] > 0


def test_the_same_rules_of_the_shipped_programme_differ_in_nothing() -> None:
    history = remember(grocer(), shop(5), partitions=4)
    run = ask(history, grocer())
    assert run.report["same"]
    assert not run.differences
    assert run.answer.counts.records == sum(len(records) for records in history.records.values())


@pytest.mark.parametrize("changed", [{"cap": 1}, {"rate": 3}, {"lucky": None}, {"referral": None}, {"lucky_from": 50}])
def test_the_other_world_is_what_other_rules_would_have_recorded(tmp_path: Path, changed: dict[str, Any]) -> None:
    """A simulation takes each event once all of the one before is done, and so does what follows its cause here."""
    lines = life(7, days=40)
    history = remember(chain(tmp_path / "old"), lines, partitions=3)
    rules = chain(tmp_path / "new", **changed)
    fresh = ask(remember(rules, lines, partitions=3), rules)
    run = ask(history, rules)
    assert not run.report["same"]
    assert run.answer.other.members == fresh.answer.recorded.members
    assert run.answer.other.limits == fresh.answer.recorded.limits
    ours, theirs = run.answer.differences.other, fresh.answer.differences.recorded
    assert ours.points == theirs.points
    assert ours.campaigns == theirs.campaigns
    assert ours.days == theirs.days
    assert ours.refusals == theirs.refusals


# -- by hand


def test_a_changed_rate_differs_by_just_that(tmp_path: Path) -> None:
    lines = [*two_days("10.00", "7.99", "3.50"), returned("M-1", 0, START + 2 * DAY_MS, 1)]
    history = remember(chain(tmp_path / "old", lucky=None, referral=None), lines)
    run = ask(history, chain(tmp_path / "new", lucky=None, referral=None, rate=3))
    # 10.00 with half of it back, and 3.50: (10 - 5) + 3 and (30 - 15) + 10; 7.99: 7 and 23.
    assert members(run) == {"M-1": (5 + 3, 15 + 10), "M-2": (7, 23)}
    assert given(run)["base"] == (15, 48)
    assert run.report["headline"]["points_difference"] == 33
    assert run.report["headline"]["minor_difference"] == 33
    assert run.report["said"][0] == (
        "Under the new rules members would have got 33 points more (+220.0 %, +0.33 USD): 48 instead of 15."
    )
    assert [(row["day"], row["points_recorded"], row["points_new"]) for row in run.report["days"]] == [
        ("2026-03-03", 20, 63),
        ("2026-03-04", -5, -15),
    ]


def test_a_campaign_that_is_gone_gives_nothing(tmp_path: Path) -> None:
    history = remember(chain(tmp_path / "old"), two_days("30.00", "5.00", "40.00"), partitions=3)
    run = ask(history, chain(tmp_path / "new", lucky=None))
    assert given(run)["lucky"] == (200, 0)
    assert given(run)["base"] == (75, 75)
    (lucky,) = [row for row in run.report["campaigns"] if row["campaign"] == "lucky"]
    assert (lucky["change"], lucky["awards_recorded"], lucky["awards_new"]) == ("gone", 2, 0)
    assert run.answer.counts.only_recorded >= 4  # two questions and their answers
    assert used(run) == (2, 0)


def test_a_lower_cap_turns_a_grant_into_a_refusal(tmp_path: Path) -> None:
    """The holder's answer takes the place of the recorded one with the same id."""
    history = remember(chain(tmp_path / "old", cap=2), two_days("30.00", "40.00", "50.00"), partitions=3)
    run = ask(history, chain(tmp_path / "new", cap=1))
    assert given(run)["lucky"] == (200, 100)
    assert used(run) == (2, 1)
    assert run.answer.counts[1:3] == (0, 0)
    (refusals,) = run.report["refusals"]
    assert (refusals["times_recorded"], refusals["times_new"]) == (1, 2)
    assert refusals["first_new"] < refusals["first_recorded"]
    (limit,) = run.report["limits"]
    assert (limit["amount_recorded"], limit["amount_new"]) == (2, 1)


def test_questions_that_are_not_asked_any_more_are_left_out_and_their_room_goes_to_others(tmp_path: Path) -> None:
    history = remember(chain(tmp_path / "old", cap=1), two_days("30.00", "45.00"), partitions=3)
    assert kinds(history)["limit.refused"] == 1
    run = ask(history, chain(tmp_path / "new", cap=1, lucky_from=40))
    assert members(run)["M-1"] == (130, 30)
    assert members(run)["M-2"] == (45, 145)
    assert used(run) == (1, 1)
    assert run.answer.counts.only_recorded >= 2


def test_questions_that_nobody_recorded_follow_their_cause(tmp_path: Path) -> None:
    history = remember(chain(tmp_path / "old", cap=1, lucky_from=40), two_days("30.00", "45.00"), partitions=3)
    assert kinds(history)["limit.asked"] == 1
    run = ask(history, chain(tmp_path / "new", cap=1, lucky_from=20))
    assert members(run)["M-1"] == (30, 130)  # came first, and so has the only place
    assert members(run)["M-2"] == (145, 45)
    assert run.answer.counts.only_other >= 2
    assert used(run) == (1, 1)


def test_outcomes_whose_ids_alone_shift_do_not_differ(tmp_path: Path) -> None:
    """An award before the others of a sale gives all of them other ids and balances, and changes nothing of them."""
    early = "campaign: early\non: transaction.completed\npriority: 9\nthen:\n  - award_points: {points: 1}\n"
    said: dict[str, Any] = {"lucky": None, "referral": None}
    history = remember(chain(tmp_path / "old", **said), two_days("30.00", "10.00"))
    run = ask(history, chain(tmp_path / "new", **said, early=early))
    awards = [each for each in run.differences if "points.awarded" in str(each.pair)]
    changed = {
        pair.other["data"]["campaign"]
        for _, _, _, pair in awards
        if pair.other and pair.other["type"] == "points.awarded"
    }
    assert changed == {"early"}
    assert run.report["members"]["more"] == 2


# -- from, until, members


def test_before_from_nothing_differs_and_from_then_on_the_other_rules_decide(tmp_path: Path) -> None:
    lines = two_days("10.00", "10.00", "10.00", "10.00")
    history = remember(chain(tmp_path / "old", lucky=None, referral=None), lines)
    rules = chain(tmp_path / "new", lucky=None, referral=None, rate=5)
    run = ask(history, rules, from_ms=START + DAY_MS + 2 * HOUR_MS)
    assert members(run) == {"M-1": (10, 50), "M-2": (10, 50)}  # one sale of each comes before, and is in no sum
    balances = {row["member_id"]: (row["balance_recorded"], row["balance_new"]) for row in run.tables.members()}
    assert balances == {"M-1": (20, 60), "M-2": (20, 60)}


def test_a_sale_of_before_comes_back_by_its_own_rules(tmp_path: Path) -> None:
    lines = [*two_days("10.00"), returned("M-1", 0, START + 2 * DAY_MS + HOUR_MS)]
    history = remember(chain(tmp_path / "old", lucky=None, referral=None), lines)
    run = ask(history, chain(tmp_path / "new", lucky=None, referral=None, rate=5), from_ms=START + 2 * DAY_MS)
    assert members(run)["M-1"] == (-10, -10)
    assert given(run)["base"] == (-10, -10)


def test_from_differs_in_nothing_under_the_same_rules(tmp_path: Path) -> None:
    rules = chain(tmp_path / "rules")
    history = remember(rules, life(4), partitions=3)
    run = ask(history, rules, from_ms=START + 20 * DAY_MS + 3)
    assert run.report["same"]
    assert run.answer.recorded == run.answer.other


def test_what_comes_at_until_or_later_is_left_out(tmp_path: Path) -> None:
    lines = two_days("10.00", "10.00", "10.00", "10.00")
    history = remember(chain(tmp_path / "old", lucky=None, referral=None), lines)
    rules = chain(tmp_path / "new", lucky=None, referral=None, rate=5)
    run = ask(history, rules, until_ms=START + DAY_MS + 2 * HOUR_MS)
    assert members(run) == {"M-1": (10, 50), "M-2": (10, 50)}


def test_members_alone_have_the_other_rules_and_all_others_stand_as_recorded(tmp_path: Path) -> None:
    history = remember(chain(tmp_path / "old", cap=1), two_days("30.00", "45.00", "50.00"), partitions=3)
    rules = chain(tmp_path / "new", cap=1, rate=2)
    run = ask(history, rules, members=frozenset({"member:M-2"}))
    # M-1's question came first and stands as recorded, so that M-2 is refused in both worlds
    assert members(run) == {"M-2": (45, 90)}
    assert used(run) == (1, 1)


@pytest.mark.parametrize("clock", ["wall", "events"])
def test_members_differ_in_nothing_under_the_same_rules(tmp_path: Path, clock: str) -> None:
    rules = chain(tmp_path / "rules", clock=clock)
    history = remember(rules, life(1), partitions=3)
    alone = frozenset({"member:M-1", "member:M-4", "member:M-7"})
    run = ask(history, rules, members=alone)
    whole = ask(history, rules)
    assert run.report["same"]
    assert run.answer.recorded == run.answer.other
    expected = {name: row for name, row in members(whole).items() if f"member:{name}" in alone}
    assert members(run) == expected
    places = {name: place for name, place in whole.answer.recorded.members.items() if f"member:{name}" in alone}
    assert run.answer.recorded.members == places


# -- activations


def test_every_recorded_activation_activates_the_other_rules(tmp_path: Path) -> None:
    old, second = (
        chain(tmp_path / "1", lucky=None, referral=None),
        chain(tmp_path / "2", lucky=None, referral=None, rate=2),
    )
    history = switched(
        remember(old, two_days("10.00", "10.00", "10.00", "10.00")), second.digest, START + DAY_MS + HOUR_MS
    )
    history.rulesets = {old.digest: old, second.digest: second}
    rules = chain(tmp_path / "3", lucky=None, referral=None, rate=7)
    run = ask(history, rules)
    recorded = sum(points for points, _ in members(run).values())
    assert recorded == 10 + 10 + 20 + 20
    assert sum(points for _, points in members(run).values()) == 4 * 70
    assert ask(history, second, from_ms=START + DAY_MS + 2 * HOUR_MS).report["same"]
    waiting = switched(
        remember(old, two_days("10.00", "10.00", "10.00", "10.00")),
        second.digest,
        START,
        at_ms=START + DAY_MS + HOUR_MS + 1,
    )
    waiting.rulesets = history.rulesets
    run = ask(waiting, rules, from_ms=START + HOUR_MS)
    assert sum(points for points, _ in members(run).values()) == 10 + 10 + 20 + 20
    assert sum(points for _, points in members(run).values()) == 4 * 70


def switched(history: Remembered, digest: str, after_ms: int, at_ms: int | None = None) -> Remembered:
    """The history with an activation put in behind the records up to an instant."""
    records: dict[int, list[JournalRecord]] = {}
    for number, there in history.records.items():
        value = journal.encode_activation(number, digest, NEW_SALT, SEMANTICS, at_ms=at_ms)
        put_in = JournalRecord(0, after_ms, journal.ACTIVATION_KEY, value)
        before = [each for each in there if each.timestamp_ms <= after_ms]
        after = [each for each in there if each.timestamp_ms > after_ms]
        every = [*before, put_in, *after]
        records[number] = [each._replace(offset=offset) for offset, each in enumerate(every)]
    return replace(history, records=records)


# -- the first difference


def test_the_first_difference_names_the_campaign_and_what_its_conditions_saw(tmp_path: Path) -> None:
    history = remember(chain(tmp_path / "old", lucky_from=40), two_days("10.00", "30.00", "50.00"))
    run = ask(history, chain(tmp_path / "new", lucky_from=20))
    first = run.report["first_difference"]
    assert (first["subject"], first["kind"]) == ("member:M-2", "transaction.completed")
    (lucky,) = first["campaigns"]
    assert (lucky["campaign"], lucky["definition_differs"]) == ("lucky", True)
    assert lucky["recorded"]["conditions"] == [{"name": "transaction.amount", "seen": 3000, "held": False}]
    assert lucky["new"]["conditions"] == [{"name": "transaction.amount", "seen": 3000, "held": True}]
    assert first["offset"] == next(
        each.offset
        for each in history.records[partition_of("member:M-2", 2)]
        if b'"transaction.completed"' in each.value
    )


def test_the_first_points_are_named_where_something_else_differs_before(tmp_path: Path) -> None:
    history = remember(chain(tmp_path / "old"), two_days("10.00"))
    run = ask(history, chain(tmp_path / "new", silver=200, rate=2))
    assert run.report["first_difference"]["kind"] == "member.enrolled"
    assert run.report["first_points"]["kind"] == "transaction.completed"
    (base,) = run.report["first_points"]["campaigns"]
    assert (base["recorded"]["points"], base["new"]["points"]) == (10, 20)


# -- however it is run


def test_more_processes_give_the_same_answer(tmp_path: Path) -> None:
    history = remember(chain(tmp_path / "old"), life(9, days=30), partitions=3)
    rules = chain(tmp_path / "new", cap=1, lucky_from=10)
    one, three = ask(history, rules), ask(history, rules, processes=3)
    assert orjson.dumps(one.report) == orjson.dumps(three.report)
    assert one.differences == three.differences


def test_a_message_without_its_cause_is_taken_as_recorded(tmp_path: Path) -> None:
    """As where a history ends in one partition before another: nothing waits for what never comes."""
    rules = chain(tmp_path / "rules")
    history = remember(rules, life(2, days=20), partitions=3)
    spans = dict(history.spans)
    short = Span(0, spans[0].end // 2, spans[0].end // 2, spans[0].end // 2)
    cut = replace(history, records={**history.records, 0: history.records[0][: short.end]})
    run = ask(cut, rules)
    assert run.report["same"]
    assert run.answer.counts.records == sum(len(records) for records in cut.records.values())


def test_spending_follows_the_points_there_are(tmp_path: Path) -> None:
    lines = [*two_days("10.00"), spent("M-1", 1, 8, START + 2 * DAY_MS)]
    history = remember(chain(tmp_path / "old", lucky=None, referral=None), lines)
    nothing = "campaign: base\non: transaction.completed\nbase: true\nthen:\n  - award_points: {points: 1, per: 2.00}\n"
    run = ask(history, chain(tmp_path / "new", lucky=None, referral=None, base=nothing))
    (account,) = run.report["accounts"]
    assert (account["spent_recorded"], account["spent_new"]) == (8, 0)
    assert (account["outstanding_recorded"], account["outstanding_new"]) == (2, 5)


def test_the_first_difference_of_a_sale_whose_return_waited_for_it_tells_of_the_sale() -> None:
    def rules(points: int) -> Ruleset:
        large = Test("all.amount", "money", "at_least", (1000,))
        produce = programme.campaign(
            "produce", AwardPoints(Rate(points, 100), "points"), line_sets={"all": LineSet(None, None)}, when=large
        )
        return programme.ruleset(produce)

    events = [
        explained.enrolled("M"),
        explained.returned("M", "R1", "T1", 2),
        explained.sold("M", "T1", 1, 5000, 3000),
    ]
    run = ask(remember(rules(1), events, partitions=1), rules(2))
    assert given(run) == {"produce": (80 - 25, 160 - 50)}
    (campaign,) = run.report["first_difference"]["campaigns"]
    assert campaign["campaign"] == "produce"
    assert campaign["recorded"]["holds"]
    assert campaign["recorded"]["conditions"] == [{"name": "all.amount", "seen": 8000, "held": True}]

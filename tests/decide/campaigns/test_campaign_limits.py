"""Limits that members share: asked of the campaign's or the outlet's own subject, and settled with the last answer (B-14)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from engine.core.calendar import Period
from engine.core.instants import parse
from engine.core.partitioning import partition_of
from engine.core.records import Event
from engine.pipeline.records import Bounds
from engine.ruleset.conditions import LineSet, Test
from engine.ruleset.effects import AddTag, AwardPoints, Fixed, Rate
from engine.ruleset.limits import Group, Limit, Window
from engine.ruleset.model import Account, Campaign, Ruleset
from engine.wire import journal as wire
from tests.support.journals import START, Log, enrolled, event, line, sale
from tests.support.programme import DAY, campaign, one_of, rules, ruleset

EVER, MONTH, DAILY = Window("ever"), Window("this", unit="month"), Window("this", unit="day")
WORTH = (Account("points", True, None, 1_000_000),)  # a point is worth a minor unit


def cap(times: int, window: Window = EVER, per: str = "campaign") -> Limit:
    return Limit("times", times, per, window, "refuse")  # type: ignore[arg-type]  # one of its words


def spend(kind: str, amount: int, over: str = "clamp", per: str = "campaign", window: Window = EVER) -> Limit:
    return Limit(kind, amount, per, window, over)  # type: ignore[arg-type]  # of its words


def giving(name: str, points: int, *limits: Limit, **more: Any) -> Campaign:
    return campaign(name, AwardPoints(Fixed(points), "points"), limits=limits, **more)


def journal(made: Ruleset, *members: str, partitions: int = 4, batch: int = 100) -> Log:
    return Log(rules(made), partitions, batch).feed(*(enrolled(member) for member in members))


def given(log: Log) -> list[tuple[str, str, int]]:
    return sorted((each["member_id"], each["campaign"], each["points"]) for each in log.data("points.awarded"))


def decided(log: Log, transaction: str) -> dict[str, Any]:
    """The decision on the sale of that event id."""
    (found,) = [each for each in log.data("decision.recorded") if each["input"]["id"] == transaction]
    return found


def sold(member: str, transaction: str, amount: int = 1000, **more: Any) -> Event:
    return sale(member, transaction, line(1, amount), event_id=transaction, **more)


def used(log: Log, holder: str, owner: str) -> Any:
    return log.row(f"{holder}/uses/{owner}")["used"]


def asked_rows(log: Log) -> list[str]:
    return [key for key in log.rows() if "/asked/" in key]


@pytest.mark.parametrize("partitions", [1, 3, 4])
@pytest.mark.parametrize("batch", [1, 7, 100])
def test_b14_a_cap_is_exact_however_members_interleave(partitions: int, batch: int) -> None:
    members = [f"M{number}" for number in range(40)]
    log = journal(ruleset(giving("first", 5, cap(13))), *members, partitions=partitions, batch=batch)
    log.feed(*(sold(member, f"T-{member}") for member in members))
    assert len(given(log)) == 13
    refused = [each for each in log.data("decision.recorded") if each["campaigns_refused"]]
    assert [each["campaigns_refused"] for each in refused] == [
        [{"campaign": "first", "reason": "campaign_limit_reached"}]
    ] * 27
    assert len(log.data("decision.recorded")) == 80
    assert used(log, "campaign:first", "campaign:first") == {"times ever campaign": {str(-(1 << 62)): 13}}
    assert asked_rows(log) == []
    assert not any("asked" in orjson.loads(row) for key, row in log.rows().items() if "/transaction/" in key)


@pytest.mark.parametrize("stop", [1, 2, 3, 5, 8])
def test_b14_a_crash_between_question_and_answer_loses_nothing_and_gives_nothing_twice(stop: int) -> None:
    members = [f"M{number}" for number in range(12)]
    made = ruleset(giving("first", 5, cap(5)))
    log = journal(made, *members, partitions=3)
    log.batch = 2
    for each in members:
        number = log_partition(log, f"member:{each}")
        log.append(number, f"member:{each}".encode(), encoded(sold(each, f"T-{each}")))
    for turn in range(200):
        moved = [log.fold(number, Bounds(records=1)) for number in range(3)]
        if turn % stop == 0:
            log.crash(turn % 3)
        if not any(moved):
            break
    log.run()
    assert len(given(log)) == 5
    assert len({each["id"] for topic in log.topics.values() for each in map(decoded, topic)}) == sum(
        len(topic) for topic in log.topics.values()
    )
    assert len(log.data("decision.recorded")) == 24


def test_b14_outcomes_bear_the_events_own_time_and_its_cause() -> None:
    log = journal(ruleset(giving("first", 5, cap(5))), "M")
    log.feed(sold("M", "T", time_ms=START + 5000))
    (awarded,) = log.events("points.awarded")
    assert (awarded["time"], awarded["causationid"]) == ("2026-11-03T09:00:05.000Z", "T")
    assert awarded["data"]["transaction_id"] == "T"


def test_b14_what_asks_nothing_is_given_when_asked() -> None:
    log = journal(ruleset(giving("first", 5, cap(1)), giving("plain", 3)), "M", "N", partitions=1)
    log.feed(sold("M", "T"), sold("N", "U"))
    assert given(log) == [("M", "first", 5), ("M", "plain", 3), ("N", "plain", 3)]
    assert decided(log, "T")["campaigns_fired"] == ["first", "plain"]
    awards = log.row("member:M/transaction/T")["awards"]
    assert [(each["campaign"], each["points"]) for each in awards] == [("plain", 3), ("first", 5)]


def test_b14_the_period_is_that_of_the_events_own_time() -> None:
    log = journal(ruleset(giving("first", 5, cap(1, MONTH))), "M", "N", "O", partitions=1)
    late = START - 5 * DAY  # in October
    log.feed(sold("M", "T"), sold("N", "U"), sold("O", "V", time_ms=late), sold("M", "W", time_ms=late))
    assert given(log) == [("M", "first", 5), ("O", "first", 5)]


def test_b14_a_budget_gives_what_is_left_and_then_nothing() -> None:
    made = ruleset(
        campaign("shared", AwardPoints(Rate(1, 100), "points"), limits=(spend("budget", 25),)), accounts=WORTH
    )
    log = journal(made, "M", "N", "O", partitions=1)
    log.feed(sold("M", "T", 2000), sold("N", "U", 2000), sold("O", "V", 2000))
    assert given(log) == [("M", "shared", 20), ("N", "shared", 5)]
    assert decided(log, "U")["limited"] == [{"campaign": "shared", "asked": 20, "given": 5}]
    assert decided(log, "V")["campaigns_refused"] == [{"campaign": "shared", "reason": "budget_exhausted"}]
    assert log.row("member:N/transaction/U")["awards"][0]["cut"] is True


def test_b14_who_pays_a_budget_stands_in_the_outcome_of_each_award() -> None:
    funded = replace(spend("budget", 25), paid_by="dairy")
    log = journal(ruleset(giving("shared", 5, funded), giving("own", 1), accounts=WORTH), "M").feed(sold("M", "T"))
    assert {each["campaign"]: each.get("paid_by") for each in log.data("points.awarded")} == {
        "shared": "dairy",
        "own": None,
    }


def test_b14_a_limit_that_refuses_gives_nothing_of_an_award_that_is_too_much() -> None:
    made = ruleset(campaign("c", AwardPoints(Rate(1, 100), "points"), limits=(spend("points", 25, "refuse"),)))
    log = journal(made, "M", partitions=1)
    log.feed(sold("M", "T", 2000), sold("M", "U", 2000), sold("M", "V", 500))
    assert given(log) == [("M", "c", 5), ("M", "c", 20)]
    assert decided(log, "U")["campaigns_refused"] == [{"campaign": "c", "reason": "campaign_limit_reached"}]


def test_b14_a_campaign_that_gives_more_than_points_gives_the_rest_where_no_points_are_left() -> None:
    made = ruleset(campaign("c", AwardPoints(Fixed(10), "points"), AddTag("t"), limits=(spend("points", 10),)))
    log = journal(made, "M", "N", partitions=1)
    log.feed(sold("M", "T"), sold("N", "U"))
    assert given(log) == [("M", "c", 10)]
    assert [each["member_id"] for each in log.data("member.tagged")] == ["M", "N"]
    assert decided(log, "U")["limited"] == [{"campaign": "c", "asked": 10, "given": 0}]


def test_b14_each_outlet_has_its_own() -> None:
    log = journal(ruleset(giving("first", 5, cap(1, DAILY, "outlet"))), "M", "N", partitions=1)
    log.feed(*(sold(member, f"{member}{at}", outlet_code=at) for member in "MN" for at in ("O-1", "O-2")))
    log.feed(sold("N", "N3", outlet_code="O-1", time_ms=START + DAY))
    assert given(log) == [("M", "first", 5), ("M", "first", 5), ("N", "first", 5)]


def test_b14_a_sale_without_outlet_gets_nothing_of_a_limit_by_outlet() -> None:
    log = journal(ruleset(giving("first", 5, cap(1, EVER, "outlet"))), "M")
    log.feed(sold("M", "T"))
    assert decided(log, "T")["campaigns_refused"] == [{"campaign": "first", "reason": "outlet_unknown"}]
    assert log.row("member:M/transaction/T")["proposed"] == {}


def test_b14_two_holders_are_asked_and_what_one_grants_goes_back_if_the_other_refuses() -> None:
    made = ruleset(giving("first", 5, cap(2), cap(1, EVER, "outlet")))
    log = journal(made, "M", "N", "O", partitions=3)
    log.feed(sold("M", "T", outlet_code="O-1"))
    log.feed(sold("N", "U", outlet_code="O-1"))
    assert given(log) == [("M", "first", 5)]
    log.feed(sold("N", "V", outlet_code="O-2"))
    log.feed(sold("O", "W", outlet_code="O-3"))
    assert given(log) == [("M", "first", 5), ("N", "first", 5)]
    (count,) = used(log, "campaign:first", "campaign:first")["times ever campaign"].values()
    assert count == 2
    assert used(log, "outlet:O-3", "campaign:first") == {"times ever outlet": {str(-(1 << 62)): 0}}


def test_b14_what_two_holders_grant_unequally_is_the_smaller_and_the_rest_goes_back() -> None:
    made = ruleset(giving("c", 10, spend("points", 100), spend("points", 6, per="outlet")))
    log = journal(made, "M", partitions=3)
    log.feed(sold("M", "T", outlet_code="O-1"))
    assert given(log) == [("M", "c", 6)]
    assert list(used(log, "campaign:c", "campaign:c")["points ever campaign"].values()) == [6]


def grouped(keep: str, *campaigns: Campaign, scope: str = "transaction") -> Ruleset:
    group = Group("extras", keep, scope)  # type: ignore[arg-type]  # of its words
    return ruleset(*(replace(each, group="extras") for each in campaigns), groups=(group,), accounts=WORTH)


def test_b14_a_refused_winner_gives_way_to_the_next_of_its_group() -> None:
    log = journal(grouped("highest", giving("big", 200, cap(1)), giving("small", 100)), "M", "N", partitions=1)
    log.feed(sold("M", "T"), sold("N", "U"))
    assert given(log) == [("M", "big", 200), ("N", "small", 100)]
    assert decided(log, "T")["campaigns_refused"] == [{"campaign": "small", "reason": "excluded_by_group"}]
    assert decided(log, "U")["campaigns_refused"] == [{"campaign": "big", "reason": "campaign_limit_reached"}]
    assert list(log.row("member:N/transaction/U")["proposed"]) == ["small"]


def test_b14_a_granted_loser_is_given_back() -> None:
    made = grouped("highest", giving("big", 200, cap(1)), giving("small", 100, cap(1)))
    log = journal(made, "M", "N", "O", partitions=3)
    log.feed(sold("M", "T"))
    assert used(log, "campaign:small", "campaign:small") == {"times ever campaign": {str(-(1 << 62)): 0}}
    log.feed(sold("N", "U"))
    log.feed(sold("O", "V"))
    assert given(log) == [("M", "big", 200), ("N", "small", 100)]


def test_b14_a_group_compares_what_was_granted() -> None:
    made = grouped("highest", giving("big", 200, spend("points", 50)), giving("small", 100))
    log = journal(made, "M")
    log.feed(sold("M", "T"))
    assert given(log) == [("M", "small", 100)]
    assert list(used(log, "campaign:big", "campaign:big")["points ever campaign"].values()) == [0]


def test_b14_a_group_by_line_is_settled_line_by_line() -> None:
    produce, deli = (LineSet(one_of("category", name), None) for name in ("produce", "deli"))
    made = grouped(
        "highest",
        campaign("all", AwardPoints(Rate(1, 100), "points")),
        campaign("p", AwardPoints(Rate(5, 100, "p"), "points"), line_sets={"p": produce}, limits=(cap(1),)),
        campaign("d", AwardPoints(Rate(5, 100, "d"), "points"), line_sets={"d": deli}, limits=(spend("points", 3),)),
        scope="line",
    )
    log = journal(made, "M", partitions=1)
    basket = (line(1, 1000, "produce"), line(2, 2000, "deli"), line(3, 300))
    log.feed(sale("M", "T", *basket), sale("M", "U", *basket))
    assert given(log) == [("M", "all", 3), ("M", "all", 33), ("M", "d", 3), ("M", "p", 50)]


def test_b14_the_members_own_limits_are_taken_when_asked_and_come_back_with_a_refusal() -> None:
    once = Limit("times", 1, "member", Window("this", unit="year"), "refuse")
    made = ruleset(giving("first", 5, cap(1), once))
    log = journal(made, "M", "N", partitions=1)
    log.feed(sold("M", "T"), sold("M", "T2"), sold("N", "U"))
    assert decided(log, "T2")["campaigns_refused"] == [{"campaign": "first", "reason": "member_limit_reached"}]
    assert decided(log, "U")["campaigns_refused"] == [{"campaign": "first", "reason": "campaign_limit_reached"}]
    assert list(log.row("member:M/uses/campaign:first")["used"]["times this year"].values()) == [1]
    assert list(log.row("member:N/uses/campaign:first")["used"]["times this year"].values()) == [0]


def test_b14_two_events_of_a_member_cannot_both_take_what_a_limit_has_left_while_they_wait() -> None:
    mine = Limit("points", 8, "member", EVER, "clamp")
    log = journal(ruleset(giving("c", 5, cap(9), mine)), "M", partitions=1)
    log.feed(sold("M", "T"), sold("M", "U"), sold("M", "V"))
    assert given(log) == [("M", "c", 3), ("M", "c", 5)]
    assert list(used(log, "campaign:c", "campaign:c")["times ever campaign"].values()) == [2]


def test_b14_it_is_settled_against_what_was_seen_when_asked() -> None:
    poor = Test("balance.points", "points", "at_most", (0,))
    log = journal(ruleset(giving("first", 5, cap(5), when=poor), giving("plain", 3)), "M")
    log.feed(sold("M", "T"), sold("M", "U"))
    assert given(log) == [("M", "first", 5), ("M", "plain", 3), ("M", "plain", 3)]


def test_b14_a_window_that_slides_counts_what_lies_in_it_at_the_events_time() -> None:
    three_days = Window("last", Period(3, "days"))
    log = journal(ruleset(giving("c", 5, cap(2, three_days))), "M", "N", partitions=1)
    days: Sequence[int] = (0, 1, 2, 4, 3)  # the last comes late: the days 1 and 4 are not both within three days of it
    log.feed(*(sold("MN"[at % 2], f"T{at}", time_ms=START + day * DAY) for at, day in enumerate(days)))
    fired = [day for at, day in enumerate(days) if decided(log, f"T{at}")["campaigns_fired"]]
    assert fired == [0, 1, 4, 3]
    assert not any("/uses/" in key and key.startswith("member") for key in log.rows())


def test_b14_a_whole_campaign_cools_down_before_and_after_a_use() -> None:
    calm = Limit("not_within", 0, "campaign", EVER, "refuse", not_within=Period(1, "months"))
    log = journal(ruleset(giving("c", 5, calm)), "M", "N", partitions=1)
    moments = ["2026-11-03T09:00:00Z", "2026-12-03T08:59:59Z", "2026-10-10T00:00:00Z", "2026-12-03T09:00:00Z"]
    log.feed(*(sold("MN"[at % 2], f"T{at}", time_ms=parse(each)) for at, each in enumerate(moments)))
    assert [bool(decided(log, f"T{at}")["campaigns_fired"]) for at in range(4)] == [True, False, False, True]


def test_b14_any_event_can_ask_activities_outcomes_and_enrolments_too() -> None:
    made = ruleset(
        giving("joined", 1, cap(9), on="member.enrolled"),
        giving("reviewed", 2, cap(9), on="activity.recorded"),
        giving("risen", 4, cap(9), on="tier.upgraded"),
        giving("sold", 200, cap(9)),
    )
    log = journal(made, "M")
    activity = {"activity_id": "A", "member_id": "M", "name": "review_written"}
    log.feed(event("activity.recorded", "member:M", activity), sold("M", "T"))
    assert given(log) == [("M", "joined", 1), ("M", "reviewed", 2), ("M", "risen", 4), ("M", "sold", 200)]
    kinds = [each["input"]["type"] for each in log.data("decision.recorded")]
    assert sorted(kinds) == ["activity.recorded", "member.enrolled", "tier.upgraded", "transaction.completed"]


def test_b14_an_enrolment_that_claims_an_id_and_asks_a_cap_is_decided_once() -> None:
    external = {"kind": "card", "hash": "ab" * 16}
    log = Log(rules(ruleset(giving("joined", 1, cap(1), on="member.enrolled"))), 3)
    log.feed(enrolled("M", external_ids=[external]), enrolled("N", external_ids=[external]))
    assert len(given(log)) == 1
    first, second = sorted(log.data("decision.recorded"), key=lambda each: "detail" in each)
    assert second["detail"] == {"external_id_taken.card": True}
    assert sorted(each["campaigns_fired"] for each in (first, second)) == [[], ["joined"]]


def test_b14_it_is_settled_by_the_ruleset_it_was_asked_under() -> None:
    before, after = (rules(ruleset(giving("first", points, cap(5)))) for points in (5, 7))
    log = Log([before, after], 3).feed(enrolled("M"))
    log.append(log_partition(log, "member:M"), b"member:M", encoded(sold("M", "T")))
    log.fold(log_partition(log, "member:M"))
    log.activate(after)
    log.run()
    assert given(log) == [("M", "first", 5)]
    assert decided(log, "T")["ruleset_digest"] == before.ruleset.digest


def test_b17_a_shadow_campaign_asks_nothing() -> None:
    log = journal(ruleset(giving("first", 5, cap(1), state="shadow")), "M")
    log.feed(sold("M", "T"))
    assert decided(log, "T")["shadow"][0]["points"] == {"points": 5}
    assert log.row("campaign:first/uses/campaign:first") is None


def log_partition(log: Log, subject: str) -> int:
    return partition_of(subject, len(log.partitions))


def encoded(made: Event) -> bytes:
    return wire.encode_event(made)


def decoded(record: tuple[int, bytes, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(record[2])
    return found

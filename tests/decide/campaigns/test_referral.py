"""Referral: who referred a member is found at enrolment, awarded at their own subject, and gives it back with the sale (B-52)."""

from typing import Any

import pytest

from engine.core.records import Event
from engine.pipeline.records import Bounds
from engine.ruleset.conditions import Test
from engine.ruleset.effects import AwardPoints, Fixed, Rate
from engine.ruleset.limits import Limit, Window
from engine.ruleset.model import Account, Campaign, Ruleset
from engine.wire import journal as wire
from tests.support.journals import START, Log, enrolled, event, line, sale
from tests.support.programme import campaign, rules, ruleset

EVER = Window("ever")
REFERRED = Test("member.referred", "bool", "one_of", (True,))
ONCE = Limit("times", 1, "member", EVER, "refuse")
CODE = {"kind": "referral_code", "hash": "cd" * 16}


def limit(kind: str, amount: int, per: str, over: str = "clamp") -> Limit:
    return Limit(kind, amount, per, EVER, over)  # type: ignore[arg-type]  # of its words


def friends(*limits: Limit, **more: Any) -> Campaign:
    return campaign(
        "friends",
        AwardPoints(Fixed(50), "points"),
        AwardPoints(Fixed(30), "points", to="referrer"),
        audience=REFERRED,
        limits=limits,
        **more,
    )


def referred(made: Ruleset, *members: str, partitions: int = 3) -> Log:
    """R is there; the members are referred by R."""
    log = Log(rules(made), partitions).feed(enrolled("R"))
    return log.feed(*(enrolled(member, referred_by="R") for member in members))


def given(log: Log) -> list[tuple[str, int]]:
    return sorted((each["member_id"], each["points"]) for each in log.data("points.awarded"))


def sold(member: str, transaction: str, amount: int = 1000) -> Event:
    return sale(member, transaction, line(1, amount), event_id=transaction)


def decided(log: Log, cause: str) -> dict[str, Any]:
    (found,) = [each for each in log.data("decision.recorded") if each["input"]["id"] == cause]
    return found


def returned(member: str, transaction: str, number: str = "R1", quantity: int = 1) -> Event:
    data = {
        "return_id": number,
        "member_id": member,
        "original_transaction_id": transaction,
        "lines": [{"line_id": "1", "quantity": quantity}],
    }
    return event("transaction.returned", f"member:{member}", data, time_ms=START + 1000)


@pytest.mark.parametrize("partitions", [1, 3, 4])
def test_b52_both_sides_are_paid_and_name_the_same_cause(partitions: int) -> None:
    log = referred(ruleset(friends(ONCE)), "M", partitions=partitions).feed(sold("M", "T"))
    assert given(log) == [("M", 50), ("R", 30)]
    assert {(each["causationid"], each["data"]["campaign"]) for each in log.events("points.awarded")} == {
        ("T", "friends")
    }
    assert log.data("referral.completed") == [
        {"referrer_member_id": "R", "member_id": "M", "cause": "T", "campaign": "friends"}
    ]
    awards = log.row("member:M/transaction/T")["awards"]
    assert [(each["points"], each.get("to")) for each in awards] == [(50, None), (30, "member:R")]
    assert log.row(f"member:R/{awards[1]['lot']}")["points"] == 30
    assert "asked" not in log.row("member:M/transaction/T")
    assert log.row("member:R")["accounts"]["points"]["balance"] == 30
    assert decided(log, "T")["campaigns_fired"] == ["friends"]


def test_b52_a_referral_code_finds_who_shares_it() -> None:
    log = Log(rules(ruleset(friends())), 3).feed(enrolled("R", external_ids=[CODE]))
    log.feed(enrolled("M", referred_by="ADA-2026", referred_by_hash=CODE["hash"]))
    assert log.row("member:M")["referrer"] == "R"
    assert given(log.feed(sold("M", "T"))) == [("M", 50), ("R", 30)]


@pytest.mark.parametrize(
    "enrolment",
    [
        {"referred_by": "M"},
        {"referred_by": "MINE", "referred_by_hash": CODE["hash"], "external_ids": [CODE]},
    ],
    ids=["by id", "by a code"],
)
def test_b52_nobody_refers_himself(enrolment: dict[str, Any]) -> None:
    log = Log(rules(ruleset(friends())), 1).feed(enrolled("M", event_id="E", **enrolment), sold("M", "T"))
    assert log.data("member.rejected") == [{"member_id": "M", "reason": "referrer_is_referee"}]
    assert given(log) == []
    assert (decided(log, "E")["status"], decided(log, "E")["detail"]) == ("decided", {"referrer_is_referee": True})
    assert "referrer" not in log.row("member:M")


def test_b52_an_unknown_referrer_leaves_the_enrolment_as_it_is() -> None:
    log = Log(rules(ruleset(friends())), 3).feed(enrolled("M", event_id="E", referred_by="nobody"))
    assert (decided(log, "E")["status"], decided(log, "E")["detail"]) == ("decided", {"referrer_unknown": True})
    assert given(log.feed(sold("M", "T"))) == []
    assert "seeking" not in log.row("member:M")


def test_b52_the_enrolment_claims_ids_and_seeks_the_referrer_and_is_decided_once() -> None:
    log = Log(rules(ruleset(friends(on="member.enrolled"))), 3).feed(enrolled("R"))
    log.feed(enrolled("M", event_id="E", referred_by="R", external_ids=[CODE]))
    assert decided(log, "E")["campaigns_fired"] == ["friends"]
    assert given(log) == [("M", 50), ("R", 30)]
    assert log.row("member:M")["external_ids"] == [CODE]
    assert [key for key in log.rows() if "/asked/" in key] == []


@pytest.mark.parametrize("partitions", [1, 3])
def test_b52_a_purchase_that_comes_before_the_referrer_is_known_waits_for_that(partitions: int) -> None:
    opted = Test("member.opted_in", "set", "has", ("opted",))
    made = ruleset(friends(), campaign("opted", AwardPoints(Fixed(1), "points"), audience=opted))
    log = Log(rules(made), partitions).feed(enrolled("R"))
    log.feed(enrolled("M", referred_by="R", opt_ins=["opted"]), sold("M", "T"))
    assert {("M", 50), ("R", 30)} <= set(given(log))
    assert decided(log, "T")["status"] == "decided"


def test_b52_limits_per_referrer_are_counted_at_the_referrer() -> None:
    capped = friends(limit("times", 2, "referrer", "refuse"))
    log = referred(ruleset(capped), "A", "B", "C", partitions=1)
    log.feed(sold("A", "TA"), sold("B", "TB"), sold("C", "TC"))
    assert given(log) == [("A", 50), ("B", 50), ("C", 50), ("R", 30), ("R", 30)]
    assert decided(log, "TC")["limited"] == [{"campaign": "friends", "asked": 30, "given": 0}]
    assert list(log.row("member:R/uses/referrer:friends")["used"]["times ever"].values()) == [2]


def test_b52_points_per_referrer_are_clamped_and_the_campaigns_budget_gets_the_rest_back() -> None:
    made = ruleset(
        friends(limit("points", 40, "referrer"), limit("budget", 1000, "campaign")),
        accounts=(Account("points", True, None, 1_000_000),),
    )
    log = referred(made, "A", "B", partitions=3)
    log.feed(sold("A", "TA"))
    log.feed(sold("B", "TB"))
    assert given(log) == [("A", 50), ("B", 50), ("R", 10), ("R", 30)]
    (spent,) = log.row("campaign:friends/uses/campaign:friends")["used"]["budget ever campaign"].values()
    assert spent == 140


def test_b52_a_campaign_with_a_cap_asks_the_referrer_only_once_it_is_granted() -> None:
    log = referred(ruleset(friends(limit("times", 1, "campaign", "refuse"))), "A", "B", partitions=3)
    log.feed(sold("A", "TA"))
    log.feed(sold("B", "TB"))
    assert given(log) == [("A", 50), ("R", 30)]
    assert decided(log, "TB")["campaigns_refused"] == [{"campaign": "friends", "reason": "campaign_limit_reached"}]
    assert len(log.data("referral.completed")) == 1


def test_b52_an_award_to_nobody_is_not_given() -> None:
    made = ruleset(campaign("c", AwardPoints(Fixed(5), "points"), AwardPoints(Fixed(7), "points", to="referrer")))
    log = Log(rules(made)).feed(enrolled("M"), sold("M", "T"))
    assert given(log) == [("M", 5)]
    assert decided(log, "T")["limited"] == [{"campaign": "c", "asked": 7, "given": 0}]


@pytest.mark.parametrize("partitions", [1, 3])
def test_b52_both_go_back_with_the_sale_and_so_do_uses_of_limits(partitions: int) -> None:
    capped = friends(
        limit("times", 1, "referrer", "refuse"),
        limit("points", 60, "referrer"),
        limit("times", 9, "campaign", "refuse"),
    )
    log = referred(ruleset(capped), "A", "B", partitions=partitions).feed(sold("A", "TA")).feed(returned("A", "TA"))
    reversed_ = sorted((each["member_id"], each["points"], each["return_id"]) for each in log.data("points.reversed"))
    assert reversed_ == [("A", 50, "R1"), ("R", 30, "R1")]
    assert log.row("member:R")["accounts"]["points"]["balance"] == 0
    used = log.row("member:R/uses/referrer:friends")["used"]
    assert [list(used[name].values()) for name in ("points ever", "times ever")] == [[0], [0]]
    assert list(log.row("campaign:friends/uses/campaign:friends")["used"]["times ever campaign"].values()) == [0]
    log.feed(sold("B", "TB"))
    assert given(log) == [("A", 50), ("B", 50), ("R", 30), ("R", 30)]


def test_b52_a_rate_to_the_referrer_is_prorated_with_the_return() -> None:
    share = campaign("share", AwardPoints(Rate(1, 100), "points", to="referrer"), audience=REFERRED)
    log = referred(ruleset(share), "M")
    log.feed(sale("M", "T", line(1, 1000, quantity=2), line(2, 500))).feed(returned("M", "T"))
    assert [(each["member_id"], each["points"]) for each in log.data("points.reversed")] == [("R", 5)]
    assert log.row("member:R")["accounts"]["points"] == {
        "balance": 10,
        "earned": 10,
        "books": {"available": 10, "issued": -15, "reversed": 5},
    }


def test_b52_a_crash_at_any_point_pays_each_side_once() -> None:
    for crashing in range(1, 6):
        log = referred(ruleset(friends(ONCE)), "M")
        number = next(at for at in range(3) if "member:M" in log.partitions[at].rows)
        log.append(number, b"member:M", wire.encode_event(sold("M", "T")))
        for turn in range(60):
            for at in range(3):
                log.fold(at, Bounds(records=1))
                if turn % crashing == 0:
                    log.crash(at)
        assert given(log) == [("M", 50), ("R", 30)], crashing

"""One account of a member as its commands and events move it: double entry, deficits, adjustments (B-1, B-2, B-3, B-6)."""

from typing import Any

import pytest

from engine.core.instants import DAY_MS
from engine.core.ledger import Posting, posted
from engine.ruleset.model import Account
from schemas.outputs.points import PointsAdjusted
from tests.support.accounts import EVER, POINTS, adjusted, books_close, programme, spent
from tests.support.journals import START, Log, enrolled, line, sale


def test_b2_postings_debit_one_bucket_and_credit_another_and_sum_to_zero() -> None:
    assert posted({}, (Posting("issued", "available", 5),)) == {"available": 5, "issued": -5}
    with pytest.raises(AssertionError):
        posted({"available": 3, "issued": -3}, (Posting("available", "spent", 4),))
    with pytest.raises(AssertionError):
        posted({}, (Posting("issued", "available", 0),))


def test_b1_the_balance_is_the_sum_of_the_lots_through_all_kinds_of_changes() -> None:
    log = Log(programme(POINTS)).feed(enrolled("M"), sale("M", "T", line(1, 5000)), adjusted("A", 30))
    log.feed(spent("S", 45), adjusted("B", -5)).tick(START + 30 * DAY_MS)
    assert log.row("member:M")["accounts"]["points"]["balance"] == 30
    books_close(log)


@pytest.mark.parametrize(
    ("negative", "change", "said", "balance"),
    [
        ("never", 20, {"points": 20}, 30),
        ("never", -4, {"points": -4, "shortfall": 0}, 6),
        ("never", -15, {"points": -10, "shortfall": 5}, 0),
        ("allowed", -15, {"points": -15, "shortfall": 0}, -5),
    ],
)
def test_b6_an_adjustment_stops_at_zero_unless_the_account_may_fall_below(
    negative: Any, change: int, said: dict[str, int], balance: int
) -> None:
    log = Log(programme(Account("points", True, None, None, negative=negative)))
    log.feed(enrolled("M"), sale("M", "T", line(1, 1000)), adjusted("A", change, actor="office", reason="goodwill"))
    (outcome,) = log.data("points.adjusted")
    assert said.items() <= outcome.items()
    assert (outcome["actor"], outcome["note"], outcome["adjustment_id"]) == ("office", "goodwill", "A")
    assert (outcome["balance_before"], outcome["balance_after"], outcome["campaign"]) == (10, balance, None)
    books_close(log)


def test_adjustments_count_neither_as_earned_nor_for_tiers() -> None:
    log = Log(programme(POINTS)).feed(enrolled("M"), adjusted("A", 5000))
    row = log.row("member:M")
    assert row["accounts"]["points"]["earned"] == 0
    assert row["ladders"]["status"]["tier"] == "blue"


def test_b6_later_credits_pay_a_deficit_first_and_a_deficit_does_not_expire() -> None:
    log = Log(programme(Account("points", True, POINTS.expires, None, negative="allowed")))
    log.feed(enrolled("M"), adjusted("A", -25)).tick(START + 900 * DAY_MS)
    at = START + 901 * DAY_MS
    log.feed(sale("M", "T", line(1, 1000), time_ms=at), sale("M", "U", line(1, 4000), time_ms=at + 1))
    first, second = log.data("points.awarded")
    assert (first["balance_before"], first["balance_after"]) == (-25, -15)
    assert first["postings"] == [{"debit": "issued", "credit": "deficit", "points": 10}]
    assert (second["balance_before"], second["balance_after"], second["points"]) == (-15, 25, 40)
    assert second["postings"] == [
        {"debit": "issued", "credit": "deficit", "points": 15},
        {"debit": "issued", "credit": "available", "points": 25},
    ]
    books_close(log)


def test_b18_an_adjustment_counts_once_by_its_id() -> None:
    log = Log(programme(EVER)).feed(enrolled("M"), adjusted("A", 5), adjusted("A", 5, event_id="again"))
    log.feed(adjusted("A", 6, event_id="other"))
    assert log.statuses()[2:] == ["refused: duplicate_event", "refused: conflicting_duplicate"]
    assert log.row("member:M")["accounts"]["points"]["balance"] == 5


def test_an_adjustment_of_an_unknown_account_or_member_is_answered() -> None:
    log = Log(programme(EVER)).feed(adjusted("A", 5), enrolled("M"), adjusted("B", 5, account="gold"))
    assert [each["reason"] for each in log.data("points.rejected")] == ["member_unknown", "account_unknown"]
    assert log.statuses() == ["refused: member_unknown", "decided", "refused: account_unknown"]


def test_an_adjustment_says_no_more_than_its_contract_though_it_names_a_hold() -> None:
    log = Log(programme(POINTS)).feed(enrolled("M"), adjusted("A", 30, hold_id="H"), adjusted("B", -5, hold_id="H"))
    for outcome in log.data("points.adjusted"):
        PointsAdjusted.model_validate(outcome)
    assert log.statuses() == ["decided"] * 3

"""Spending and holding points (B-3, B-7): what is taken, what is refused, what comes back when a hold ends."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.calendar import Expiry, Period
from engine.core.instants import DAY_MS, MINUTE_MS
from engine.core.records import Event
from engine.decide.rows.base import KEEP_KEYS_MS
from engine.ruleset.effects import AwardPoints, Fixed
from engine.ruleset.model import Account
from tests.support.accounts import EVER, adjusted, books_close, did, held, lots, made, programme, released, spent
from tests.support.journals import START, Log, enrolled
from tests.support.programme import campaign, rules

DAILY = replace(EVER, expires=Expiry(Period(1, "days")))
HELD = replace(EVER, hold_for_ms=10 * MINUTE_MS)
TIER = Account("tier", False, None, None)


def with_points(account: Account, points: int = 10, *others: Account) -> Log:
    return Log(programme(account, *others)).feed(enrolled("M"), adjusted("A", points))


def reasons(log: Log) -> list[str]:
    return [each["reason"] for each in log.data("points.rejected")]


def test_b3_the_soonest_expiry_is_spent_first_and_never_expiring_points_last() -> None:
    soon, late, never = (
        campaign(name, AwardPoints(Fixed(10), "points", expires=expires), on="activity.recorded")
        for name, expires in (("soon", Expiry(Period(3, "days"))), ("late", Expiry(Period(9, "days"))), ("never", None))
    )

    log = Log(programme(EVER, campaigns=(never, late, soon))).feed(enrolled("M"), did("x", "1"), spent("S", 25))
    assert [points for _, points in lots(log)] == [5]
    (outcome,) = log.data("points.spent")
    assert (outcome["points"], outcome["balance_before"], outcome["balance_after"]) == (25, 30, 5)
    assert len(outcome["lot_ids"]) == 3
    books_close(log)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (spent("S", 11), "insufficient_points"),
        (spent("S", 1, account="tier"), "account_not_spendable"),
        (spent("S", 1, account="gold"), "account_unknown"),
        (spent("S", 1, hold_id="H"), "hold_expired"),
        (held("H", 11), "insufficient_points"),
        (held("H", 1, account="tier"), "account_not_spendable"),
        (released("H", 1), "hold_expired"),
        (spent("S", 1, time_ms=START - 60 * DAY_MS), "too_late"),
    ],
)
def test_a_refused_command_is_answered_and_changes_nothing(asked: Event, reason: str) -> None:
    log = with_points(EVER, 10, TIER).tick(START)
    log.feed(asked)
    (answer,) = log.data("points.rejected")
    assert (answer["reason"], answer["points"]) == (reason, asked.data["points"])
    assert log.statuses()[-1] == f"refused: {reason}"
    assert log.row("member:M")["accounts"]["points"]["balance"] == 10


def test_a_spending_of_nobody_is_answered() -> None:
    assert reasons(Log(programme(EVER)).feed(spent("S", 1))) == ["member_unknown"]


def test_b6_a_spending_never_goes_into_a_deficit() -> None:
    log = with_points(replace(EVER, negative="allowed")).feed(spent("S", 11))
    assert reasons(log) == ["insufficient_points"]


def test_b18_a_spending_counts_once_and_one_that_was_refused_may_come_again() -> None:
    log = with_points(EVER).feed(spent("S", 11), adjusted("B", 5), spent("S", 11, event_id="again"))
    log.feed(spent("S", 11, event_id="third"), spent("S", 2, event_id="fourth"))
    assert log.statuses()[2:] == [
        "refused: insufficient_points",
        "decided",
        "decided",
        "refused: duplicate_event",
        "refused: conflicting_duplicate",
    ]
    assert log.row("member:M")["accounts"]["points"]["balance"] == 4


def test_a_spending_is_kept_by_its_id_and_by_the_sale_that_it_paid_until_it_is_forgotten() -> None:
    log = with_points(EVER).feed(spent("S", 4, transaction_id="T"))
    row = log.row("member:M/spend/S")
    assert (row["points"], row["account"], row["restored"], row["transaction_id"]) == (4, "points", 0, "T")
    assert [part["row"]["points"] for part in row["parts"]] == [4]
    assert log.row("member:M/paid/T/S")["spend_id"] == "S"
    log.tick(START + KEEP_KEYS_MS)
    assert log.row("member:M/spend/S") is None
    assert log.row("member:M/paid/T/S") is None


def test_b7_a_hold_reserves_points_until_they_are_released() -> None:
    log = with_points(EVER).feed(held("H", 6), spent("S", 5), released("H", 6))
    assert reasons(log) == ["insufficient_points"]
    (hold,), (free,) = log.data("points.held"), log.data("points.released")
    assert (hold["balance_before"], hold["balance_after"], hold["held_until"]) == (10, 4, None)
    assert (free["balance_before"], free["balance_after"], free["reason"]) == (4, 10, "released")
    assert lots(log) == [("9999999999999", 10)]
    assert log.row("member:M/hold/H") is None
    books_close(log)


def test_a_release_of_fewer_points_leaves_the_rest_held() -> None:
    log = with_points(EVER).feed(held("H", 6), released("H", 2))
    assert log.row("member:M/hold/H")["points"] == 4
    assert log.row("member:M")["accounts"]["points"]["balance"] == 6
    books_close(log)
    log.feed(spent("S", 5, hold_id="H"))
    assert reasons(log) == ["insufficient_points"]


@pytest.mark.parametrize(("points", "freed"), [(6, 0), (4, 2)])
def test_b7_a_spending_that_names_a_hold_spends_what_is_held_and_frees_the_rest(points: int, freed: int) -> None:
    log = with_points(EVER).feed(held("H", 6), spent("S", points, hold_id="H"))
    (outcome,) = log.data("points.spent")
    assert (outcome["points"], outcome["balance_before"], outcome["balance_after"]) == (points, 4, 4)
    assert outcome["postings"] == [{"debit": "held", "credit": "spent", "points": points}]
    assert [each["points"] for each in log.data("points.released")] == [freed] * bool(freed)
    assert log.row("member:M")["accounts"]["points"]["balance"] == 4 + freed
    books_close(log)


@pytest.mark.parametrize("ended", [spent("S", 6, hold_id="H"), released("H", 6)])
@pytest.mark.parametrize("again", [spent("U", 1, hold_id="H"), released("H", 1, event_id="late")])
def test_b7_what_is_spent_or_released_is_no_hold_any_more(ended: Event, again: Event) -> None:
    log = with_points(EVER).feed(held("H", 6), ended, again)
    assert log.statuses()[-1] in ("refused: hold_expired", "refused: conflicting_duplicate")


def test_b7_a_hold_is_over_at_its_time_with_a_tick_or_without() -> None:
    end = START + 10 * MINUTE_MS
    ticked = with_points(HELD).feed(held("H", 6)).tick(end - 1)
    assert not ticked.data("points.released")
    ticked.tick(end)
    waiting = with_points(HELD).feed(held("H", 6))
    for log in (ticked, waiting):
        log.feed(spent("S", 6, hold_id="H", time_ms=end + 5))
        (free,) = log.events("points.released")
        assert (free["data"]["reason"], free["time"]) == ("timed_out", "2026-11-03T09:10:00.000Z")
        assert reasons(log) == ["hold_expired"]
        books_close(log)


@pytest.mark.parametrize("points", [4, 10])
def test_b7_held_points_do_not_expire_while_held_and_go_when_they_are_released(points: int) -> None:
    log = with_points(DAILY).feed(held("H", points)).tick(START + 5 * DAY_MS)
    assert log.row("member:M")["accounts"]["points"]["books"]["held"] == points
    log.feed(released("H", points, time_ms=START + 5 * DAY_MS))
    assert [each["points"] for each in log.data("points.expired")] == [10 - points] * (points < 10) + [points]
    assert log.row("member:M")["accounts"]["points"]["balance"] == 0
    books_close(log)


def test_a_lot_that_expires_in_two_parts_has_two_outcomes_however_late_the_second_comes() -> None:
    """A release that comes late, of an hour before the expiry, puts points back that are due at once."""
    log = with_points(DAILY).feed(held("H", 4), held("I", 3)).tick(START + 5 * DAY_MS)
    log.feed(released("H", 4, time_ms=START + 60), released("I", 3, time_ms=START + 61))
    assert [each["points"] for each in log.data("points.expired")] == [3, 4, 3]
    books_close(log)


def test_held_points_can_be_spent_after_they_would_have_expired() -> None:
    log = with_points(DAILY).feed(held("H", 6), spent("S", 6, hold_id="H", time_ms=START + 5 * DAY_MS))
    assert [each["points"] for each in log.data("points.spent")] == [6]
    assert [each["points"] for each in log.data("points.expired")] == [4]


def test_a_hold_of_an_account_that_the_programme_has_no_more_can_be_released() -> None:
    old, new = made(EVER), made(replace(EVER, name="other"))
    log = Log([rules(old), rules(new)]).feed(enrolled("M"), adjusted("A", 10), held("H", 6))
    log.activate(rules(new))
    log.feed(released("H", 6), spent("S", 1))
    assert log.statuses()[-2:] == ["decided", "refused: account_unknown"]
    books_close(log)


def test_the_outcomes_of_commands_say_who_asked_and_why() -> None:
    said: dict[str, Any] = {"actor": "till-4", "reason": "a coffee"}
    log = with_points(EVER).feed(held("H", 6, **said), spent("S", 3, hold_id="H", transaction_id="T", **said))
    (hold,), (outcome,) = log.data("points.held"), log.data("points.spent")
    assert (hold["actor"], hold["note"], hold["reason"]) == ("till-4", "a coffee", "held")
    assert (outcome["hold_id"], outcome["transaction_id"], outcome["reason"]) == ("H", "T", "spent")

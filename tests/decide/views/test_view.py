"""The view of a member: every number agrees with the rows that it is computed from."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from engine.core import keys
from engine.core.calendar import Expiry, Period
from engine.core.instants import parse
from engine.core.partitioning import partition_of
from engine.core.records import Row
from engine.decide.views.view import MemberView, SaleView, SpendView, view_of
from engine.decide.views.view_points import Expiring
from engine.ruleset.achievements import Achievement
from engine.ruleset.codec import sealed
from engine.ruleset.effects import AwardPoints, Fixed, Rate
from engine.ruleset.limits import Counter, Derived, Limit, Window
from engine.ruleset.matching import Rules
from engine.ruleset.model import Account, Ruleset
from tests.support.journals import START, Log, enrolled, event, line, sale
from tests.support.programme import DAY, campaign, rules, ruleset

MONTH = Period(1, "months")
YEAR = Period(12, "months")
THIS_MONTH = Window("this", unit="month")


class Kept:
    """A member's rows as a view reads them."""

    def __init__(self, rows: dict[str, Row]) -> None:
        self.rows = rows

    def get(self, key: str) -> Row | None:
        return self.rows.get(key)

    def scan(self, prefix: str) -> list[str]:
        return sorted(key for key in self.rows if key.startswith(prefix))

    def due_ms(self, _key: str) -> int | None:
        return None


def made(**changes: Any) -> Rules:
    whole = ruleset(
        campaign("base", AwardPoints(Rate(1, 100), "points"), base=True),
        campaign(
            "miles",
            AwardPoints(Fixed(7), "miles"),
            limits=(Limit("times", 3, "member", THIS_MONTH, "refuse"),),
        ),
        accounts=(
            Account("points", True, Expiry(YEAR, "end_of_month"), None),
            Account("miles", True, Expiry(MONTH), None),
            Account("status", False, None, None),
        ),
        counters=(Counter("visits", "transaction.completed", None, None, "one", None, YEAR),),
        derived=(
            Derived("counter.visits.this_month", "visits", "value", THIS_MONTH),
            Derived("achievement.visits", "visits", "value", Window("ever")),
        ),
    )
    return rules(_sealed(whole, **changes))


def _sealed(whole: Ruleset, **changes: Any) -> Ruleset:
    regular = Achievement("regular", "A regular", "visits", "achievement.visits", 2, 5)
    return sealed(replace(whole, achievements=(regular,), **changes))


def seen(log: Log, in_force: Rules, at_ms: int = START, member: str = "M", **more: Any) -> MemberView:
    found = view_of(kept(log, member), member, in_force, at_ms, **more)
    assert found is not None
    return found


def kept(log: Log, member: str = "M") -> Kept:
    subject = keys.subject("member", member)
    rows = log.partitions[partition_of(subject, len(log.partitions))].rows
    return Kept({key: orjson.loads(value) for key, value in rows.items() if keys.owner_of(key) == subject})


def test_nobody_is_no_view() -> None:
    assert view_of(Kept({}), "M", made(), START) is None


def test_b1_balances_are_the_sums_of_their_lots_and_the_total_that_of_the_spendable_ones() -> None:
    in_force = made()
    log = Log(in_force).feed(enrolled("M"))
    for number in range(3):
        log.feed(sale("M", f"T{number}", line(1, 1000 * (number + 1)), time_ms=START + number * DAY))
    view = seen(log, in_force, START + 3 * DAY)
    accounts = {account.account: account for account in view.accounts}
    assert list(accounts) == ["points", "miles", "status"]
    assert (accounts["points"].balance, accounts["miles"].balance, accounts["status"].balance) == (60, 21, 0)
    for name, account in accounts.items():
        assert account.balance == sum(lot.points for lot in view.lots if lot.account == name)
        assert (account.pending, account.held, account.deficit) == (0, 0, 0)
    assert view.total == 81


def test_b4_what_expires_next_is_told_with_its_last_usable_day() -> None:
    in_force = made()
    log = Log(in_force).feed(enrolled("M"))
    for number, day in enumerate((0, 0, 5)):
        log.feed(sale("M", f"T{number}", line(1, 100), time_ms=START + day * DAY))
    view = seen(log, in_force, START + 6 * DAY)
    expiring = {account.account: account.expiring for account in view.accounts}
    assert expiring["points"] == Expiring(3, parse("2027-12-01T00:00:00Z"), "2027-11-30")
    assert expiring["miles"] == Expiring(14, parse("2026-12-04T00:00:00Z"), "2026-12-03")
    assert expiring["status"] is None
    assert [(lot.points, lot.last_day) for lot in view.lots if lot.account == "miles"] == [
        (7, "2026-12-03"),
        (7, "2026-12-03"),
        (7, "2026-12-08"),
    ]


def test_b28_a_tier_says_how_far_it_is_to_the_next_and_what_became_of_it() -> None:
    in_force = made()
    log = Log(in_force).feed(enrolled("M"), sale("M", "T", line(1, 15_000), time_ms=START + DAY))
    (tier,) = seen(log, in_force, START + 2 * DAY).tiers
    assert (tier.ladder, tier.tier, tier.next_tier) == ("status", "silver", "gold")
    assert (tier.qualified, tier.missing, tier.unit) == (150, 850, "points")
    assert [(change.before, change.after) for change in tier.history] == [(None, "blue"), ("blue", "silver")]
    (next_year,) = seen(log, in_force, START + 90 * DAY).tiers
    assert (next_year.tier, next_year.qualified, next_year.missing) == ("silver", 0, 1000)


def test_a_tier_that_the_rules_do_not_have_any_more_is_told_without_a_way_ahead() -> None:
    in_force = made()
    log = Log(in_force).feed(enrolled("M"))
    (tier,) = seen(log, made(ladders=())).tiers
    assert (tier.tier, tier.next_tier, tier.unit, tier.missing) == ("blue", None, "", 0)


def test_b13_limits_say_what_is_left_in_their_present_window() -> None:
    in_force = made()
    log = Log(in_force).feed(enrolled("M"))
    log.feed(*(sale("M", f"T{number}", line(1, 100)) for number in range(2)))
    (limit,) = seen(log, in_force, START + DAY).limits
    assert (limit.owner, limit.per, limit.used, limit.amount, limit.left) == ("campaign:miles", "member", 2, 3, 1)
    assert (limit.from_ms, limit.until_ms) == (parse("2026-11-01T00:00:00Z"), parse("2026-12-01T00:00:00Z"))
    assert seen(log, in_force, START + 40 * DAY).limits == ()


def test_counters_and_achievements_say_where_they_stand() -> None:
    in_force = made()
    log = Log(in_force).feed(enrolled("M"))
    log.feed(*(sale("M", f"T{number}", line(1, 100), time_ms=START + number * DAY) for number in range(3)))
    view = seen(log, in_force, START + 30 * DAY)
    (counter,) = view.counters
    assert (counter.name, counter.kept) == ("visits", 3)
    assert counter.fields == {"counter.visits.this_month": 0, "achievement.visits": 3}
    (achievement,) = view.achievements
    assert (achievement.title, achievement.count, achievement.target, achievement.times) == ("A regular", 3, 2, 1)


def test_what_happened_last_comes_first_and_is_bounded() -> None:
    in_force = made()
    log = Log(in_force).feed(enrolled("M"))
    log.feed(*(sale("M", f"T{number}", line(1, 1000), time_ms=START + number * DAY) for number in range(4)))
    rows = kept(log)
    rows.rows["member:M/spend/S"] = {
        "spend_id": "S",
        "account": "points",
        "points": 5,
        "time": START + 2 * DAY + 1,
        "restored": 2,
        "transaction_id": "T2",
        "parts": [],
        "v": 1,
    }
    view = view_of(rows, "M", in_force, START + 9 * DAY, recent=3)
    assert view is not None
    newest, spent, before = view.recent
    assert isinstance(newest, SaleView)
    assert (newest.transaction_id, newest.points, newest.left) == ("T3", {"points": 10}, {"points": 10})
    assert spent == SpendView(START + 2 * DAY + 1, "S", "points", 5, 2, "T2")
    assert isinstance(before, SaleView)
    assert before.campaigns == ("base", "miles")


@pytest.mark.parametrize(
    ("due", "waits_for", "told"),
    [
        (START + DAY, None, (START + DAY, None, None)),
        (START + DAY, "stay_completed", (None, "stay_completed", START + DAY)),
        (None, "stay_completed", (None, "stay_completed", None)),
    ],
)
def test_b5_pending_points_say_what_they_wait_for(
    due: int | None, waits_for: str | None, told: tuple[int | None, str | None, int | None]
) -> None:
    in_force = made()
    rows = kept(Log(in_force).feed(enrolled("M")))
    lot = {"lot_id": "L", "account": "points", "points": 9, "awarded": 9, "earned_at": START, "campaign": "base"}
    key = keys.row("member:M", "pending", "points", keys.instant(due), keys.instant(START), "L")
    rows.rows[key] = lot if waits_for is None else {**lot, "waits_for": waits_for}
    view = view_of(rows, "M", in_force, START)
    assert view is not None
    (pending,) = view.pending
    assert (pending.active_from_ms, pending.waits_for, pending.lapses_at_ms) == told
    assert view.total == 0


def test_b7_holds_are_listed_from_the_oldest() -> None:
    in_force = made()
    rows = kept(Log(in_force).feed(enrolled("M")))
    for hold_id, at, until in (("A", START + 2, None), ("B", START + 1, START + DAY)):
        rows.rows[f"member:M/hold/{hold_id}"] = {
            "hold_id": hold_id,
            "account": "points",
            "points": 3,
            "time": at,
            "held_until": until,
        }
    view = view_of(rows, "M", in_force, START)
    assert view is not None
    assert [(hold.hold_id, hold.held_until_ms) for hold in view.holds] == [("B", START + DAY), ("A", None)]


def test_b4a_lots_of_an_account_that_activity_renews_expire_when_it_does() -> None:
    in_force = made()
    rows = kept(Log(in_force).feed(enrolled("M"), sale("M", "T", line(1, 1000))))
    (key,) = rows.scan("member:M/lot/points/")
    rows.rows[key] = {**rows.rows[key], "expires_at": None}
    ends = parse("2027-05-01T00:00:00Z")
    rows.rows["member:M/sliding/points"] = {"account": "points", "at": START, "expires_at": ends, "record": "r"}
    view = view_of(rows, "M", in_force, START)
    assert view is not None
    assert view.accounts[0].expiring == Expiring(10, ends, "2027-04-30")


def test_b51_a_forgotten_member_is_shown_as_one() -> None:
    in_force = made()
    log = Log(in_force).feed(enrolled("M/1", locale="de"), sale("M/1", "T", line(1, 1000)))
    log.feed(event("member.forgotten", "member:M%2F1", {"member_id": "M/1"}, time_ms=START + DAY))
    view = seen(log, in_force, START + 2 * DAY, member="M/1")
    assert (view.forgotten_at_ms, view.locale, view.profile, view.total) == (START + DAY, None, {}, 17)

"""What a programme owes, by hand: months in the programme's zone, as of any point of the log, and the books behind it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from engine.core.calendar import Expiry, Period
from engine.core.instants import DAY_MS, HOUR_MS, parse, render
from engine.errors import UsageError
from engine.history.history import Span
from engine.pipeline.records import StateRecord
from engine.replay.liability.counting import BooksDiffer
from engine.replay.liability.point import Instant, Offsets, read_point
from engine.replay.liability.reckoning import liability
from engine.replay.liability.statement import AccountStatement, Liability
from engine.replay.lines import Line
from engine.ruleset.effects import AwardPoints, Fixed, Pending, Rate
from engine.ruleset.model import Account, Returns, Ruleset, TimeRules
from tests.support.programme import NEW_YORK_2026, UTC, campaign, ruleset
from tests.support.recorded import Remembered, remember
from tests.support.shop import grocer, shop

START = parse("2026-03-02T12:00:00Z")
MONTHS_END = Expiry(Period(1, "months"), "end_of_month")
POINTS = Account("points", spendable=True, expires=MONTHS_END, worth_micro=500_000)
BASE = campaign("base", AwardPoints(Rate(1, 100), "points"), base=True)


def programme(*accounts: Account, campaigns: Sequence[Any] = (BASE,), **changes: Any) -> Ruleset:
    made = {"accounts": accounts or (POINTS,), "returns": Returns(90 * DAY_MS, 0), **changes}
    return replace(ruleset(*campaigns, **made), ladders=(), messages=())


def said(kind: str, time_ms: int, number: str, member: str = "M-1", **data: Any) -> Line:
    topic = {"transaction": "transactions", "member": "members", "points": "commands", "activity": "activities"}
    event = {
        "specversion": "1.0",
        "id": f"{kind}-{number}",
        "source": "shop",
        "type": kind,
        "time": render(time_ms),
        "data": {"member_id": member, **data},
    }
    where = "returns" if kind == "transaction.returned" else topic[kind.split(".", maxsplit=1)[0]]
    return Line(where, member.encode(), orjson.dumps(event))


def enrolled(member: str = "M-1") -> Line:
    return said("member.enrolled", START - HOUR_MS, member, member)


def bought(number: str, points: int, time_ms: int = START, member: str = "M-1") -> Line:
    lines = [{"line_id": "1", "sku": "S", "quantity": 1, "amount_minor": points * 100, "category": "food"}]
    sale = {"transaction_id": number, "currency": "USD", "amount_minor": points * 100, "lines": lines}
    return said("transaction.completed", time_ms, number, member, **sale)


def asked(what: str, number: str, points: int, time_ms: int, **data: Any) -> Line:
    kind, name = {
        "spend": ("points.spend_requested", "spend_id"),
        "hold": ("points.hold_requested", "hold_id"),
        "adjust": ("points.adjustment_requested", "adjustment_id"),
    }[what]
    return said(kind, time_ms, number, account="points", points=points, **{name: number}, **data)


def owed(history: Remembered, point: Any = None, processes: int = 1) -> Liability:
    return liability(history, point, processes, lambda _: None)


def points_of(found: Liability, account: str = "points") -> AccountStatement:
    return next(each for each in found.accounts if each.account == account)


def months(account: AccountStatement, column: str) -> dict[str | None, int]:
    return {month.month: getattr(month, column) for month in account.months if getattr(month, column)}


# -- now


def test_points_stand_in_the_month_of_their_last_usable_day_in_the_programmes_zone() -> None:
    """Midnight in New York after 31 March is 1 April in UTC."""
    late = parse("2026-02-28T23:30:00-05:00")
    history = remember(programme(zone=NEW_YORK_2026), [
        said("member.enrolled", late - HOUR_MS, "M-1"),
        bought("T-1", 10, late),
        bought("T-2", 3, late + HOUR_MS),  # the 1st of March by then
    ])  # fmt: skip
    account = points_of(owed(history))
    assert months(account, "available") == {"2026-03": 10, "2026-04": 3}
    assert (account.outstanding, account.minor(account.outstanding)) == (13, 7)  # 6.5 cents are 7


def test_all_members_of_all_partitions_are_added_up() -> None:
    names = [f"M-{number}" for number in range(9)]
    history = remember(
        programme(), [*map(enrolled, names), *(bought(f"T-{name}", 7, member=name) for name in names[1:])]
    )
    found = owed(history)
    assert {number for number in range(2) if history.records[number]} == {0, 1}
    assert points_of(found).available == 8 * 7
    assert (found.members, points_of(found).members) == (8, 8)
    assert found.outstanding_minor == 28


def test_pending_points_stand_by_the_month_they_count_from_and_expire_from_there() -> None:
    waits = campaign("later", AwardPoints(Fixed(20), "points", pending=Pending(Period(45, "days"))))
    review = campaign("review", AwardPoints(Fixed(5), "points", pending=Pending(None, "review", Period(2, "months"))))
    history = remember(programme(campaigns=(BASE, waits, review)), [enrolled(), bought("T-1", 10)])
    account = points_of(owed(history))
    assert (account.available, account.pending, account.waiting, account.outstanding) == (10, 25, 5, 35)
    assert months(account, "activating") == {"2026-04": 20}  # 16 April
    assert months(account, "expiring") == {"2026-04": 10, "2026-05": 20 + 5}  # 5 lapse on 2 May


def test_held_points_expire_when_their_hold_ends_or_with_their_lot() -> None:
    for_long = replace(POINTS, hold_for_ms=90 * DAY_MS)
    history = remember(programme(for_long), [enrolled(), bought("T-1", 10), asked("hold", "H-1", 4, START + HOUR_MS)])
    account = points_of(owed(history))
    assert (account.available, account.held, account.outstanding) == (6, 4, 10)
    assert months(account, "held") == {"2026-04": 4}
    assert months(account, "expiring") == {"2026-04": 6, "2026-05": 4}
    endless = remember(programme(), [enrolled(), bought("T-1", 10), asked("hold", "H-1", 4, START + HOUR_MS)])
    assert months(points_of(owed(endless)), "expiring") == {"2026-04": 6, None: 4}


def test_a_deficit_is_said_and_not_netted() -> None:
    history = remember(programme(replace(POINTS, negative="allowed")), [
        enrolled(), enrolled("M-2"), bought("T-1", 10), bought("T-2", 8, member="M-2"),
        asked("spend", "S-1", 10, START + HOUR_MS),
        said("transaction.cancelled", START + 2 * HOUR_MS, "C-1", transaction_id="T-1", reason="mistake"),
    ])  # fmt: skip
    found = owed(history)
    account = points_of(found)
    assert (account.available, account.outstanding, account.deficit) == (8, 8, 10)
    assert (account.members, account.members_in_deficit, found.members_in_deficit) == (1, 1, 1)


def test_points_of_a_sliding_account_go_when_they_would_now() -> None:
    sliding = Account("points", True, Expiry(Period(2, "months")), 1_000_000, renewed_by=("transaction.completed",))
    history = remember(programme(sliding), [enrolled(), bought("T-1", 10), bought("T-2", 1, START + 30 * DAY_MS)])
    assert months(points_of(owed(history)), "available") == {"2026-06": 11}  # the last activity was on 1 April


def test_what_may_be_expected_follows_what_left_so_far() -> None:
    """Of 10 points 4 were spent and 6 expired; 7 that expire in May are expected to be 4."""
    events = [
        enrolled(),
        bought("T-1", 10),
        asked("spend", "S-1", 4, START + HOUR_MS),
        bought("T-2", 7, START + 32 * DAY_MS),
        said("member.updated", START + 62 * DAY_MS, "u", tags_added=["a"]),
    ]
    account = points_of(owed(remember(programme(), events)))
    assert (account.issued, account.spent, account.expired, account.expired_permille) == (17, 4, 6, 600)
    assert [(each.month, each.expiring, each.expected) for each in account.months] == [("2026-05", 7, 4)]
    fresh = points_of(owed(remember(programme(), events[:2])))
    assert (fresh.expired_permille, fresh.months[0].expected) == (None, None)


def test_points_without_expiry_never_go() -> None:
    forever = replace(POINTS, expires=None, worth_micro=None)
    account = points_of(owed(remember(programme(forever), [enrolled(), bought("T-1", 10)])))
    assert months(account, "available") == {None: 10}
    assert account.minor(10) is None


# -- at a point of the log

LIFE = [
    enrolled(),
    bought("T-1", 10),  # expires at the end of April
    bought("T-2", 5, START + 10 * DAY_MS),
    said(
        "transaction.returned", START + 20 * DAY_MS, "R-1", return_id="R-1", original_transaction_id="T-2",
        lines=[{"line_id": "1", "quantity": 1}],
    ),
    bought("T-3", 2, START + 40 * DAY_MS),  # 11 April
]  # fmt: skip
END = START + 40 * DAY_MS


@pytest.mark.parametrize(
    ("at", "available"),
    [
        (START, 0),  # nothing of that instant has happened yet
        (START + 1, 10),
        (START + 20 * DAY_MS, 15),
        (START + 20 * DAY_MS + 1, 10),
        (END + 1, 12),
        (parse("2026-04-30T23:59:59.999Z"), 12),
        (parse("2026-05-01T00:00:00Z"), 2),  # due by then, though nothing in the log says so
        (parse("2026-06-01T00:00:00Z"), 0),
    ],
)
def test_as_of_an_instant_what_is_due_by_then_is_done(at: int, available: int) -> None:
    found = owed(remember(programme(), LIFE), Instant(at))
    assert points_of(found).available == available
    assert found.beyond == (at > END)


def test_pending_points_that_count_from_the_instant_on_are_available_at_it() -> None:
    waits = campaign("later", AwardPoints(Fixed(20), "points", pending=Pending(Period(1, "days"))))
    history = remember(programme(campaigns=(waits,)), [enrolled(), bought("T-1", 10)])
    before, after = (points_of(owed(history, Instant(START + DAY_MS + more))) for more in (-1, 0))
    assert (before.available, before.pending) == (0, 20)
    assert (after.available, after.pending) == (20, 0)


def test_what_is_due_of_many_members_at_one_instant_is_done_for_all() -> None:
    """More than are worked off at once."""
    names = [f"M-{number}" for number in range(700)]
    history = remember(programme(), [*map(enrolled, names), *(bought(f"T-{name}", 7, member=name) for name in names)])
    end = parse("2026-05-01T00:00:00Z")
    assert points_of(owed(history, Instant(end - 1))).available == 4_900
    assert points_of(owed(history, Instant(end))).available == 0


def test_after_a_record_that_is_named() -> None:
    history = remember(programme(), [*LIFE, enrolled("M-2"), bought("T-9", 9, END + DAY_MS, "M-2")])
    (number, sale) = next(
        (number, record) for number, records in history.records.items() for record in records if b"T-2" in record.value
    )
    found = owed(history, Offsets({number: sale.offset}))
    assert points_of(found).available == 15
    assert found.positions[number] == sale.offset + 1
    before = owed(history, Offsets({number: sale.offset - 1}))
    assert points_of(before).available == 10
    whole = Offsets({number: span.end - 1 for number, span in history.spans.items()})
    assert points_of(owed(history, whole)).available == points_of(owed(history)).available


def test_a_record_that_is_not_there_is_refused() -> None:
    history = remember(programme(), LIFE)
    with pytest.raises(UsageError, match="it has offsets from 0 to"):
        owed(history, Offsets({0: 10_000}))
    with pytest.raises(UsageError, match="the partitions 0 to 1"):
        owed(history, Offsets({7: 1}))


def test_an_event_with_a_clock_far_ahead_ends_nothing() -> None:
    """It counts at its receipt, so what comes after it still counts."""
    history = remember(programme(), LIFE, partitions=1)
    records = history.records[0]
    (place,) = (at for at, record in enumerate(records) if b'"member.enrolled"' in record.value)
    ahead = {**orjson.loads(records[place].value), "id": "ahead", "event_id": "ahead", "time": END + 800 * DAY_MS}
    del ahead["origin"]
    records[place + 1 :] = [
        record._replace(offset=record.offset + 1)
        for record in [records[place]._replace(value=orjson.dumps(ahead)), *records[place + 1 :]]
    ]
    history.snapshots = ()
    assert points_of(owed(history, Instant(START + 11 * DAY_MS))).available == 15


def test_the_end_of_the_log_is_what_the_rows_say_now_for_any_number_of_processes() -> None:
    history = remember(grocer(), shop(days=20), partitions=3)
    now = owed(history)
    values = now.values()
    assert points_of(now).available > 0
    assert points_of(now).spent > 0
    last = {number: span.end - 1 for number, span in history.spans.items()}
    derived = owed(replace(history, snapshots=()), Offsets(last))
    same = ("accounts", "members", "positions")
    assert {name: derived.values()[name] for name in same} == {name: values[name] for name in same}
    assert owed(history, Offsets(last), processes=3) == derived
    instant = max(record.timestamp_ms for records in history.records.values() for record in records) + 1
    later = owed(history, Instant(instant), processes=2)
    assert later == owed(history, Instant(instant))
    assert {name: later.values()[name] for name in same} == {name: values[name] for name in same}


def test_an_import_out_of_order_says_what_came_after_the_point() -> None:
    follows = TimeRules("events", 90 * DAY_MS, "accept", 0)
    events = [enrolled(), bought("T-1", 10), bought("T-2", 5, START + 9 * DAY_MS), bought("T-3", 2, START + DAY_MS)]
    history = remember(programme(time=follows), events)
    found = owed(history, Instant(START + 5 * DAY_MS))
    assert (points_of(found).available, found.behind) == (10, 1)
    assert owed(history, Instant(START + 10 * DAY_MS)).behind == 0


def test_the_instant_before_a_history_begins_is_refused() -> None:
    class Late(Remembered):
        @property
        def spans(self) -> dict[int, Span]:
            return {number: Span(3, 6, 6, 6) for number in range(2)}

    whole = remember(programme(), LIFE)
    late = Late(2, whole.rulesets, whole.records)
    with pytest.raises(UsageError, match="from offset 3 on"):
        owed(late, Instant(START))


# -- the books


def test_lots_that_differ_from_the_books_are_an_error_that_names_the_member() -> None:
    history = remember(programme(), LIFE)
    for number in range(2):
        rows = history.snapshot_rows["end", number]
        history.snapshot_rows["end", number] = [
            StateRecord(row.key, orjson.dumps({**orjson.loads(row.value or b""), "points": 11}), row.due_ms)
            if b"/lot/" in row.key
            else row
            for row in rows
        ]
    with pytest.raises(BooksDiffer, match=r"member:M-1, account points: the books say 12 points available.* hold 22"):
        owed(history)


# -- what people write


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("2026-03-02T12:00:00Z", Instant(START)),
        ("2026-03-02T12:00:00+01:00", Instant(START - HOUR_MS)),
        ("2026-03-02", Instant(parse("2026-03-02T05:00:00Z"))),
        ("2026-03-02T08:30", Instant(parse("2026-03-02T13:30:00Z"))),
        ("0:1200", Offsets({0: 1200})),
        ("0:1200, 3:7", Offsets({0: 1200, 3: 7})),
    ],
)
def test_a_point_is_an_instant_a_local_time_or_places(text: str, point: object) -> None:
    assert read_point(text, NEW_YORK_2026) == point


@pytest.mark.parametrize("text", ["", "yesterday", "1200", "0:1,0:2", "0:x", "2026-13-01", "2026-03-02T12:00+01"])
def test_what_is_no_point_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="PARTITION:OFFSET"):
        read_point(text, UTC)

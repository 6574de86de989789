"""Tiers: progress in every period, several ways, terms with warnings and ends, returns, tiers that campaigns set (B-26 to B-31)."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from engine.core.calendar import Period
from engine.core.instants import parse
from engine.core.partitioning import partition_of
from engine.core.records import Row
from engine.decide.draft import Draft
from engine.decide.membership import finish, known_member
from engine.decide.tiers.progress import returned
from engine.ruleset.codec import sealed
from engine.ruleset.effects import AddTag, AwardPoints, Fixed, IssueVoucher, Rate, SetTier
from engine.ruleset.limits import Counter
from engine.ruleset.matching import Rules
from engine.ruleset.model import UNREACHED, Account, Ladder, Level
from engine.ruleset.tiers import AtEnd, Criteria, Criterion, Entry, LadderRules, Validity
from engine.wire.rows import encode
from tests.support.journals import Log, enrolled, line, sale
from tests.support.programme import NEW_YORK_2026, campaign, one_of, rules, ruleset

KEY = "member:M"
POINTS = campaign("base", AwardPoints(Rate(1, 100), "points"), base=True)
MILES = campaign("miles", AwardPoints(Rate(2, 100), "miles"))
ACCOUNTS = (Account("points", True, None, 1_000_000), Account("miles", True, None, None))
VISITS = Counter("visits", "transaction.completed", None, None, "one", None, Period(36, "months"))
LEVELS = (Level("blue", 0), Level("silver", 100), Level("gold", 1000))
END_OF_NEXT_YEAR = Validity("end_of_next_year", None, plus=Period(1, "months"))
ONE_MONTH = Validity(None, Period(1, "months"))


def account(name: str, least: int) -> Criterion:
    return Criterion("account", name, least)


def visits(least: int) -> Criterion:
    return Criterion("counter", "visits", least)


def ladder(*levels: Level, within: Any = "calendar_year", last: Period | None = None, **laws: Any) -> Ladder:
    return Ladder("status", "points", within, levels or LEVELS, last, LadderRules(**laws) if laws else None)


def programme(made: Ladder, *campaigns: Any, **changes: Any) -> Rules:
    whole = ruleset(*(campaigns or (POINTS,)), accounts=ACCOUNTS, **changes)
    return rules(sealed(replace(whole, ladders=(made,), messages=())))


def at(text: str) -> int:
    return parse(text if "T" in text else f"{text}T12:00:00Z")


def begin(made: Ladder, *campaigns: Any, enrolled_on: str = "2025-03-10", **changes: Any) -> Log:
    return Log(programme(made, *campaigns, **changes)).feed(enrolled("M", time_ms=at(enrolled_on)))


def buy(log: Log, day: str, points: int, **data: Any) -> None:
    log.feed(sale("M", f"T{day}{points}", line(1, points * 100), time_ms=at(day), **data))


def go(log: Log, day: str) -> Log:
    """Moves the clocks there at once, so that all that was missed is made up for."""
    return log.tick(at(day))


def told(log: Log) -> list[tuple[str, str, str | None, str]]:
    """What happened to the tier, in order: the day, the kind, and from where to where."""
    kinds = ("tier.joined", "tier.upgraded", "tier.downgraded", "tier.retained", "tier.will_downgrade")
    found = []
    for _, _, value in log.topics["tier-changes"]:
        each = _decoded(value)
        if each["type"] in kinds:
            data = each["data"]
            found.append((each["time"][:16], each["type"][5:], data["tier_before"], data["tier_after"]))
    return found[1:]  # everybody joins first


def _decoded(value: bytes) -> Any:
    return orjson.loads(value)


def standing(log: Log) -> Any:
    return log.row(KEY)["ladders"]["status"]


def last_progress(log: Log) -> tuple[int, int, str]:
    data = log.data("tier.progress_changed")[-1]
    return data["qualified"], data["missing"], data["unit"]


# -- periods


@pytest.mark.parametrize(
    ("within", "last", "days", "qualified"),
    [
        ("ever", None, ("2025-04-01", "2026-12-31", "2027-01-01"), [60, 120, 180]),
        ("calendar_year", None, ("2025-04-01", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"), [60, 60, 60]),
        ("calendar_year", None, ("2026-01-01T00:00:00Z", "2026-12-31T23:59:59Z"), [60, 120]),
        ("membership_year", None, ("2026-03-09T23:59:59Z", "2026-03-10T00:00:00Z", "2027-03-09"), [60, 60, 120]),
        ("last", Period(12, "months"), ("2025-04-01", "2026-03-31", "2026-04-01"), [60, 120, 120]),
        ("last", Period(2, "days"), ("2025-04-01", "2025-04-02", "2025-04-03", "2025-04-05"), [60, 120, 120, 60]),
    ],
)
def test_b26_points_count_in_the_period_that_they_were_earned_in(
    within: Any, last: Period | None, days: tuple[str, ...], qualified: list[int]
) -> None:
    log = begin(ladder(Level("blue", 0), Level("gold", 1000), within=within, last=last))
    for day in days:
        buy(log, day, 60)
    assert [each["qualified"] for each in log.data("tier.progress_changed")] == qualified


@pytest.mark.parametrize(
    ("within", "last", "days", "told_visits"),
    [
        ("ever", None, ("2025-04-01", "2026-04-02"), [1, 2]),
        ("calendar_year", None, ("2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-02-01"), [1, 1, 2]),
        ("membership_year", None, ("2026-03-09T23:59:59Z", "2026-03-10T00:00:00Z", "2026-03-11"), [1, 1, 2]),
        ("last", Period(12, "months"), ("2025-04-01", "2026-03-31", "2026-04-01"), [1, 2, 2]),
    ],
)
def test_b26_counters_count_in_the_same_periods_and_only_changes_are_told(
    within: Any, last: Period | None, days: tuple[str, ...], told_visits: list[int]
) -> None:
    made = Ladder("status", "", within, (Level("blue", 0), Level("gold", UNREACHED, Criteria(((visits(9),),)))), last)
    log = begin(made, counters=(VISITS,))
    for day in days:
        buy(log, day, 5)
    changes = log.data("tier.progress_changed")
    assert changes[0]["unit"] == "counter.visits"
    said = [each["qualified"] for each in changes if each["qualified"]]
    assert said == [each for at, each in enumerate(told_visits) if at == 0 or told_visits[at - 1] != each]
    assert changes[-1]["missing"] == 9 - told_visits[-1]


def test_a_membership_year_that_began_on_29_february_begins_on_the_28th() -> None:
    log = begin(ladder(within="membership_year"), enrolled_on="2024-02-29")
    for day in ("2025-02-27", "2025-02-28", "2028-02-28", "2028-02-29"):
        buy(log, day, 10)
    assert standing(log)["qualified"] == {"2024-02-29": 10, "2025-02-28": 10, "2027-02-28": 10, "2028-02-29": 10}


def test_progress_of_a_moving_window_is_kept_by_day_and_only_as_long_as_it_can_count() -> None:
    log = begin(ladder(within="last", last=Period(1, "months")))
    for day in ("2025-04-01T01:00:00Z", "2025-04-01T02:00:00Z", "2025-04-20", "2025-09-01"):
        buy(log, day, 10)
    assert standing(log)["qualified"] == {"2025-09-01": 10}


# -- up


def test_b28_several_levels_are_one_change_with_before_after_next_and_missing() -> None:
    log = begin(ladder(*LEVELS, Level("black", 5000), valid=END_OF_NEXT_YEAR))
    buy(log, "2026-05-01", 1200)
    (data,) = log.data("tier.upgraded")
    assert data == {
        "member_id": "M",
        "ladder": "status",
        "tier_before": "blue",
        "tier_after": "gold",
        "tier_next": "black",
        "qualified": 1200,
        "missing": 3800,
        "unit": "points",
        "valid_until": "2028-02-01T00:00:00.000Z",
    }
    types = [_decoded(value)["type"] for _, _, value in log.topics["tier-changes"]]
    assert types == ["tier.joined", "tier.upgraded", "tier.progress_changed"]


WAYS = Criteria(((account("points", 1000),), (account("miles", 500), visits(4)), (visits(10),)))
SEVERAL = Ladder("status", "points", "calendar_year", (Level("blue", 0), Level("gold", 1000, WAYS)))


@pytest.mark.parametrize(
    ("sales", "upgraded", "way"),
    [
        ((10,), False, (1, 9, "counter.visits")),  # 1 of 10 visits; 1 % of the points, 4 % of the miles
        ((240,), False, (240, 760, "points")),  # 24 %; of the miles and visits 25 % of the visits, told below
        ((300, 1), False, (2, 2, "counter.visits")),  # all the miles and half of the visits
        ((1, 1, 1, 1, 1), False, (5, 5, "counter.visits")),
        ((999, 1), True, (1000, 0, "points")),
        ((100, 100, 49, 1), True, (500, 0, "miles")),
        ((1,) * 10, True, (10, 0, "counter.visits")),
    ],
)
def test_any_way_is_enough_and_the_nearest_is_told(
    sales: tuple[int, ...], upgraded: bool, way: tuple[int, int, str]
) -> None:
    log = begin(SEVERAL, POINTS, MILES, counters=(VISITS,))
    for number, points in enumerate(sales):
        buy(log, f"2026-05-{number + 1:02}", points)
    assert bool(log.data("tier.upgraded")) is upgraded
    if sales == (240,):
        way = (1, 3, "counter.visits")  # 1 of 4 is more than 240 of 1000
    assert last_progress(log) == way


def test_points_of_another_account_count_beside_the_ladders_own() -> None:
    log = begin(SEVERAL, MILES, counters=(VISITS,))
    buy(log, "2026-05-01", 100)
    assert standing(log)["also"] == {"miles": {"2026": 200}}


@pytest.mark.parametrize(
    ("progress", "sales", "after", "qualified"),
    [
        ("keep", (150, 860), "gold", [150, 1010]),
        ("restart", (150, 860), "silver", [0, 860]),
        ("carry_excess", (150, 860), "silver", [50, 910]),
        ("carry_excess", (150, 950), "gold", [50, 0]),
    ],
)
def test_reaching_a_tier_keeps_uses_up_or_carries_progress(
    progress: Any, sales: tuple[int, ...], after: str, qualified: list[int]
) -> None:
    log = begin(ladder(on_reaching=progress))
    for number, points in enumerate(sales):
        buy(log, f"2026-05-{number + 1:02}", points)
    assert standing(log)["tier"] == after
    assert [each["qualified"] for each in log.data("tier.progress_changed")] == qualified


def test_a_moving_window_uses_up_the_oldest_days_first() -> None:
    log = begin(ladder(within="last", last=Period(10, "days"), on_reaching="carry_excess"))
    for day, points in (("2026-05-01", 60), ("2026-05-03", 70), ("2026-05-12", 5)):
        buy(log, day, points)
    assert standing(log)["steps"][-1]["consumed"] == {"points": {"2026-05-01": 60, "2026-05-03": 40}}
    assert last_progress(log) == (35, 965, "points")  # what was used up leaves the window with its days


# -- entry benefits


def test_b28_entering_gives_once_a_member_and_tier_and_skipped_tiers_are_entered_too() -> None:
    entering = {
        "silver": Entry((AwardPoints(Fixed(7), "miles"), AddTag("shiny"))),
        "gold": Entry((AwardPoints(Fixed(50), "miles"), IssueVoucher("lounge"))),
    }
    log = begin(ladder(valid=ONE_MONTH, at_end=AtEnd("to_qualifying"), on_entering=entering))
    buy(log, "2026-05-01", 1200)
    given = [(each["campaign"], each["account"], each["points"]) for each in log.data("points.awarded")]
    assert given == [("base", "points", 1200), ("tiers/status", "miles", 7), ("tiers/status", "miles", 50)]
    (decision,) = [each for each in log.data("decision.recorded") if "carried" in each]
    carried = {"campaign": "tiers/status", "effect": "issue_voucher", "awaits": "vouchers", "voucher": "lounge"}
    assert decision["carried"] == [carried]
    assert log.row(KEY)["tags"] == ["shiny"]
    assert log.row(KEY)["accounts"]["miles"]["balance"] == 57
    go(log, "2028-03-01")
    assert standing(log)["tier"] == "blue"
    buy(log, "2028-03-02", 1200)
    assert standing(log)["tier"] == "gold"
    assert sum(each["points"] for each in log.data("points.awarded") if each["account"] == "miles") == 57


def test_entering_gives_again_where_it_says_so() -> None:
    again = Entry((AwardPoints(Fixed(7), "miles"),), again=True)
    log = begin(ladder(valid=ONE_MONTH, on_entering={"silver": again}))
    buy(log, "2026-05-01", 100)
    go(log, "2028-03-01")
    buy(log, "2028-03-02", 100)
    assert [each["points"] for each in log.data("points.awarded") if each["account"] == "miles"] == [7, 7]


# -- ends of validity


def test_b29_what_was_missed_happens_at_its_due_instant_in_order() -> None:
    end = AtEnd("one_down", grace=Period(10, "days"), warn=(Period(30, "days"), Period(3, "days")))
    log = begin(ladder(valid=END_OF_NEXT_YEAR, at_end=end))
    buy(log, "2025-05-01", 1200)
    go(log, "2029-12-01")
    assert told(log) == [
        ("2025-05-01T12:00", "upgraded", "blue", "gold"),
        ("2027-01-02T00:00", "will_downgrade", "gold", "silver"),
        ("2027-01-29T00:00", "will_downgrade", "gold", "silver"),
        ("2027-02-11T00:00", "downgraded", "gold", "silver"),
        ("2028-01-02T00:00", "will_downgrade", "silver", "blue"),
        ("2028-01-29T00:00", "will_downgrade", "silver", "blue"),
        ("2028-02-11T00:00", "downgraded", "silver", "blue"),
    ]
    history = log.row("member:M/tier/status")["history"]
    assert [(each["before"], each["after"], each["reason"]) for each in history] == [
        (None, "blue", "joined"),
        ("blue", "gold", "reached"),
        ("gold", "silver", "validity_ended"),
        ("silver", "blue", "validity_ended"),
    ]


def test_b29_a_warning_says_what_is_missing_to_keep_the_tier() -> None:
    stay = Criteria(((account("points", 800),),))
    levels = (*LEVELS[:2], Level("gold", 1000, stay=stay))
    log = begin(ladder(*levels, valid=END_OF_NEXT_YEAR, at_end=AtEnd("one_down", warn=(Period(30, "days"),))))
    buy(log, "2025-05-01", 1200)
    buy(log, "2026-05-01", 500)
    go(log, "2027-01-20")
    (warned,) = log.data("tier.will_downgrade")
    said = (warned["tier_next"], warned["qualified"], warned["missing"], warned["valid_until"])
    assert said == ("gold", 500, 300, "2027-02-01T00:00:00.000Z")


@pytest.mark.parametrize(
    ("points_2026", "kind", "until"),
    [(800, "retained", "2028-02-01T00:00:00.000Z"), (799, "downgraded", "2028-02-01T00:00:00.000Z")],
)
def test_b29_staying_asks_for_less_and_the_next_term_begins_with_the_end(
    points_2026: int, kind: str, until: str
) -> None:
    levels = (*LEVELS[:2], Level("gold", 1000, stay=Criteria(((account("points", 800),),))))
    log = begin(ladder(*levels, valid=END_OF_NEXT_YEAR))
    buy(log, "2025-05-01", 1200)
    buy(log, "2026-05-01", points_2026)
    go(log, "2027-02-10")
    assert told(log)[1:] == [("2027-02-01T00:00", kind, "gold", "gold" if kind == "retained" else "silver")]
    assert log.data(f"tier.{kind}")[0]["valid_until"] == until


def test_terms_of_months_do_not_drift() -> None:
    rounded = Validity(None, Period(12, "months"), "end_of_month")
    log = begin(ladder(within="ever", valid=rounded))
    buy(log, "2025-05-10", 100)
    go(log, "2028-06-10")
    assert [each[0] for each in told(log)[1:]] == ["2026-06-01T00:00", "2027-06-01T00:00", "2028-06-01T00:00"]


def test_a_validity_to_the_end_of_the_year_follows_years() -> None:
    log = begin(ladder(within="ever", valid=Validity("end_of_year", None)))
    buy(log, "2025-05-10", 100)
    go(log, "2027-06-10")
    assert [each[:2] for each in told(log)[1:]] == [("2026-01-01T00:00", "retained"), ("2027-01-01T00:00", "retained")]


@pytest.mark.parametrize(
    ("move", "expected"),
    [("one_down", ("downgraded", "gold")), ("to_qualifying", ("downgraded", "blue")), ("hold", ("retained", "black"))],
)
def test_b29_a_tier_that_is_not_kept_moves_as_declared(move: Any, expected: tuple[str, str]) -> None:
    log = begin(ladder(*LEVELS, Level("black", 5000), valid=END_OF_NEXT_YEAR, at_end=AtEnd(move)))
    buy(log, "2025-05-01", 5000)
    go(log, "2027-02-02")
    assert [(each[1], each[3]) for each in told(log)[1:]] == [expected]


def test_to_qualifying_goes_to_the_tier_that_the_period_just_ended_reached() -> None:
    log = begin(ladder(*LEVELS, Level("black", 5000), valid=END_OF_NEXT_YEAR, at_end=AtEnd("to_qualifying")))
    buy(log, "2025-05-01", 5000)
    buy(log, "2026-05-01", 100)
    go(log, "2027-02-02")
    assert told(log)[-1] == ("2027-02-01T00:00", "downgraded", "black", "silver")


def test_b29_who_qualifies_in_the_grace_keeps_the_tier() -> None:
    log = begin(ladder(valid=END_OF_NEXT_YEAR, at_end=AtEnd("one_down", grace=Period(30, "days"))))
    buy(log, "2025-05-01", 1200)
    go(log, "2027-02-05")
    buy(log, "2027-02-10", 1000)
    go(log, "2027-04-01")
    assert told(log)[1:] == [("2027-02-10T12:00", "retained", "gold", "gold")]
    assert log.data("tier.retained")[0]["valid_until"] == "2028-02-01T00:00:00.000Z"


def test_what_keeps_a_tier_for_life_is_counted_ever_and_ends_its_term() -> None:
    life = Criteria(((account("points", 1500),),))
    made = ladder(*LEVELS[:2], Level("gold", 1000, for_life=life), valid=END_OF_NEXT_YEAR)
    log = begin(made)
    buy(log, "2025-05-01", 1200)
    assert log.data("tier.progress_changed")[-1]["valid_until"] == "2027-02-01T00:00:00.000Z"
    buy(log, "2026-05-01", 300)
    assert log.data("tier.progress_changed")[-1]["valid_until"] is None
    go(log, "2026-12-01")
    give_back(log, made, "2026-05-01", 1, on="2026-12-01")
    go(log, "2027-06-01")
    assert told(log)[1:] == [("2027-02-01T00:00", "downgraded", "gold", "silver")]


def test_b30_a_threshold_that_is_raised_takes_nobodys_tier_before_the_end_of_validity() -> None:
    first = programme(ladder(valid=END_OF_NEXT_YEAR))
    second = programme(ladder(*LEVELS[:2], Level("gold", 9000), valid=END_OF_NEXT_YEAR))
    log = Log([first, second]).feed(enrolled("M", time_ms=at("2025-03-10")))
    buy(log, "2025-05-01", 1200)
    log.activate(second)
    log.run()
    buy(log, "2026-05-01", 1200)
    assert standing(log)["tier"] == "gold"
    go(log, "2027-02-02")
    assert told(log)[1:] == [("2027-02-01T00:00", "downgraded", "gold", "silver")]


@pytest.mark.parametrize(
    ("bought", "until", "warned"),
    [
        ("2026-02-07", "2026-03-08T05:00:00.000Z", "2026-03-01T05:00"),  # the next day has 23 hours
        ("2026-02-08", "2026-03-09T04:00:00.000Z", "2026-03-02T05:00"),  # the last day has 23 hours
        ("2026-10-01", "2026-11-02T05:00:00.000Z", "2026-10-26T04:00"),  # the last day has 25 hours
    ],
)
def test_b29_validity_ends_with_the_local_day_where_clocks_change(bought: str, until: str, warned: str) -> None:
    valid = ONE_MONTH if bought < "2026-03" else Validity(None, Period(31, "days"))
    made = ladder(
        within="last", last=Period(7, "days"), valid=valid, at_end=AtEnd("one_down", warn=(Period(7, "days"),))
    )
    log = begin(made, zone=NEW_YORK_2026)
    buy(log, bought, 100)
    assert log.data("tier.upgraded")[0]["valid_until"] == until
    go(log, "2026-11-20")
    assert told(log)[1:] == [
        (warned, "will_downgrade", "silver", "blue"),
        (until[:16], "downgraded", "silver", "blue"),
    ]


def test_members_join_a_new_ladder_and_get_a_new_validity_at_their_next_touch() -> None:
    plain, valid = programme(ladder()), programme(ladder(valid=END_OF_NEXT_YEAR))
    both = rules(sealed(replace(valid.ruleset, ladders=(*valid.ruleset.ladders, replace(ladder(), name="travel")))))
    log = Log([plain, both]).feed(enrolled("M", time_ms=at("2025-03-10")))
    buy(log, "2025-05-01", 150)
    assert standing(log)["until"] is None
    log.activate(both)
    log.run()
    buy(log, "2026-05-01", 1)
    assert standing(log)["until"] == at("2028-02-01T00:00:00Z")
    assert [each["ladder"] for each in log.data("tier.joined")] == ["status", "travel"]
    go(log, "2028-02-02")
    assert told(log)[-1] == ("2028-02-01T00:00", "downgraded", "silver", "blue")


class AsKept(dict[str, Row]):
    """The rows of a log as a step reads them."""

    def scan(self, prefix: str) -> list[str]:
        return sorted(key for key in self if key.startswith(prefix))

    def due_ms(self, _key: str) -> int | None:
        return None


def give_back(log: Log, made: Ladder, earned_on: str, points: int, *, on: str = "") -> list[str]:
    """A return of points as its step calls it, written as a transaction would; what happened to the tier."""
    active = programme(made)
    rows = AsKept({key: orjson.loads(value) for key, value in log.rows().items()})
    cause = f"return {earned_on} {points}"
    draft = Draft(rows, KEY, cause, cause, at(on or earned_on), 0, active, lambda _: active)
    member = known_member(draft)
    returned(draft, member, {"points": points}, at(earned_on))
    finish(draft, member)
    decision = draft.done()
    number = partition_of(KEY, len(log.partitions))
    for key, kept in decision.rows.items():
        log.state[number][key.encode()] = (None, None) if kept is None else (encode(kept.row), kept.due_ms)
    log.crash(number)
    return [f"{each.type} {each.data['tier_before']} {each.data['tier_after']}" for each in decision.outcomes]


def test_b26_a_return_takes_an_upgrade_back_and_restores_what_stood_before() -> None:
    made = ladder(valid=END_OF_NEXT_YEAR)
    log = begin(made)
    buy(log, "2026-02-01", 100)
    before = standing(log)
    buy(log, "2026-05-01", 900)
    assert standing(log)["tier"] == "gold"
    said = give_back(log, made, "2026-05-01", 900, on="2026-05-09")
    assert said == ["tier.downgraded gold silver", "tier.progress_changed gold silver"]
    assert standing(log) == {**before, "entered": ["blue", "silver", "gold"]}
    assert log.row("member:M/tier/status")["history"][-1]["reason"] == "return"
    go(log, "2028-02-02")
    assert told(log)[-1] == ("2028-02-01T00:00", "downgraded", "silver", "blue")


def test_b26_a_return_lowers_the_period_of_the_sale_and_takes_back_what_it_reached_in_that() -> None:
    made = ladder(valid=END_OF_NEXT_YEAR)
    log = begin(made)
    buy(log, "2026-05-01", 1000)
    buy(log, "2027-01-05", 900)
    said = give_back(log, made, "2026-05-01", 950, on="2027-02-01")
    assert standing(log)["qualified"] == {"2026": 50, "2027": 900}
    # 900 of the running year are silver, from when gold was reached
    assert said == ["tier.downgraded gold silver", "tier.progress_changed gold silver"]
    assert standing(log)["since"] == at("2026-05-01")


def test_a_tier_that_is_still_reached_stays_and_progress_never_falls_below_0() -> None:
    made = ladder()
    log = begin(made)
    buy(log, "2026-05-01", 1200)
    assert give_back(log, made, "2026-05-01", 200) == ["tier.progress_changed gold gold"]
    assert give_back(log, made, "2026-05-01", 5000) == ["tier.downgraded gold blue", "tier.progress_changed gold blue"]
    assert standing(log)["qualified"] == {"2026": 0}
    assert give_back(log, made, "2026-05-01", 1) == []


def test_a_return_gives_back_what_reaching_the_tier_used_up() -> None:
    made = ladder(on_reaching="carry_excess")
    log = begin(made)
    buy(log, "2026-05-01", 90)
    buy(log, "2026-05-02", 40)
    assert last_progress(log) == (30, 970, "points")
    give_back(log, made, "2026-05-02", 40)
    buy(log, "2026-05-03", 5)
    assert last_progress(log) == (95, 5, "points")


def test_a_return_after_the_end_of_the_term_does_not_undo_what_was_retained() -> None:
    made = ladder(valid=Validity("end_of_year", None))
    log = begin(made)
    buy(log, "2026-05-01", 100)
    go(log, "2027-01-02")
    assert told(log)[-1][1] == "retained"
    assert give_back(log, made, "2026-05-01", 100, on="2027-01-03") == ["tier.progress_changed silver silver"]


def test_on_return_at_period_end_follows_when_the_period_is_over_and_never_does_not() -> None:
    for law, expected in (("at_period_end", [("2027-01-01T00:00", "downgraded", "silver", "blue")]), ("never", [])):
        made = ladder(valid=END_OF_NEXT_YEAR, on_return=law)
        log = begin(made)
        buy(log, "2026-05-01", 100)
        assert give_back(log, made, "2026-05-01", 50) == ["tier.progress_changed silver silver"]
        go(log, "2027-06-01")
        assert told(log)[1:] == expected


def test_at_period_end_forgets_a_return_that_later_purchases_made_good() -> None:
    made = ladder(on_return="at_period_end")
    log = begin(made)
    buy(log, "2026-05-01", 100)
    give_back(log, made, "2026-05-01", 50)
    buy(log, "2026-06-01", 50)
    go(log, "2027-06-01")
    assert len(told(log)) == 1


def test_a_return_lowers_the_tier_by_counters_that_the_caller_lowered() -> None:
    made = Ladder(
        "status", "", "calendar_year", (Level("blue", 0), Level("gold", UNREACHED, Criteria(((visits(1),),))))
    )
    log = begin(made, counters=(VISITS,))
    buy(log, "2026-05-01", 5)
    assert standing(log)["tier"] == "gold"
    active = programme(made, counters=(VISITS,))
    rows = AsKept({key: orjson.loads(value) for key, value in log.rows().items() if "/counter/" not in key})
    draft = Draft(rows, KEY, "return", "return", at("2026-05-02"), 0, active, lambda _: active)
    returned(draft, known_member(draft), {}, at("2026-05-01"))
    assert [each.type for each in draft.outcomes] == ["tier.downgraded", "tier.progress_changed"]


# -- tiers that campaigns set


def setting(tier: str, until: Period | None = None) -> Any:
    return campaign("vip", SetTier("status", tier, until), when=one_of("transaction.channel", "app"))


def test_b28_a_campaign_sets_a_tier_and_that_event_moves_the_ladder_no_further() -> None:
    log = begin(ladder(valid=END_OF_NEXT_YEAR), POINTS, setting("silver", Period(1, "months")))
    buy(log, "2026-05-01", 1200, channel="app")
    (data,) = log.data("tier.upgraded")
    assert (data["tier_after"], data["campaign"], data["reason"]) == ("silver", "vip", "set_tier")
    assert data["valid_until"] == "2026-06-02T00:00:00.000Z"
    assert standing(log)["qualified"] == {"2026": 1200}
    buy(log, "2026-05-02", 1)
    assert standing(log)["tier"] == "gold"


def test_b28_a_campaign_sets_a_tier_down_and_it_is_the_ground_that_returns_do_not_undo() -> None:
    made = ladder(valid=END_OF_NEXT_YEAR)
    log = begin(made, POINTS, setting("silver"))
    buy(log, "2026-05-01", 1200)
    buy(log, "2026-05-02", 1, channel="app")
    assert told(log)[1:] == [("2026-05-02T12:00", "downgraded", "gold", "silver")]
    assert give_back(log, made, "2026-05-01", 1200, on="2026-05-03") == ["tier.progress_changed silver silver"]


def test_a_tier_set_for_a_time_ends_like_any_other_and_setting_it_again_prolongs_it() -> None:
    log = begin(ladder(valid=END_OF_NEXT_YEAR), POINTS, setting("silver", Period(1, "months")))
    buy(log, "2026-05-01", 1, channel="app")
    buy(log, "2026-05-20", 1, channel="app")
    go(log, "2026-08-01")
    assert told(log) == [
        ("2026-05-01T12:00", "upgraded", "blue", "silver"),
        ("2026-05-20T12:00", "retained", "silver", "silver"),
        ("2026-06-21T00:00", "downgraded", "silver", "blue"),
    ]
    assert standing(log)["since"] == at("2026-06-21T00:00:00Z")


def test_a_tier_set_for_a_time_on_a_ladder_without_validity_gives_way_to_the_one_that_is_reached() -> None:
    for points, after in ((1, "blue"), (150, "silver")):
        log = begin(ladder(), POINTS, setting("gold", Period(1, "months")))
        buy(log, "2026-05-01", points, channel="app")
        go(log, "2026-08-01")
        assert told(log)[1:] == [("2026-06-02T00:00", "downgraded", "gold", after)]
        assert standing(log)["until"] is None


def test_the_history_of_a_tier_is_bounded() -> None:
    log = begin(ladder(valid=END_OF_NEXT_YEAR), POINTS, setting("silver", Period(1, "days")))
    for day in range(1, 29):
        buy(log, f"2026-05-{day:02}", 1, channel="app")
    assert len(log.row("member:M/tier/status")["history"]) == 24

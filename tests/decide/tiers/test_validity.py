"""How long a tier stands, and what happens at its end (B-29, B-30)."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.calendar import Period
from engine.ruleset.codec import sealed
from engine.ruleset.model import Level
from engine.ruleset.tiers import AtEnd, Criteria, Validity
from tests.support.journals import Log, enrolled
from tests.support.ladders import (
    END_OF_NEXT_YEAR,
    LEVELS,
    ONE_MONTH,
    account,
    at,
    begin,
    buy,
    give_back,
    go,
    ladder,
    programme,
    standing,
    told,
)
from tests.support.programme import NEW_YORK_2026, rules


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

"""What returns take from progress and tiers (B-26)."""

import orjson

from engine.decide.draft import Draft
from engine.decide.membership import known_member
from engine.decide.tiers.progress import returned
from engine.ruleset.model import UNREACHED, Ladder, Level
from engine.ruleset.tiers import Criteria, Validity
from tests.support.ladders import (
    END_OF_NEXT_YEAR,
    KEY,
    VISITS,
    AsKept,
    at,
    begin,
    buy,
    give_back,
    go,
    ladder,
    last_progress,
    programme,
    standing,
    told,
    visits,
)


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

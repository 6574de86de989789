"""Tiers that campaigns set (B-28)."""

from typing import Any

from engine.core.calendar import Period
from engine.ruleset.effects import SetTier
from tests.support.ladders import END_OF_NEXT_YEAR, POINTS, at, begin, buy, give_back, go, ladder, standing, told
from tests.support.programme import campaign, one_of


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

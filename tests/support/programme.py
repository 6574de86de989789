"""A small programme as a compiled ruleset, built by hand so that tests of deciding need no YAML."""

from dataclasses import replace

from engine.core.calendar import Expiry, Period, Zone
from engine.match.plain import PlainMatcher
from engine.ruleset.codec import sealed
from engine.ruleset.conditions import LineSet, Test
from engine.ruleset.effects import AwardPoints, Effect, Rate
from engine.ruleset.matching import Rules
from engine.ruleset.model import (
    SEMANTICS,
    Account,
    Attribute,
    Campaign,
    Earning,
    Ladder,
    Level,
    MessageRule,
    Programme,
    Ruleset,
    TimeRules,
)

DAY = 86_400_000
UTC = Zone("UTC", (0,), (0,))
NEW_YORK_2026 = Zone("America/New_York", (0, 1772953200000, 1793512800000), (-18000, -14400, -18000))


def campaign(name: str, *effects: Effect, on: str = "transaction.completed", **changes: object) -> Campaign:
    """A running campaign that awards what it is given."""
    plain = Campaign(
        name=name,
        title=name,
        on=on,
        from_ms=None,
        until_ms=None,
        audience=None,
        line_sets={},
        when=None,
        then=effects,
        otherwise=(),
        base=False,
        priority=0,
        state="live",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the names are the fields', the tests pass values of their types


def one_of(field: str, *values: str) -> Test:
    """A test that a text is one of some."""
    return Test(field, "text", "one_of", values)


def ruleset(*campaigns: Campaign, **programme: object) -> Ruleset:
    """A ruleset of a programme with a ladder and messages; a base earn and a produce bonus where no campaign is given."""
    chosen = campaigns or (
        campaign("base", AwardPoints(Rate(1, 100), "points"), base=True),
        campaign(
            "produce",
            AwardPoints(Rate(5, 100, "produce"), "points"),
            line_sets={"produce": LineSet(one_of("category", "produce"), None)},
        ),
    )
    plain = Programme(
        name="test",
        zone=UTC,
        currency="USD",
        minor_digits=2,
        accounts=(Account("points", True, Expiry(Period(12, "months"), "end_of_month"), 1_000_000),),
        attributes=(Attribute("city", "text", False),),
        earning=Earning("amount", one_of("category", "alcohol")),
        time=TimeRules("wall", 30 * DAY, "refuse", 900_000),
        transaction_key=("transaction_id",),
        modules=(),
    )
    return sealed(
        Ruleset(
            digest="",
            semantics=SEMANTICS,
            programme=replace(plain, **programme),  # type: ignore[arg-type]  # the names are the fields'
            campaigns=chosen,
            ladders=(
                Ladder(
                    "status", "points", "calendar_year", (Level("blue", 0), Level("silver", 100), Level("gold", 1000))
                ),
            ),
            messages=(MessageRule("welcome", "member.enrolled", None), MessageRule("upgraded", "tier.upgraded", None)),
        )
    )


def rules(made: Ruleset) -> Rules:
    """The ruleset in force."""
    return Rules(made, PlainMatcher(made))

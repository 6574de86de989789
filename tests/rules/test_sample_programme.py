"""The sample programme compiles without a word and does what its titles say."""

from pathlib import Path
from typing import Any

import pytest

from engine.match.plain import PlainMatcher
from engine.rulebook.compiler import compile_folder
from engine.rulebook.rendering import render
from engine.ruleset.matching import Facts
from engine.ruleset.model import Ruleset

FOLDER = Path(__file__).parents[2] / "rules"
JULY_2017 = 1_499_000_000_000
TUESDAY = {"time.weekday": "tuesday", "transaction.amount": 6000}


@pytest.fixture(scope="module")
def sample() -> Ruleset:
    compiled = compile_folder(FOLDER)
    assert render(compiled.diagnostics, compiled.sources) == ""
    assert compiled.ruleset is not None
    return compiled.ruleset


def line(category: str, pieces: int = 1, amount: int = 600, sku: str = "") -> dict[str, Any]:
    return {"sku": sku or category, "category": category, "quantity": pieces, "amount_minor": amount}


def fired(ruleset: Ruleset, fields: dict[str, Any], *lines: dict[str, Any]) -> list[str]:
    facts = Facts("transaction.completed", JULY_2017, fields, lines)
    return [verdict.campaign.name for verdict in PlainMatcher(ruleset).candidates(facts) if verdict.holds]


def test_produce_earns_more(sample: Ruleset) -> None:
    assert fired(sample, TUESDAY, line("produce")) == ["fresh-produce", "base-earn"]
    assert fired(sample, TUESDAY, line("produce", amount=0)) == ["base-earn"]


@pytest.mark.parametrize(
    ("lines", "given"),
    [
        ([line("pastry", 2)], True),
        ([line("pastry", 1)], False),
        ([line("pastry"), line("pastry", sku="other")], True),
        ([line("seafood_pckgd")], True),
        ([line("meat", 5)], False),
    ],
)
def test_two_pastries_or_seafood_give_a_bonus(sample: Ruleset, lines: list[dict[str, Any]], given: bool) -> None:
    assert ("fish-or-pastry" in fired(sample, TUESDAY, *lines)) is given


@pytest.mark.parametrize(
    ("fields", "goods", "given"),
    [
        ({"member.profile.kids": "2"}, 10, True),
        ({"member.profile.kids": "0"}, 10, False),
        ({}, 10, False),
        ({"member.profile.kids": "3+"}, 9, False),
        ({"member.profile.kids": "3+", "time.weekday": "sunday"}, 10, False),
    ],
)
def test_families_get_a_bonus_for_a_full_basket(
    sample: Ruleset, fields: dict[str, str], goods: int, given: bool
) -> None:
    lines = [line("grocery", sku=str(number)) for number in range(goods)] + [line("drug_gm", sku="soap")]
    assert ("family-basket" in fired(sample, {**TUESDAY, **fields}, *lines)) is given


def test_fuel_and_what_law_forbids_earns_nothing(sample: Ruleset) -> None:
    lines = [line("grocery"), line("fuel"), line("spirits"), {"sku": "x", "quantity": 1, "amount_minor": 5}]
    facts = Facts("transaction.completed", JULY_2017, {}, lines)
    assert [each.get("category") for each in PlainMatcher(sample).earning_lines(facts)] == ["grocery", None]


def test_it_keeps_its_own_clock_and_has_one_ladder(sample: Ruleset) -> None:
    assert sample.programme.time.clock == "events"
    assert [level.tier for ladder in sample.ladders for level in ladder.levels] == ["blue", "silver", "gold"]
    assert {message.on for message in sample.messages} == {"member.enrolled", "tier.upgraded"}

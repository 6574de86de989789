"""Differences in words: what an analyst reads, and that no difference goes without words."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from engine.ruleset.codec import digest_of
from engine.ruleset.model import Ruleset
from engine.trying.diff import differences
from tests.match import arbitrary
from tests.support.coffee import BASE, DOUBLE, PROGRAMME, RULES, compiled


def said(before: Ruleset, after: Ruleset) -> list[str]:
    return [f"{each.kind} {each.name} {each.change}: {'; '.join(each.said)}" for each in differences(before, after)]


@pytest.mark.parametrize(
    ("file", "old", "new", "found"),
    [
        ("double_coffee", "points: 1, per", "points: 2, per", "points 1 -> 2 per 1.00 of coffee"),
        ("double_coffee", "until: 2026-12-31", "until: 2027-01-31", "runs until 2026-12-31 -> 2027-01-31"),
        ("double_coffee", ", until: 2026-12-31", "", "runs until 2026-12-31 -> open"),
        ("double_coffee", "from: 2026-11-01", "from: 2026-11-01T18:00", "runs from 2026-11-01 -> 2026-11-01T18:00"),
        ("double_coffee", "at_least: 20.00", "at_least: 25.00", "when transaction.amount at least 20.00 -> 25.00"),
        ("double_coffee", "channel: app", "channel: [app, web]", "when transaction.channel is app -> one of app, web"),
        ("double_coffee", "  time.weekday: [tuesday]\n", "", "when no longer time.weekday is tuesday"),
        ("double_coffee", "  member.opted_in: true\n", "", "audience no longer member.opted_in is true"),
        ("double_coffee", "then:\n", "then:\n  - award_points: {points: 5, account: stars}\n", "also stars 5"),
        (
            "double_coffee",
            "otherwise:\n  - notify: {message: two-coffees-needed}\n",
            "",
            "otherwise no longer notify two-coffees-needed",
        ),
        (
            "double_coffee",
            "{category: coffee,",
            "{category: [coffee, tea],",
            "lines coffee: category is coffee, -> one of coffee, tea, except attributes.free is true",
        ),
        (
            "double_coffee",
            "title: Double points",
            "title: More points",
            "title Double -> More points on coffee for silver in the app",
        ),
    ],
    ids=str,
)
def test_a_change_of_a_campaign_is_said_as_its_author_would(file: str, old: str, new: str, found: str) -> None:
    assert old in DOUBLE
    changed = compiled(**{file: DOUBLE.replace(old, new)})
    assert said(compiled(), changed) == [f"campaign double-coffee changed: {found}"]


def test_a_change_of_the_programme_is_said_part_by_part() -> None:
    text = PROGRAMME.replace("30 days", "60 days").replace("0.01", "0.025").replace("  stars: {}\n", "  miles: {}\n")
    assert said(compiled(), compiled(programme=text + "time: {late: 12 hours}\n")) == [
        "account points changed: expires after 30 -> 60 days; worth 0.01 -> 0.025",
        "account stars removed: ",
        "account miles added: spendable true",
        "programme  changed: time late 30 days -> 12 hours",
    ]


def test_new_and_removed_campaigns_and_the_same_rules() -> None:
    without = replace(compiled(), campaigns=compiled().campaigns[:1])
    (gone,) = compiled().campaigns[1:]
    assert said(compiled(), without) == [f"campaign {gone.name} removed: "]
    assert [each.change for each in differences(without, compiled())] == ["added"]
    assert differences(compiled(), compiled()) == []
    assert BASE in RULES.values()


@given(arbitrary.rulesets(), arbitrary.rulesets())
@settings(max_examples=100, deadline=None)
def test_no_difference_goes_without_words(before: Ruleset, after: Ruleset) -> None:
    found = differences(before, after)
    assert bool(found) == (digest_of(before) != digest_of(after))
    assert all(each.said and all(each.said) for each in found if each.change == "changed")


def test_tiers_and_schedules_are_said_as_they_are_written() -> None:
    tiers = RULES["tiers/status.yaml"]
    assert said(compiled(), compiled(status=tiers.replace("1000", "2000"))) == [
        "tiers status changed: levels silver: qualified 1000 -> 2000"
    ]
    monthly = DOUBLE[: DOUBLE.index("lines:")].replace(
        "on: transaction.completed", "on: {every: month, day: 1, at: 09:00}"
    )
    monthly += "then: [{award_points: {points: 5}}]\n"
    assert said(compiled(double_coffee=monthly), compiled(double_coffee=monthly.replace("day: 1", "day: 15"))) == [
        "campaign double-coffee changed: schedule every month day 1 -> 15 at 09:00"
    ]

"""What conditions mean, case by case, and what the index leaves out."""

from typing import Any

import pytest

from engine.match.plain import PlainMatcher
from engine.rulebook.compiler import compile_sources
from engine.ruleset.matching import Facts, Verdict
from engine.ruleset.model import Ruleset

PROGRAMME = """
programme: p
zone: America/New_York
currency: USD
accounts: {points: {}}
attributes: {city: {type: text}, children: {type: int}, born: {type: day}, birthday: {type: month_day}}
"""
LADDER = "tiers: status\nlevels: [{tier: blue}, {tier: gold, from: {points: 5}}]\n"
COFFEE = {"sku": "C1", "category": "coffee", "quantity": 2, "amount_minor": 900}
FREE = {"sku": "C1", "category": "coffee", "quantity": 1, "amount_minor": 0, "attributes": {"free": True}}
TEA = {"sku": "T1", "category": "tea", "quantity": 1, "amount_minor": 350}


def rules(**campaigns: str) -> Ruleset:
    sources = {"programme.yaml": PROGRAMME, "tiers/status.yaml": LADDER}
    for name, body in campaigns.items():
        on = "" if "on:" in body else "on: transaction.completed\n"
        then = "then: [award_points: {points: 1}]\n"
        sources[f"campaigns/{name}.yaml"] = f"campaign: {name}\n{on}{body}\n{then}"
    compiled = compile_sources(sources)
    assert compiled.ruleset is not None, compiled.diagnostics
    return compiled.ruleset


def verdicts(
    ruleset: Ruleset, fields: dict[str, Any], *lines: dict[str, Any], on: str = "transaction.completed"
) -> list[Verdict]:
    return list(PlainMatcher(ruleset).candidates(Facts(on, 1_000, fields, lines)))


def only(body: str, fields: dict[str, Any], *lines: dict[str, Any]) -> Verdict:
    # near misses are asked for, so that the index leaves nothing out that is eligible
    (verdict,) = verdicts(rules(c=body + "\notherwise: [award_points: {points: 2}]"), fields, *lines)
    return verdict


@pytest.mark.parametrize(
    ("when", "value", "holds"),
    [
        ("transaction.channel: app", "app", True),
        ("transaction.channel: app", "web", False),
        ("transaction.channel: app", None, False),
        ("transaction.channel: {not: app}", "web", True),
        ("transaction.channel: {not: app}", None, False),
        ("none: [{transaction.channel: app}]", None, True),
        ("none: [{transaction.channel: {not: app}}]", None, True),
        ("transaction.channel: {exists: false}", None, True),
        ("transaction.channel: {exists: false}", "app", False),
        ("transaction.channel: {starts_with: [ap, x]}", "app", True),
        ("transaction.amount: {at_least: 20.00}", 2000, True),
        ("transaction.amount: {at_least: 20.00}", 1999, False),
        ("transaction.amount: {more_than: 20.00}", 2000, False),
        ("transaction.amount: 20.00", 2000, True),
        ("transaction.amount: {at_least: 20.00}", "2000", False),
        ("transaction.attributes.table: 4", 4, True),
        ("transaction.attributes.table: 4", "4", True),
        ('transaction.attributes.table: "4"', 4, False),
        ("transaction.attributes.table: 1", True, False),
        ("transaction.attributes.table: true", True, True),
        ("transaction.attributes.table: true", 1, False),
        ("member.tags: {has_none: [vip]}", (), True),
        ("member.tags: {has_none: [vip]}", None, False),
        ("member.tags: {has_all: [vip, new]}", ("new", "vip", "x"), True),
        ("member.tags: {has_any: [vip, new]}", ("x",), False),
        ("member.profile.born: {before: 2000-01-01}", "1999-12-31", True),
        ("member.profile.children: {at_least: 1}", 0, False),
        ("time.clock: {from: 08:00, before: 11:00}", 659, True),
        ("time.clock: {from: 08:00, before: 11:00}", 660, False),
        ("time.clock: {from: 22:00, before: 06:00}", 30, True),
        ("time.clock: {from: 22:00, before: 06:00}", 1320, True),
        ("time.clock: {from: 22:00, before: 06:00}", 720, False),
        ("member.profile.birthday: {from: 12-20, before: 01-06}", "01-05", True),
        ("member.profile.birthday: {from: 12-20, before: 01-06}", "07-05", False),
    ],
)
def test_a_test_holds_as_the_language_says(when: str, value: object, holds: bool) -> None:
    field = next(part for part in when.replace("[", " ").replace("{", " ").split() if "." in part).rstrip(":")
    verdict = only(f"when: {{{when}}}", {} if value is None else {field: value})
    assert verdict.holds is holds
    assert verdict.eligible


@pytest.mark.parametrize(
    ("body", "fields", "reason"),
    [
        ("when: {transaction.channel: app, time.weekday: monday}", {"transaction.channel": "app"}, "time.weekday"),
        ("when: {any: [{transaction.channel: app}, {time.month: 5}]}", {}, "any: transaction.channel, time.month"),
        ("when: {none: [{time.month: 4}, {time.month: 5}]}", {"time.month": 5}, "none: time.month"),
        (
            "when: {at_least: 2, of: [{time.month: 5}, {time.day_of_month: 1}, {transaction.channel: app}]}",
            {"time.month": 5},
            "at least 2 of: time.month, time.day_of_month, transaction.channel",
        ),
        ("when: {time.clock: {from: 22:00, before: 06:00}}", {"time.clock": 700}, "time.clock"),
    ],
)
def test_the_reason_names_the_first_condition_that_fails(body: str, fields: dict[str, Any], reason: str) -> None:
    assert only(body, fields).reason == reason


def test_an_audience_that_fails_is_not_eligible_and_is_the_reason() -> None:
    verdict = only("audience: {member.tier: {not: gold}}\nwhen: {time.month: {at_least: 2}}", {"member.tier": "gold"})
    assert verdict[1:] == (False, False, "member.tier")


def test_opting_in_counts_for_the_campaign_of_that_name_only() -> None:
    ruleset = rules(
        a="audience: {member.opted_in: true}",
        b="audience: {member.opted_in: true}",
        c="audience: {member.opted_in: false}",
    )
    given = {verdict.campaign.name: verdict.holds for verdict in verdicts(ruleset, {"member.opt_ins": ("a",)})}
    assert given == {"a": True, "b": False, "c": True}


@pytest.mark.parametrize(
    ("measure", "holds"),
    [
        ("coffee.pieces: 2", True),  # the free one is not in the set
        ("coffee.pieces: {at_least: 3}", False),
        ("coffee.count: 1", True),
        ("coffee.amount: {at_least: 9.00}", True),
        ("coffee.amount: {more_than: 9.00}", False),
        ("all-lines.distinct_skus: 2", True),
        ("all-lines.pieces: 4", True),
        ("dear.count: 1", True),  # 900 for two pieces are 450 for one
        ("nothing.count: 0", True),
    ],
)
def test_sets_of_lines_are_measured(measure: str, holds: bool) -> None:
    body = f"""lines:
  coffee: {{category: coffee, except: {{attributes.free: true}}}}
  all-lines: {{}}
  dear: {{unit_price: {{at_least: 4.50}}}}
  nothing: {{category: cake}}
when: {{{measure}}}"""
    assert only(body, {}, COFFEE, FREE, TEA).holds is holds


def test_except_keeps_lines_without_the_field() -> None:
    body = "lines: {paid: {except: {attributes.free: {not: true}}}}\nwhen: {paid.count: 3}"
    assert only(body, {}, COFFEE, FREE, TEA).holds


def test_a_campaign_runs_from_its_first_instant_until_before_its_last() -> None:
    ruleset = rules(c="runs: {from: 2026-11-01, until: 2026-11-01}")
    begins = 1793505600000  # 2026-11-01T00:00-04:00; the day has 25 hours in New York
    ends = begins + 25 * 3_600_000
    matcher = PlainMatcher(ruleset)
    found = [
        bool(matcher.candidates(Facts("transaction.completed", at, {}))) for at in (begins - 1, begins, ends - 1, ends)
    ]
    assert found == [False, True, True, False]


def test_shadow_campaigns_are_candidates_and_paused_ones_are_not() -> None:
    ruleset = rules(a="state: shadow", b="state: paused", c="state: live")
    assert [verdict.campaign.name for verdict in verdicts(ruleset, {})] == ["a", "c"]


def test_campaigns_are_asked_on_their_own_event_in_the_order_of_priority_and_name() -> None:
    ruleset = rules(a="", c="priority: 5", b="priority: 5", d="on: member.enrolled")
    assert [verdict.campaign.name for verdict in verdicts(ruleset, {})] == ["b", "c", "a"]
    assert [verdict.campaign.name for verdict in verdicts(ruleset, {}, on="member.enrolled")] == ["d"]


def test_the_index_leaves_out_what_needs_another_value_unless_near_misses_count() -> None:
    ruleset = rules(
        web="when: {transaction.channel: web}",
        app="when: {transaction.channel: app}",
        near="when: {transaction.channel: web}\notherwise: [award_points: {points: 2}]",
        tea="lines: {tea: {category: tea}}\nwhen: {tea.pieces: {at_least: 1}}",
        dear="when: {transaction.amount: {at_least: 20.00}}",
        cheap="when: {transaction.amount: {more_than: 5.00}}",
        none="lines: {tea: {category: tea}}\nwhen: {tea.pieces: {at_most: 1}}",
    )
    asked = [
        verdict.campaign.name
        for verdict in verdicts(ruleset, {"transaction.channel": "app", "transaction.amount": 900}, COFFEE)
    ]
    assert asked == ["app", "cheap", "near", "none"]


def test_a_thousand_campaigns_cost_what_could_match() -> None:
    bodies = {f"c{n}": f"lines: {{s: {{sku: S{n}}}}}\nwhen: {{s.pieces: {{at_least: 1}}}}" for n in range(1000)}
    ruleset = rules(**bodies)
    line = {"sku": "S7", "quantity": 1, "amount_minor": 5}
    assert [verdict.campaign.name for verdict in verdicts(ruleset, {}, line)] == ["c7"]

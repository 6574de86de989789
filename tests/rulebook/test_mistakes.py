"""Mistakes in counters, limits, effects, schedules and every other file: each has its code."""

import pytest

from engine.rulebook.compiler import compile_sources
from tests.rulebook.samples import PROGRAMME, compiled, said
from tests.rulebook.whole import WHOLE

COUNTERS = (
    PROGRAMME
    + """counters:
  visits: {on: transaction.completed}
  spend: {on: transaction.completed, add: amount}
"""
)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("{counter.visits: {at_least: 3, last: 30 days, this: month}}", "keys-contradict"),
        ("{counter.visits: {last: 30 days}}", "missing-key"),
        ("{counter.visits: {reaches: 3, every: 3}}", "keys-contradict"),
        ("{counter.visits: {reaches: 3, at_least: 3}}", "keys-contradict"),
        ("{counter.visits: {at_least: 1, each: month}}", "missing-key"),
        ("{counter.visits: {at_least: 1, in_a_row: 3}}", "missing-key"),
        ("{counter.visits: {at_most: 1, each: month, in_a_row: 3}}", "missing-key"),
        ("{counter.visits: {at_least: 1, this: fortnight}}", "unknown-choice"),
        ("{counter.visits: {every: 0}}", "not-positive"),
        ("{counter.visits: {at_least: 1, during: today}}", "unknown-choice"),
        ("{counter.visits: {at_least: 1, last: month}}", "field-type"),
        ("{counter.spend: {reaches: much}}", "field-type"),
        ("{any: [{counter.visits: {every: 3}}, {transaction.channel: app}]}", "window-not-here"),
        ("{counter.visits: {every: 3}, counter.spend: {every: 3.00}}", "keys-contradict"),
        ("{counter.visit: {at_least: 1}}", "unknown-name"),
        ("{transaction.channel: {exists: true, ever: true}}", "window-not-here"),
        ("{counter.visits: {at_least: 3, at_most: 2}}", "never-holds"),
        ("{payments: store_card}", "wrong-shape"),
        ("{payments: {kind: store_card}}", "unknown-field"),
        ("{transaction.outlet_code: {in: airports}}", "unknown-name"),
        ("{outlet.region: east}", "unknown-name"),
    ],
)
def test_a_mistake_with_a_counter_a_list_or_payments_has_its_code(asked: str, code: str) -> None:
    assert code in {each.code for each in said({"c": f"when: {asked}"}, programme=COUNTERS)}


def test_two_windows_of_a_counter_do_not_contradict_each_other() -> None:
    asked = "{all: [{counter.visits: {at_least: 3, ever: true}}, {counter.visits: {at_most: 1, this: day}}]}"
    assert compiled({"c": f"when: {asked}"}, programme=COUNTERS).ruleset is not None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("limits: [{times: 1, points: 5}]", "keys-contradict"),
        ("limits: [{per: member}]", "missing-key"),
        ("limits: [{times: 1, each: day, last: 3 days}]", "keys-contradict"),
        ("limits: [{not_within: 3 days, each: day}]", "missing-key"),
        ("limits: [{times: 1}, {times: 2}]", "limits-contradict"),
        ("limits: [{times: 1, over: clamp}]", "limits-contradict"),
        ("then: [add_tag: x]\nlimits: [{points: 5}]", "limits-contradict"),
        ("limits: [{times: 0}]", "not-positive"),
        ("limits: [{points: 0}]", "not-positive"),
        ("limits: [{times: 1, per: family}]", "unknown-choice"),
        ("then: [award_points: {points: 5, of: tea}]\nlines: {tea: {category: tea}}", "missing-key"),
        ("then: [award_points: {points: 5, times_base: 2}]", "keys-contradict"),
        ("then: [award_points: {times_base: 1}]", "not-positive"),
        ("then: [award_points: {points: 5, for_each: {tea: 1}}]", "unknown-name"),
        ("then: [award_points: {points: 5, or_lapse: 3 days}]", "missing-key"),
        ("then: [issue_voucher: none]", "unknown-name"),
        ("then: [issue_code: none]", "unknown-name"),
        ("then: [set_attribute: {attribute: email, value: x}]", "personal-attribute"),
        ("then: [set_attribute: {attribute: town, value: x}]", "unknown-name"),
        ("then: [set_tier: {ladder: status, tier: platinum}]", "unknown-name"),
        ("then: [set_tier: {ladder: stars, tier: gold}]", "unknown-name"),
        ("on: {every: week, day: 3}", "keys-contradict"),
        ("on: {every: month, yearly: member.profile.city}", "keys-contradict"),
        ("on: {yearly: member.profile.city}", "field-type"),
        ("on: {yearly: city}", "unknown-field"),
        ("on: {after: 3 days}", "missing-key"),
        ("on: {every: month}\nthen: [award_points: {points: 1, per: 1.00}]", "field-not-here"),
        ("on: tier.upgraded\nwhen: {transaction.channel: app}", "field-not-here"),
        ("on: points.awarded\nwhen: {points.account: stars}", "unknown-name"),
    ],
)
def test_a_mistake_in_limits_effects_and_schedules_has_its_code(body: str, code: str) -> None:
    assert code in {each.code for each in said({"c": body})}
    assert compiled({"c": body}).ruleset is None


@pytest.mark.parametrize(
    ("path", "old", "new", "code"),
    [
        ("tiers/status.yaml", "tier_points: 50000", "tier_points: 500", "ladder-not-ascending"),
        ("tiers/status.yaml", "stay: {tier_points: 40000}", "stay: {tier_points: 60000}", "ladder-not-ascending"),
        ("tiers/status.yaml", "counter.outlets: 30", "counter.nothing: 30", "unknown-name"),
        ("tiers/status.yaml", "  gold: {then", "  platinum: {then", "unknown-name"),
        (
            "tiers/status.yaml",
            "issue_voucher: free-refill",
            "award_points: {points: 5, to: referrer}",
            "field-not-here",
        ),
        ("tiers/status.yaml", "{until: end_of_next_year,", "{", "missing-key"),
        ("achievements/spender.yaml", "1000.00", "many", "field-type"),
        ("achievements/spender.yaml", "counter.spend", "spend", "unknown-field"),
        ("vouchers/percent.yaml", "12.5", "0", "not-positive"),
        ("vouchers/gift-card.yaml", "200.00", "200.005", "field-type"),
        ("vouchers/gift-card.yaml", "{pool: amazon}", "{pool: ebay}", "unknown-name"),
        ("vouchers/gift-card.yaml", "until: 2026-12-31", "until: 2026-10-31", "never-runs"),
        ("vouchers/free-refill.yaml", "price: 5000", "price: 0", "not-positive"),
        ("vouchers/free-refill.yaml", "tiers: [gold]", "tiers: [platinum]", "unknown-name"),
        ("pools/amazon.yaml", "issuer: amazon", "keep_code: false", "keys-contradict"),
        ("pools/acme.yaml", "when_empty: queue", "when_empty: {fallback: amazon}", "definition-cycle"),
        ("promo-codes/thanks-2026.yaml", "THX-############", "THX-###", "code-guessable"),
        (
            "promo-codes/thanks-2026.yaml",
            "{generate: 10000, pattern: THX-############}",
            "{code: X}",
            "keys-contradict",
        ),
        ("messages.yaml", "Europe/London", "Europe/Londn", "unknown-choice"),
        ("feedback.yaml", "types: merchant_declined", "types: nothing", "unknown-name"),
        ("lists/airports.csv", "JFK,New York", "JFK", "csv-row"),
        ("outlets.csv", "west", "we\ud800st", "yaml-syntax"),
        ("outlets.csv", "America/Los_Angeles", "Los Angeles", "unknown-choice"),
        ("rates.csv", "1.17", "much", "field-type"),
        ("rates.csv", "currency,", "money,", "missing-key"),
        ("rates.csv", "from", "since", "unknown-key"),
    ],
)
def test_a_mistake_in_any_other_file_has_its_code(path: str, old: str, new: str, code: str) -> None:
    assert old in WHOLE[path]
    found = compile_sources({**WHOLE, path: WHOLE[path].replace(old, new, 1)})
    assert code in {each.code for each in found.diagnostics}
    assert found.ruleset is None

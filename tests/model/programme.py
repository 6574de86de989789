"""The programme that the model knows by heart: real YAML, compiled. `worth.py` says the same in plain Python."""

from functools import cache
from typing import Literal

from engine.match.plain import PlainMatcher
from engine.rulebook.compiler import compile_sources
from engine.ruleset.matching import Rules

Negative = Literal["never", "allowed"]

_PROGRAMME = """programme: model
zone: America/New_York
currency: USD
accounts:
  points: {worth: 0.01, expires: {after: 3 months, round: end_of_month}, negative: %s, hold_for: 30 hours}
  tier_points: {spendable: false}
line_attributes: {no_points: {type: bool}}
earning: {except: {any: [{category: gift_card}, {attributes.no_points: true}]}}
counters:
  visits: {on: transaction.completed, add: 1}
  drinks: {on: transaction.completed, lines: {category: drinks}, add: pieces}
groups: {multipliers: {keep: highest, scope: transaction}}
time: {clock: wall, late: 30 days, then: refuse}
returns: {accept_for: 100 days}
"""
_TIERS = """tiers: status
qualify: {within: calendar_year}
levels:
  - {tier: blue}
  - {tier: silver, from: {tier_points: 100}}
  - {tier: gold, from: {tier_points: 300}}
on_return: reverse_upgrade
"""
CAMPAIGNS = {
    "base-earn": "base: true\nthen: [award_points: {points: 1, per: 1.00}]",
    "fresh": "lines: {produce: {category: produce}}\n"
    "then: [award_points: {points: 5, per: 1.00, of: produce, each_line: true}]\n"
    "limits: [{points: 150, each: month}]",
    "steps": "lines: {household: {category: household}}\nthen: [award_points: {points: 7, every: 5.00, of: household}]",
    "meal": "lines: {mains: {category: mains}, drinks: {category: drinks}}\n"
    "then: [award_points: {points: 40, for_each: {mains: 1, drinks: 2}, at_most: 3}]",
    "big-basket": "when: {transaction.amount: {at_least: 40.00}}\nthen: [award_points: {points: 25}]\n"
    "limits: [{times: 1, each: day}]",
    "small-shop": "when: {transaction.amount: {more_than: 0.00, at_most: 15.00}}\nthen: [award_points: {points: 3}]",
    "half-more": "when: {transaction.amount: {at_least: 20.00}}\nthen: [award_points: {times_base: 1.5}]\n"
    "group: multipliers",
    "triple-drinks": "lines: {drinks: {category: drinks}}\nwhen: {drinks.pieces: {at_least: 2}}\n"
    "then: [award_points: {times_base: 3, of: drinks}]\ngroup: multipliers",
    "feast": "when: {transaction.amount: {at_least: 60.00}}\nthen: [award_points: {points: 60}]\ngroup: multipliers",
    "later": "lines: {household: {category: household}}\n"
    "then: [award_points: {points: 2, per: 1.00, of: household, pending_for: 14 days}]",
    "silver-meal": "audience: {member.tier: [silver, gold]}\nlines: {mains: {category: mains}}\n"
    "when: {mains.count: {at_least: 1}}\nthen: [award_points: {points: 15, expires: {after: 10 days}}]",
    "regular": "when: {counter.visits: {every: 3}}\nthen: [award_points: {points: 20}]",
    "status": "then: [award_points: {points: 1, per: 1.00, account: tier_points}]",
}


@cache
def rules_of(negative: Negative) -> Rules:
    """The programme in force, with one answer to what happens when more is taken than there is (B-6)."""
    sources = {"programme.yaml": _PROGRAMME % negative, "tiers/status.yaml": _TIERS}
    for name, body in CAMPAIGNS.items():
        sources[f"campaigns/{name}.yaml"] = f"campaign: {name}\non: transaction.completed\n{body}\n"
    compiled = compile_sources(sources)
    if compiled.ruleset is None:
        raise AssertionError("\n".join(str(each) for each in compiled.diagnostics))
    return Rules(compiled.ruleset, PlainMatcher(compiled.ruleset))

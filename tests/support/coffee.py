"""A coffee shop's rules as texts, and the tests beside them tried out."""

from collections.abc import Mapping

from engine.rulebook.compiler import compile_sources
from engine.rulebook.diagnostics import Report
from engine.rulebook.rendering import render
from engine.ruleset.model import Ruleset
from engine.trying.running import Trial, Tried, run_suites
from engine.trying.suites import read_suites

PROGRAMME = """\
programme: coffee-shop
zone: America/New_York
currency: USD
accounts:
  points: {worth: 0.01, expires: {after: 30 days}}
  stars: {}
attributes: {city: {type: text}}
"""
DOUBLE = """\
campaign: double-coffee
title: Double points on coffee for silver in the app
runs: {from: 2026-11-01, until: 2026-12-31}
on: transaction.completed
audience:
  member.tier: silver
  member.opted_in: true
lines:
  coffee: {category: coffee, except: {attributes.free: true}}
when:
  transaction.channel: app
  transaction.amount: {at_least: 20.00}
  coffee.pieces: {at_least: 2}
  time.weekday: [tuesday]
then:
  - award_points: {points: 1, per: 1.00, of: coffee}
otherwise:
  - notify: {message: two-coffees-needed}
"""
BASE = """\
campaign: base
on: transaction.completed
base: true
then:
  - award_points: {points: 1, per: 1.00}
"""
RULES: Mapping[str, str] = {
    "programme.yaml": PROGRAMME,
    "messages.yaml": "messages:\n  two-coffees-needed: {}\n  welcome: {on: member.enrolled}\n",
    "tiers/status.yaml": (
        "tiers: status\nqualify: {within: calendar_year}\nlevels:\n  - {tier: blue}\n"
        "  - {tier: silver, from: {points: 1000}}\n"
    ),
    "campaigns/base.yaml": BASE,
    "campaigns/double-coffee.yaml": DOUBLE,
}
TEST = "campaigns/double-coffee.test.yaml"
GIVEN = "campaign: double-coffee\ngiven: {member: {tier: silver, opted_in: [double-coffee]}}\ncases:\n"
SALE = "transaction: {channel: app, time: 2026-11-03T09:00, lines: [{category: coffee, quantity: 2, amount: 24.00}]}"


def compiled(**changed: str) -> Ruleset:
    """The shop's rules, with some files given otherwise: `double_coffee` is `campaigns/double-coffee.yaml`."""
    texts = {**RULES, **{path: changed[name] for path in RULES if (name := _name(path)) in changed}}
    made = compile_sources(texts)
    assert made.ruleset is not None, render(made.diagnostics, made.sources)
    return made.ruleset


def tried(text: str, path: str = TEST, ruleset: Ruleset | None = None) -> list[tuple[Trial, Tried]]:
    """The cases of a file of tests, run."""
    report = Report()
    made = ruleset or compiled()
    suites = read_suites({path: text}, made, report)
    assert not report.sorted(), render(report.sorted(), {path: text})
    return list(run_suites(suites, made))


def case(when: str, then: str, given: str = "") -> str:
    """A case in one line each."""
    return f"  - name: a case\n    when: {{{when}}}\n    then: {then}\n" + (f"    given: {given}\n" if given else "")


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1].removesuffix(".yaml").replace("-", "_")

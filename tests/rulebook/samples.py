"""A small folder of rules that compiles without a word, to change one thing in."""

from collections.abc import Mapping

from engine.rulebook.compiler import Compiled, compile_sources
from engine.rulebook.diagnostics import Diagnostic

PROGRAMME = """programme: sample
zone: America/New_York
currency: USD
accounts:
  points: {worth: 0.01, expires: {after: 12 months, round: end_of_month}}
attributes:
  city: {type: text}
  email: {type: text, personal: true}
"""
TIERS = """tiers: status
qualify: {within: calendar_year}
levels:
  - {tier: blue}
  - {tier: silver, from: {points: 500}}
  - {tier: gold, from: {points: 2000}}
"""
MESSAGES = """messages:
  welcome: {on: member.enrolled}
  near-miss: {}
"""
BASE = {
    "programme.yaml": PROGRAMME,
    "tiers/status.yaml": TIERS,
    "messages.yaml": MESSAGES,
    "campaigns/base-earn.yaml": (
        "campaign: base-earn\non: transaction.completed\nbase: true\nthen: [award_points: {points: 1, per: 1.00}]\n"
    ),
}


def campaign(name: str, body: str) -> str:
    """A campaign of 50 points with what `body` adds or says otherwise."""
    usual = {"runs": "{until: 2030-12-31}", "on": "transaction.completed", "then": "[award_points: {points: 50}]"}
    given = {line.partition(":")[0] for line in body.split("\n")}
    lines = [f"{key}: {value}" for key, value in usual.items() if key not in given]
    return "\n".join([f"campaign: {name}", *lines, body, ""])


def sources(campaigns: Mapping[str, str] | None = None, **files: str) -> dict[str, str]:
    """The folder with campaigns by name and body, and files by name (`programme`, `messages`)."""
    changed = {f"{name}.yaml": text for name, text in files.items()}
    added = {f"campaigns/{name}.yaml": campaign(name, body) for name, body in (campaigns or {}).items()}
    return {**BASE, **changed, **added}


def compiled(campaigns: Mapping[str, str] | None = None, **files: str) -> Compiled:
    """The folder compiled."""
    return compile_sources(sources(campaigns, **files))


def said(campaigns: Mapping[str, str] | None = None, **files: str) -> list[Diagnostic]:
    """What the compiler says of it."""
    return list(compiled(campaigns, **files).diagnostics)

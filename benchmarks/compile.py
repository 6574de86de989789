"""How long compiling takes: a whole folder of campaigns, and a check of one that changed. `python benchmarks/compile.py [NUMBER]`."""

import sys
import tempfile
import time
from pathlib import Path

from engine.rulebook.compiler import check_changed, compile_folder

CAMPAIGNS = 10_000
PROGRAMME = """programme: large
zone: America/New_York
currency: USD
accounts: {points: {worth: 0.01, expires: {after: 12 months}}}
attributes: {city: {type: text}}
counters: {visits: {on: transaction.completed}}
groups: {offers: {keep: first}}
"""
TIERS = (
    "tiers: status\nlevels: [{tier: blue}, {tier: silver, from: {points: 500}}, {tier: gold, from: {points: 2000}}]\n"
)


def campaign(number: int) -> str:
    """A campaign of the usual size."""
    return f"""campaign: c{number}
title: Offer {number}
runs: {{from: 2026-11-01, until: 2026-12-31T18:00}}
on: transaction.completed
audience: {{member.tier: [silver, gold], member.profile.city: New York, counter.visits: {{at_least: 3, last: 30 days}}}}
lines:
  some: {{category: category-{number % 500}, except: {{attributes.free: true}}}}
when:
  transaction.channel: app
  some.pieces: {{at_least: {number % 5 + 1}}}
then:
  - award_points: {{points: {number % 9 + 1}, per: 1.00, of: some}}
limits: [{{times: 1, each: day}}, {{points: 500, each: month}}]
group: offers
priority: {number % 100}
"""


def write(folder: Path, number: int) -> None:
    """A folder with that many campaigns."""
    (folder / "campaigns").mkdir()
    (folder / "tiers").mkdir()
    (folder / "programme.yaml").write_text(PROGRAMME, encoding="utf-8")
    (folder / "tiers" / "status.yaml").write_text(TIERS, encoding="utf-8")
    for each in range(number):
        (folder / "campaigns" / f"c{each}.yaml").write_text(campaign(each), encoding="utf-8")


def main() -> None:
    """Prints both times, in seconds of one core."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else CAMPAIGNS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, number)
        begun = time.process_time()
        compiled = compile_folder(folder)
        print(f"compile {number} campaigns: {time.process_time() - begun:.1f} s")
        if compiled.ruleset is None:
            raise SystemExit(f"it does not compile: {compiled.diagnostics[:3]}")
        begun = time.process_time()
        checked = check_changed(folder, {"campaigns/c7.yaml"})
        print(f"check one that changed: {time.process_time() - begun:.2f} s, {len(checked.diagnostics)} diagnostics")


if __name__ == "__main__":
    main()

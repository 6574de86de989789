"""A small chain whose members meet: a cap that all share, referrals, a merge, receipts, a schedule; as YAML and as public events."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from engine.core import instants
from engine.core.instants import DAY_MS, HOUR_MS
from engine.replay.lines import Line
from engine.rulebook.compiler import compile_folder
from engine.ruleset.model import Ruleset

START = instants.parse("2026-03-02T15:00:00Z")

PROGRAMME = """\
programme: chain
zone: America/New_York
currency: USD
accounts: {points: {worth: 0.01, expires: {after: 12 months}}}
time: {clock: %s, late: 400 days, then: accept, ahead: 15 minutes}
"""
BASE = """\
campaign: base
on: transaction.completed
base: true
then:
  - award_points: {points: %d, per: 1.00}
"""
LUCKY = """\
campaign: lucky
on: transaction.completed
when: {transaction.amount: {at_least: %d.00}}
then:
  - award_points: {points: 100}
limits:
  - {times: %d, per: campaign}
"""
REFERRAL = """\
campaign: referral
on: transaction.completed
audience: {member.referred: true}
then:
  - award_points: {points: 50}
  - award_points: {points: 70, to: referrer}
limits:
  - {times: 1, per: member}
"""
MONTHLY = """\
campaign: monthly
on: {every: month, day: 5}
then:
  - award_points: {points: 5}
"""
TIERS = """\
tiers: status
qualify: {within: calendar_year}
levels:
  - {tier: blue}
  - {tier: silver, from: {points: %d}}
"""
MESSAGES = "messages:\n  tier_upgraded: {on: tier.upgraded}\n"


def texts(
    *, clock: str = "wall", rate: int = 1, cap: int = 3, lucky_from: int = 20, silver: int = 300, **files: str | None
) -> dict[str, str]:
    """The rules as files, by path; `files` puts another campaign by its name, or leaves one out with None."""
    campaigns: dict[str, str | None] = {
        "base": BASE % rate,
        "lucky": LUCKY % (lucky_from, cap),
        "referral": REFERRAL,
        "monthly": MONTHLY,
        **files,
    }
    found = {"programme.yaml": PROGRAMME % clock, "tiers/status.yaml": TIERS % silver, "messages.yaml": MESSAGES}
    found.update({f"campaigns/{name}.yaml": text for name, text in campaigns.items() if text is not None})
    return found


def write(folder: Path, **said: Any) -> Path:
    """The rules in a folder."""
    for name, text in texts(**said).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def chain(folder: Path, **said: Any) -> Ruleset:
    """The rules, compiled in a folder that is new."""
    compiled = compile_folder(write(folder, **said))
    if compiled.ruleset is None:
        raise AssertionError([each.message for each in compiled.diagnostics])
    return compiled.ruleset


def enrolled(member: str, at_ms: int = START, **data: Any) -> Line:
    """An enrolment."""
    return _line("members", "member.enrolled", member, at_ms, data)


def sale(member: str, number: int | str, amount: str, at_ms: int, **line: Any) -> Line:
    """A sale of one line; `amount` as `12.50`."""
    minor = int(amount.replace(".", ""))
    lines = [{"line_id": "1", "sku": "S", "quantity": 2, "amount_minor": minor, "category": "grocery", **line}]
    data = {"transaction_id": f"T-{number}", "currency": "USD", "amount_minor": minor, "lines": lines}
    return _line("transactions", "transaction.completed", member, at_ms, data)


def returned(member: str, number: int | str, at_ms: int, quantity: int = 2) -> Line:
    """The return of a sale's pieces."""
    lines = [{"line_id": "1", "quantity": quantity}]
    data = {"return_id": f"R-{number}", "original_transaction_id": f"T-{number}", "lines": lines}
    return _line("returns", "transaction.returned", member, at_ms, data)


def spent(member: str, number: int | str, points: int, at_ms: int) -> Line:
    """A spending."""
    data = {"spend_id": f"S-{number}", "account": "points", "points": points}
    return _line("commands", "points.spend_requested", member, at_ms, data)


def merged(member: str, other: str, at_ms: int) -> Line:
    """A merge of another member into one."""
    return _line("members", "member.merged", member, at_ms, {"merge_id": f"G-{other}", "merged_member_id": other})


def life(seed: int, members: int = 12, days: int = 50) -> list[Line]:
    """So many members for so many days, of which each refers the next one now and then."""
    return list(_life(random.Random(seed), members, days))


def _life(made: random.Random, members: int, days: int) -> Iterator[Line]:
    sales: list[tuple[str, str]] = []
    for at in range(members):
        by = {"referred_by": f"M-{at - 1}"} if at % 3 == 1 else {}
        yield enrolled(f"M-{at}", START + at * HOUR_MS, **by)
    for day in range(2, days):
        for at in range(members):
            now, number = START + day * DAY_MS + at * HOUR_MS // 2, f"{day}-{at}"
            if made.random() < 0.3:
                yield sale(f"M-{at}", number, f"{made.randrange(1, 60)}.{made.randrange(100):02d}", now)
                sales.append((f"M-{at}", number))
            if sales and made.random() < 0.05:
                member, sold = sales.pop(made.randrange(len(sales)))
                yield returned(member, sold, now + 1_000, made.choice((1, 2)))
            if made.random() < 0.03:
                yield spent(f"M-{at}", number, made.randrange(1, 80), now + 2_000)
        if day == days // 2:
            yield merged("M-0", f"M-{members - 1}", START + day * DAY_MS + 20 * HOUR_MS)


def _line(topic: str, kind: str, member: str, at_ms: int, data: dict[str, Any]) -> Line:
    event = {
        "specversion": "1.0",
        "id": f"{kind}-{member}-{at_ms}",
        "source": "chain",
        "type": kind,
        "time": instants.render(at_ms),
        "data": {"member_id": member, **data},
    }
    return Line(topic, member.encode(), orjson.dumps(event))

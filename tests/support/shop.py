"""A grocer's year in small, as public events for the rules that the project ships: sales, returns, spends, cancellations."""

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

START = instants.parse("2017-01-02T09:00:00Z")
RULES = Path(__file__).parents[2] / "rules"
CATEGORIES = ("grocery", "produce", "seafood", "pastry", "deli", "spirits")


def grocer(folder: Path = RULES) -> Ruleset:
    """The rules of a folder, compiled; those that the project ships by default."""
    compiled = compile_folder(folder)
    if compiled.ruleset is None:
        raise AssertionError(f"{folder}: {compiled.diagnostics}")
    return compiled.ruleset


def shop(seed: int = 1, members: int = 6, days: int = 30) -> list[Line]:
    """So many members who buy nearly every day; now and then something comes back, is cancelled, is sent twice or is spent."""
    return list(_events(random.Random(seed), members, days))


def _events(made: random.Random, members: int, days: int) -> Iterator[Line]:
    for at in range(members):
        profile = {"kids": str(made.randrange(4))}
        yield _line("members", "member.enrolled", f"M-{at}", START + at, {"profile": profile})
    sales: list[tuple[str, str, int]] = []
    for day in range(days):
        for at in range(members):
            time_ms = START + day * DAY_MS + at * HOUR_MS
            member, number = f"M-{at}", f"{day}-{at}"
            if made.random() < 0.8:
                sale = _line("transactions", "transaction.completed", member, time_ms, _sale(made, f"T-{number}"))
                yield sale
                if made.random() < 0.05:
                    yield sale
                sales.append((member, f"T-{number}", time_ms))
            if sales and made.random() < 0.15:
                whose, sold, _ = sales.pop(made.randrange(len(sales)))
                yield _back(made, whose, sold, f"R-{number}", time_ms + 1)
            if made.random() < 0.05:
                spend = {"spend_id": f"S-{number}", "account": "points", "points": made.randrange(1, 60)}
                yield _line("commands", "points.spend_requested", member, time_ms + 2, spend)


def _sale(made: random.Random, number: str) -> dict[str, Any]:
    lines = [
        {
            "line_id": str(at),
            "sku": f"S{made.randrange(20)}",
            "quantity": made.randrange(1, 4),
            "amount_minor": made.randrange(50, 4000),
            "category": made.choice(CATEGORIES),
        }
        for at in range(1, made.randrange(2, 7))
    ]
    return {
        "transaction_id": number,
        "currency": "USD",
        "amount_minor": sum(int(str(line["amount_minor"])) for line in lines),
        "lines": lines,
    }


def _back(made: random.Random, member: str, sold: str, number: str, time_ms: int) -> Line:
    if made.random() < 0.3:
        data: dict[str, Any] = {"transaction_id": sold, "reason": "mistake"}
        return _line("transactions", "transaction.cancelled", member, time_ms, data)
    data = {"return_id": number, "original_transaction_id": sold, "lines": [{"line_id": "1", "quantity": 1}]}
    return _line("returns", "transaction.returned", member, time_ms, data)


def _line(topic: str, kind: str, member: str, time_ms: int, data: dict[str, Any]) -> Line:
    event = {
        "specversion": "1.0",
        "id": f"{kind}-{member}-{time_ms}",
        "source": "shop",
        "type": kind,
        "time": instants.render(time_ms),
        "data": {"member_id": member, **data},
    }
    return Line(topic, member.encode(), orjson.dumps(event))

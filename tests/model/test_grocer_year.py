"""A year of the public baskets with returns in arbitrary parts: every member's points and tier, recomputed beside the engine."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from engine.cli import baskets
from engine.replay.lines import Line
from tests.model.grocer_year import Year
from tests.support.recorded import Remembered, remember
from tests.support.shop import grocer

HOUSEHOLDS = 12
END = datetime(2017, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize("seed", [1, 2])
def test_points_and_tiers_of_a_year_with_returns_are_those_recomputed(seed: int) -> None:
    events = sorted(_events(seed), key=lambda event: datetime.fromisoformat(event["time"]))
    year = Year()
    for event in events:
        year.take(event)
    history = remember(grocer(), [Line(_topic(event["type"]), b"", orjson.dumps(event)) for event in events])
    members = {row["member_id"]: row for row in _members(history)}
    earned = {member: row["accounts"].get("points", {"earned": 0})["earned"] for member, row in members.items()}
    assert earned == year.points()
    assert {member: row["ladders"]["status"]["tier"] for member, row in members.items()} == {
        member: "gold" if points >= 3000 else "silver" if points >= 1000 else "blue"
        for member, points in earned.items()
    }
    assert sum(event["type"] == "transaction.returned" for event in events) > 100
    assert year.refused > 0  # some come back that are back already


def _events(seed: int) -> Iterator[dict[str, Any]]:
    made = random.Random(seed)
    print(f"seed {seed}")
    for line in baskets.lines(baskets.load(HOUSEHOLDS)):
        event = orjson.loads(line.value or b"")
        yield event
        if event["type"] == "transaction.completed" and event["data"]["lines"] and made.random() < 0.3:
            yield from _returns(made, event)


def _returns(made: random.Random, sale: dict[str, Any]) -> Iterator[dict[str, Any]]:
    time, data = datetime.fromisoformat(sale["time"]).astimezone(UTC), sale["data"]
    for number in range(made.choice((1, 1, 2, 3, 6))):
        time += timedelta(hours=made.randrange(1, 24 * 15))
        if time > END:
            return
        member = {"member_id": data["member_id"]} if made.random() < 0.5 else {}
        if made.random() < 0.1:
            said = {"transaction_id": data["transaction_id"]}
            yield _event("transaction.cancelled", f"{data['transaction_id']}-{number}", time, said | member)
            continue
        chosen = made.sample(data["lines"], min(len(data["lines"]), made.randrange(1, 5)))
        said = {
            "return_id": f"{data['transaction_id']}-{number}",
            "original_transaction_id": data["transaction_id"],
            "lines": [_part(made, line) for line in chosen],
        }
        yield _event("transaction.returned", said["return_id"], time, said | member)


def _part(made: random.Random, line: dict[str, Any]) -> dict[str, Any]:
    part = {"line_id": line["line_id"], "quantity": made.randrange(line["quantity"] + 1)}
    if made.random() < 0.2:
        part["amount_minor"] = made.randrange(line["amount_minor"] + 1)
    return part


def _event(kind: str, number: str, time: datetime, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{kind}-{number}",
        "source": "till",
        "type": kind,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "data": data,
    }


def _topic(kind: str) -> str:
    return {"member.enrolled": "members", "transaction.returned": "returns"}.get(kind, "transactions")


def _members(history: Remembered) -> Iterator[dict[str, Any]]:
    for number in range(history.partitions):
        for row in history.rows(history.snapshots[0], number):
            if row.key.startswith(b"member:") and b"/" not in row.key:
                yield orjson.loads(row.value or b"")

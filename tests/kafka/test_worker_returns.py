"""Points, spends and returns through a worker on a broker, with kill -9 in between: exact to the point, and the books close."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson

from engine.broker.settings import Settings
from tests.support.workers import WorkerProcess, cloudevent, enrolment, events_of, feed, publish, records_of, until

MEMBERS = 20
SALES = 600


class Story:
    """What members buy, return and spend, in an order of its own for each topic, and the points that must be left."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.inputs: list[tuple[str, bytes | None]] = []
        self.points: Counter[str] = Counter()
        for number in range(SALES):
            self._sale(f"M-{rng.randrange(MEMBERS)}", f"T-{number}")
        rng.shuffle(self.inputs)  # a return may come before its sale

    def _sale(self, member: str, transaction: str) -> None:
        pieces = [self.rng.randrange(1, 4) for _ in range(self.rng.randrange(1, 4))]
        lines = [
            {"line_id": str(at), "sku": "S", "quantity": count, "amount_minor": 1000 * count, "category": "grocery"}
            for at, count in enumerate(pieces)
        ]
        total = sum(pieces) * 1000
        data = {"transaction_id": transaction, "currency": "USD", "amount_minor": total, "lines": lines}
        self._add("transactions", "transaction.completed", transaction, {**data, "member_id": member})
        kept = list(pieces)
        for number in range(self.rng.choice((0, 0, 1, 2))):
            at = self.rng.randrange(len(kept))
            count = self.rng.randrange(kept[at] + 1)
            if count:
                kept[at] -= count
                self._return(member, transaction, f"{transaction}-{number}", {"line_id": str(at), "quantity": count})
        if self.rng.random() < 0.1:
            kept = [0]
            what = {"transaction_id": transaction}
            self._add("transactions", "transaction.cancelled", f"cancel-{transaction}", what)
        self.points[member] += 10 * sum(kept)

    def _return(self, member: str, transaction: str, name: str, line: dict[str, Any]) -> None:
        """Every other return names the receipt alone."""
        data: dict[str, Any] = {"return_id": name, "original_transaction_id": transaction, "lines": [line]}
        if self.rng.random() < 0.5:
            data["member_id"] = member
        self._add("returns", "transaction.returned", f"return-{name}", data)

    def _add(self, topic: str, kind: str, name: str, data: dict[str, Any]) -> None:
        self.inputs.append((topic, cloudevent(kind, name, data)))


def parts(inputs: list[tuple[str, bytes | None]], count: int) -> Iterator[list[tuple[str, bytes | None]]]:
    """The inputs in so many parts."""
    size = -(-len(inputs) // count)
    for start in range(0, len(inputs), size):
        yield inputs[start : start + size]


async def test_returns_in_any_order_leave_what_the_kept_lines_earn_through_kills(
    deployment: Settings, rng: random.Random
) -> None:
    story = Story(rng)
    await publish(deployment)
    await feed(deployment, [enrolment(f"M-{number}") for number in range(MEMBERS)])
    for part in parts(story.inputs, 3):
        with WorkerProcess(deployment) as worker:
            worker.wait_for("ready")
            await feed(deployment, part)
            await asyncio.sleep(rng.random() * 2)
            worker.kill()
    with WorkerProcess(deployment) as worker:
        worker.wait_for("ready")
        inputs = MEMBERS + len(story.inputs)
        decisions = await until(
            deployment, "decisions", lambda events: len({each["causationid"] for each in events}) >= inputs, 90
        )
        assert worker.stop() == 0
    assert len(decisions) == inputs
    rows = await _member_rows(deployment)
    # A partial return after the cancellation of its sale is refused, all else is decided.
    assert {each["data"]["status"] for each in decisions} <= {"decided", "refused: already_returned"}
    assert {name: row["accounts"]["points"]["balance"] for name, row in rows.items()} == dict(story.points)
    assert await _books_of_the_topic(deployment) == {
        name: row["accounts"]["points"]["books"] for name, row in rows.items()
    }


async def test_what_was_spent_on_a_sale_comes_back_with_it(deployment: Settings) -> None:
    sale = {"currency": "USD", "member_id": "M-1", "amount_minor": 10_000}
    line = {"line_id": "1", "sku": "S", "quantity": 2, "amount_minor": 10_000}
    paid = [{"method": "points", "amount_minor": 400, "spend_id": "S-1"}]
    spend = {"spend_id": "S-1", "member_id": "M-1", "account": "points", "points": 40}
    steps: list[tuple[str, bytes | None]] = [
        enrolment("M-1"),
        ("transactions", cloudevent("transaction.completed", "1", {**sale, "transaction_id": "T-1", "lines": [line]})),
        ("commands", cloudevent("points.spend_requested", "2", spend)),
        (
            "transactions",
            cloudevent(
                "transaction.completed", "3", {**sale, "transaction_id": "T-2", "lines": [line], "payments": paid}
            ),
        ),
        ("transactions", cloudevent("transaction.cancelled", "4", {"transaction_id": "T-2"})),
    ]
    await publish(deployment)
    with WorkerProcess(deployment) as worker:
        for number, step in enumerate(steps, 1):
            await feed(deployment, [step])

            def enough(events: Any, wanted: int = number) -> bool:
                return len(events) >= wanted

            await until(deployment, "decisions", enough)
        assert worker.stop() == 0
    told = [(each["type"], each["data"]["points"]) for each in await events_of(deployment, "points")]
    assert told == [
        ("points.awarded", 100),
        ("points.spent", 40),
        ("points.awarded", 96),
        ("points.restored", 40),
        ("points.reversed", 96),
    ]
    assert (await _member_rows(deployment))["M-1"]["accounts"]["points"]["balance"] == 100


async def _member_rows(settings: Settings) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for record in await records_of(settings, "state"):
        key = record.key.decode()
        if key.startswith("member:") and "/" not in key:
            rows[key.removeprefix("member:")] = orjson.loads(record.value)
    return rows


async def _books_of_the_topic(settings: Settings) -> dict[str, dict[str, int]]:
    """The books as anybody adds them up from the postings of the topic `points`."""
    books: dict[str, Counter[str]] = {f"M-{number}": Counter() for number in range(MEMBERS)}
    for event in await events_of(settings, "points"):
        for posting in event["data"]["postings"]:
            books[event["data"]["member_id"]][posting["debit"]] -= posting["points"]
            books[event["data"]["member_id"]][posting["credit"]] += posting["points"]
    assert all(sum(each.values()) == 0 for each in books.values())
    return {name: {bucket: points for bucket, points in each.items() if points} for name, each in books.items()}

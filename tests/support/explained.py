"""Public events of a few members, and what `guerdon explain` says of them."""

from typing import Any

import orjson

from engine.core import instants
from engine.core.instants import DAY_MS
from engine.replay.explaining import model
from engine.replay.explaining.chain import explain
from engine.replay.lines import Line
from tests.support.recorded import Remembered

START = instants.parse("2026-03-02T12:00:00Z")


def told(topic: str, kind: str, member: str, day: int, event_id: str, source: str = "pos", **data: Any) -> Line:
    """A public event at noon of a day after the start."""
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": kind,
        "time": instants.render(START + day * DAY_MS),
        "data": {"member_id": member, **data},
    }
    return Line(topic, member.encode(), orjson.dumps(event))


def enrolled(member: str, **data: Any) -> Line:
    """An enrolment on the first day."""
    return told("members", "member.enrolled", member, 0, f"join-{member}", **data)


def sold(member: str, name: str, day: int, *amounts: int, source: str = "pos", **more: Any) -> Line:
    """A sale with a line of each amount, of two pieces; the event has the sale's name."""
    lines = [
        {"line_id": str(number), "sku": f"S{number}", "quantity": 2, "amount_minor": amount, **more.get("line", {})}
        for number, amount in enumerate(amounts, 1)
    ]
    data = {"transaction_id": name, "currency": "USD", "amount_minor": sum(amounts), "lines": lines}
    data |= {key: value for key, value in more.items() if key != "line"}
    return told("transactions", "transaction.completed", member, day, name, source, **data)


def returned(member: str, name: str, of: str, day: int, pieces: int = 1, line: str = "1") -> Line:
    """Some pieces of a line come back."""
    back = [{"line_id": line, "quantity": pieces}]
    data: dict[str, Any] = {"return_id": name, "original_transaction_id": of, "lines": back}
    return told("returns", "transaction.returned", member, day, name, **data)


def spent(member: str, name: str, points: int, day: int) -> Line:
    """A spending of points."""
    data: dict[str, Any] = {"spend_id": name, "account": "points", "points": points}
    return told("commands", "points.spend_requested", member, day, name, **data)


def explained(history: Remembered, asked: str, source: str | None = None) -> model.Explanation:
    """The explanation, as it is after a way through JSON."""
    found = explain(history, asked, source)
    again = model.Explanation.model_validate_json(orjson.dumps(found.model_dump(mode="json")))
    assert again == found
    return found


def outcome(history: Remembered, kind: str, number: int = 0, **fields: Any) -> str:
    """The id of an outcome of a type that says so."""
    events = [orjson.loads(each.value) for key in sorted(history.outcomes) for each in history.outcomes[key]]
    found = [
        event
        for event in events
        if event["type"] == kind and all(event["data"].get(name) == value for name, value in fields.items())
    ]
    return str(found[number]["id"])


def campaign(found: model.Explanation, name: str) -> model.Campaign:
    """What is said of a campaign on the input."""
    return next(each for each in found.considered[0].campaigns if each.campaign == name)

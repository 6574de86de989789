"""Public events as producers write them, right and wrong, and the intake that reads them."""

import json
from base64 import b64decode
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import orjson

from engine.core.calendar import Zone
from engine.core.records import Event
from engine.ruleset.model import Attribute, Earning, Programme, TimeRules
from engine.wire import journal
from engine.wire.intake import Accepted, Dead, Intake, SourceRecord
from engine.wire.sealing import external_hash
from schemas.registry import OUTPUTS

SECRET = b"a secret of the deployment, long"
MAX_BYTES = 1 << 20
RECEIVED_MS = 1_793_800_000_000
DATA: dict[str, dict[str, Any]] = json.loads((Path(__file__).parents[1] / "schemas" / "inputs.json").read_text())

ADA = external_hash(SECRET, "email", "ada@example.com")


def counting_random() -> Callable[[int], bytes]:
    """Bytes that differ with each call, the same in each run."""
    calls = cycle(range(1, 255))
    return lambda size: bytes([next(calls)]) * size


def programme(*attributes: Attribute, transaction_key: tuple[str, ...] = ("transaction_id",)) -> Programme:
    return Programme(
        name="fancy-fries",
        zone=Zone("UTC", (0,), (0,)),
        currency="USD",
        minor_digits=2,
        accounts=(),
        attributes=attributes,
        earning=Earning("amount", None),
        time=TimeRules("wall", 0, "accept", 0),
        transaction_key=transaction_key,
        modules=(),
    )


CITY = Attribute("city", "text", personal=False)
EMAIL = Attribute("email", "text", personal=True)
BIRTHDAY = Attribute("birthday", "month_day", personal=False)
VISITS = Attribute("visits", "int", personal=False)


def intake(*, transaction_key: tuple[str, ...] = ("transaction_id",)) -> Intake:
    rules = programme(CITY, EMAIL, BIRTHDAY, VISITS, transaction_key=transaction_key)
    return Intake(SECRET, rules, "d" * 64, MAX_BYTES, counting_random())


def event(event_type: str, data: Any = None, **attributes: Any) -> bytes:
    """An event with the example's payload, or another, and attributes changed; None takes one away."""
    envelope = {
        "specversion": "1.0",
        "id": "B-1",
        "source": "pos/store-12",
        "type": event_type,
        "time": "2026-11-03T09:00:00-05:00",
        "data": DATA.get(event_type) if data is None else data,
    }
    envelope = {name: value for name, value in {**envelope, **attributes}.items() if value is not None}
    return json.dumps(envelope).encode()


def changed(event_type: str, **fields: Any) -> bytes:
    """An event with fields of the example's payload changed; None takes one away."""
    data = {name: value for name, value in {**DATA[event_type], **fields}.items() if value is not None}
    return event(event_type, data)


def line(**fields: Any) -> list[dict[str, Any]]:
    return [{"line_id": "1", "sku": "C1", "quantity": 1, "amount_minor": 5, **fields}]


def record(
    value: bytes | None, topic: str = "transactions", headers: list[tuple[str, bytes]] | None = None
) -> SourceRecord:
    return SourceRecord(topic, 1, 3, 17, RECEIVED_MS, None, value, headers or ())


def accepted(value: bytes, topic: str = "transactions", using: Intake | None = None) -> tuple[Event, Accepted]:
    result = (using or intake()).accept(record(value, topic), RECEIVED_MS)
    assert isinstance(result, Accepted), result
    decoded = journal.decode(result.value)
    assert isinstance(decoded, Event)
    return decoded, result


def dead(value: bytes | None, topic: str = "transactions") -> Dead:
    result = intake().accept(record(value, topic), RECEIVED_MS)
    assert isinstance(result, Dead), result
    OUTPUTS["record.rejected"].model.model_validate(orjson.loads(result.value)["data"])
    return result


def shown(letter: Dead) -> bytes:
    return b64decode(orjson.loads(letter.value)["data"]["data_base64"])


DEEP = b"[" * 100_000
HUGE = b'{"specversion":"1.0","data":"' + b"x" * (20 << 20) + b'"}'

"""The inputs of a chaos run: a seeded history of members and their sales, in the order in which it is fed.

Members who enrol late, sales by loyalty card before and after the card is known, repeats of the same event, the same sale
under another id, and a few records that nobody can read. Every sale finds its member in the end, so each has a decision.
"""

import json
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zlib import crc32

SOURCE = "chaos"
START = datetime(2017, 3, 6, 5, 0, tzinfo=UTC)  # midnight in New York; the clocks there change on the 12th
DAYS = 12
DIRECTLY = 0.75  # the others name the member by a card, where they have one
_BAD = "bad-"
CATEGORIES = ("grocery", "produce", "produce", "pastry", "seafood", "alcohol", "fuel", "drug_gm", None)


class Input(NamedTuple):
    """One record to feed; `owner` decides the partition, so that an owner's records keep their order."""

    topic: str
    owner: str
    value: bytes


def history(seed: int, events: int, members: int) -> list[Input]:
    """About `events` inputs of `members` members; the same seed, the same bytes."""
    made = random.Random(seed)
    names = [f"M-{number}" for number in range(members)]
    carded = {name for name in names if made.random() < 0.4}
    late = made.sample(names, members // 5)
    enrolments = {made.randrange(events // 2): name for name in late}
    fed = [_enrolment(name, START, made, carded) for name in names if name not in late]
    sales: list[Input] = []
    for number in range(events - members):
        moment = START + timedelta(days=DAYS) * number / events - timedelta(minutes=made.choice((0, 0, 0, 50, 2000)))
        if number in enrolments:
            fed.append(_enrolment(enrolments.pop(number), moment, made, carded))
        fed.append(_one(number, moment, made, names, carded, sales))
    fed += [_enrolment(name, START + timedelta(days=DAYS), made, carded) for name in enrolments.values()]
    return fed


def _one(
    number: int, moment: datetime, made: random.Random, names: list[str], carded: set[str], sales: list[Input]
) -> Input:
    roll = made.random()
    if roll < 0.005:
        return Input(
            "transactions", f"{_BAD}{number}", made.choice((b"not JSON", b"\xff\xfe", b'{"specversion":"1.0"}'))
        )
    if sales and roll < 0.06:
        return made.choice(sales[-500:])  # the same event once more
    if sales and roll < 0.08:
        return _under_another_id(made.choice(sales[-500:]), number)
    name = made.choice(names)
    if roll < 0.12:
        data = {"member_id": name, "profile": {"age_band": made.choice(("19-24", "25-34"))}}
        return Input("members", name, _event("member.updated", f"update-{number}", moment, data))
    sales.append(_sale(number, name, moment, made, by_card=name in carded and made.random() > DIRECTLY))
    return sales[-1]


def _enrolment(name: str, moment: datetime, made: random.Random, carded: set[str]) -> Input:
    data: dict[str, Any] = {"member_id": name, "profile": {"kids": made.choice(("1", "2", "3+", "none"))}}
    if name in carded:
        data["external_ids"] = [{"kind": "card", "value": f"card-of-{name}"}]
    return Input("members", name, _event("member.enrolled", f"enrol-{name}", moment, data))


def _sale(number: int, name: str, moment: datetime, made: random.Random, *, by_card: bool) -> Input:
    lines = [_line(at, made) for at in range(made.choice((0, 1, 2, 3, 5, 14)))]
    data: dict[str, Any] = {
        "transaction_id": f"T-{number}",
        "currency": "USD",
        "amount_minor": sum(line["amount_minor"] for line in lines) + made.choice((0, 0, 199)),
        "lines": lines,
    }
    if by_card:
        card = f"card-of-{name}"
        data["external_id"] = {"kind": "card", "value": card}
        return Input("transactions", card, _event("transaction.completed", f"sale-{number}", moment, data))
    data["member_id"] = name
    return Input("transactions", name, _event("transaction.completed", f"sale-{number}", moment, data))


def _line(at: int, made: random.Random) -> dict[str, Any]:
    category = made.choice(CATEGORIES)
    line: dict[str, Any] = {
        "line_id": str(at),
        "sku": f"S-{made.randrange(40)}",
        "quantity": made.choice((0, 1, 1, 1, 2, 4)),
        "amount_minor": made.randrange(0, 1500),
    }
    return line if category is None else {**line, "category": category}


def _under_another_id(sale: Input, number: int) -> Input:
    event = json.loads(sale.value)
    event["id"] = f"again-{number}"
    return Input(sale.topic, sale.owner, json.dumps(event).encode())


def _event(event_type: str, event_id: str, moment: datetime, data: dict[str, Any]) -> bytes:
    time = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    envelope = {"specversion": "1.0", "id": event_id, "source": SOURCE, "type": event_type, "time": time, "data": data}
    return json.dumps(envelope).encode()


def partition_for(owner: str, partitions: int) -> int:
    """Where an owner's inputs go; any rule does, as long as it is always the same."""
    return crc32(owner.encode()) % partitions


def is_readable(given: Input) -> bool:
    """Whether it is an event at all; the others are dead letters."""
    return not given.owner.startswith(_BAD)


def owed(inputs: Sequence[Input]) -> list[int]:
    """How many decisions there must be once so many inputs were fed: what waits for its member's enrolment is not owed yet."""
    known: set[str] = set()  # members, and cards that have one
    seen: set[str] = set()
    waiting: Counter[str] = Counter()
    count = 0
    counts = [0]
    for each in inputs:
        if is_readable(each):
            event = json.loads(each.value)
            if event["type"] == "member.enrolled":
                names = {each.owner, *(card["value"] for card in event["data"].get("external_ids", ()))}
                known |= names
                count += 1 + sum(waiting.pop(name, 0) for name in names)
            elif event["type"] == "transaction.completed" and each.owner not in known and event["id"] not in seen:
                waiting[each.owner] += 1
            else:
                count += 1
            seen.add(event["id"])
        counts.append(count)
    return counts

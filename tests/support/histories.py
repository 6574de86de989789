"""Random histories of a few members, from a printed seed: enrolments, sales, repeats, external ids, late and parked events."""

import random

from engine.core import keys
from engine.core.instants import DAY_MS, HOUR_MS
from engine.core.records import Event
from tests.support.journals import START, enrolled, event, line, sale

CATEGORIES = ("grocery", "produce", "alcohol", "deli")


def history(seed: int, members: int = 12, events: int = 300) -> list[Event]:
    """Events in the order of their arrival, most of them in the order of their time."""
    made = random.Random(seed)
    names = [f"M-{number}/x" for number in range(members)]
    waiting = made.sample(names, members)
    arrived: list[Event] = []
    for number in range(events):
        time_ms = START + number * HOUR_MS - made.choice((0, 0, 0, 2 * DAY_MS, 40 * DAY_MS))
        roll = made.random()
        if waiting and roll < 0.1:
            arrived.append(_enrolment(waiting.pop(), time_ms, made))
        elif arrived and roll < 0.2:
            arrived.append(made.choice(arrived))
        elif roll < 0.25:
            name = made.choice(names)
            data = {"member_id": name, "tags_added": [made.choice("abc")], "profile": {"city": made.choice("PQ")}}
            arrived.append(
                event("member.updated", keys.subject("member", name), data, time_ms=time_ms, event_id=f"u{number}")
            )
        else:
            arrived.append(_sale(made.choice(names), number, time_ms, made))
    return arrived


def conversations(seed: int, events: int = 120) -> list[Event]:
    """Members and external ids, claimed by several and used before and after."""
    made = random.Random(seed)
    arrived: list[Event] = []
    hashes = [f"{number:032x}" for number in range(5)]
    for number in range(events):
        member, hashed = f"C-{made.randrange(8)}", made.choice(hashes)
        external = {"kind": "card", "hash": hashed}
        time_ms = START + number * HOUR_MS
        match made.randrange(4):
            case 0:
                arrived.append(enrolled(member, time_ms=time_ms, event_id=f"n{number}", external_ids=[external]))
            case 1:
                data = {"member_id": member, "external_id": external}
                arrived.append(
                    event("member.linked", keys.subject("member", member), data, time_ms=time_ms, event_id=f"l{number}")
                )
            case _:
                arrived.append(
                    sale(
                        "?",
                        f"X{number}",
                        line(1, made.randrange(1, 5000)),
                        time_ms=time_ms,
                        event_id=f"x{number}",
                        subject=f"external:{hashed}",
                    )
                )
    return arrived


def _enrolment(name: str, time_ms: int, made: random.Random) -> Event:
    return enrolled(name, time_ms=time_ms, event_id=f"enrol-{name}", profile={"city": made.choice("PQR")})


def _sale(name: str, number: int, time_ms: int, made: random.Random) -> Event:
    lines = [
        line(at, made.randrange(0, 9000), made.choice(CATEGORIES), made.randrange(0, 4))
        for at in range(made.randrange(0, 6))
    ]
    transaction = f"T{made.randrange(number + 1)}" if made.random() < 0.1 else f"T{number}"
    return sale(
        name, transaction, *lines, time_ms=time_ms, event_id=f"e{number}", channel=made.choice(("app", "store"))
    )

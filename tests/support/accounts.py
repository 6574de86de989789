"""Accounts and commands about points, and what must hold of an account at any time."""

from collections import Counter
from dataclasses import replace
from typing import Any

import orjson

from engine.core.calendar import Expiry, Period
from engine.core.records import Event
from engine.ruleset.effects import AwardPoints, Rate
from engine.ruleset.matching import Rules
from engine.ruleset.model import Account, Campaign, Ruleset
from tests.support.journals import START, Log, event
from tests.support.programme import campaign, rules, ruleset

POINTS = Account("points", True, Expiry(Period(12, "months"), "end_of_month"), 1_000_000)
EVER = replace(POINTS, expires=None)
BASE = campaign("base", AwardPoints(Rate(1, 100), "points"), base=True)


def programme(*accounts: Account, campaigns: tuple[Campaign, ...] = (BASE,), **changes: Any) -> Rules:
    """A programme with these accounts, and a point for each unit of money."""
    return rules(made(*accounts, campaigns=campaigns, **changes))


def made(*accounts: Account, campaigns: tuple[Campaign, ...] = (BASE,), **changes: Any) -> Ruleset:
    """Its ruleset."""
    return ruleset(*campaigns, accounts=accounts, **changes)


def spent(spend: str, points: int, *, time_ms: int = START, event_id: str = "", **data: Any) -> Event:
    """A spending of the member M."""
    return _asked("points.spend_requested", {"spend_id": spend, "points": points, **data}, time_ms, event_id)


def held(hold: str, points: int, *, time_ms: int = START, event_id: str = "", **data: Any) -> Event:
    """A hold of the member M."""
    return _asked("points.hold_requested", {"hold_id": hold, "points": points, **data}, time_ms, event_id)


def released(hold: str, points: int, *, time_ms: int = START, event_id: str = "", **data: Any) -> Event:
    """The release of a hold of the member M."""
    return _asked("points.hold_release_requested", {"hold_id": hold, "points": points, **data}, time_ms, event_id)


def adjusted(adjustment: str, points: int, *, time_ms: int = START, event_id: str = "", **data: Any) -> Event:
    """An adjustment of the member M."""
    asked = {"adjustment_id": adjustment, "points": points, **data}
    return _asked("points.adjustment_requested", asked, time_ms, event_id)


def did(name: str, activity: str, *, time_ms: int = START, **data: Any) -> Event:
    """An activity of the member M."""
    payload = {"activity_id": activity, "member_id": "M", "name": name, **data}
    return event("activity.recorded", "member:M", payload, time_ms=time_ms)


def _asked(kind: str, data: dict[str, Any], time_ms: int, event_id: str) -> Event:
    return event(kind, "member:M", {"member_id": "M", "account": "points", **data}, time_ms=time_ms, event_id=event_id)


def lots(log: Log, collection: str = "lot") -> list[tuple[str, int]]:
    """The points in lots, in order of their keys: (expiry or what else the key says, points)."""
    rows = [(key.split("/"), orjson.loads(value)) for key, value in sorted(log.rows().items())]
    return [(key[3], row["points"]) for key, row in rows if len(key) > 3 and key[1] == collection]


def books_close(log: Log) -> None:
    """The books of every account sum to zero and say what its lots, pending lots and holds say (B-1, B-2)."""
    sums: Counter[tuple[str, str, str]] = Counter()
    buckets = {"lot": "available", "pending": "pending", "hold": "held"}
    rows = {key: orjson.loads(value) for key, value in log.rows().items() if key.startswith("member:")}
    for key, row in rows.items():
        owner, *rest = key.split("/")
        if rest and rest[0] in buckets:
            assert row["points"] > 0, key
            sums[owner, row["account"], buckets[rest[0]]] += row["points"]
    for owner, row in rows.items():
        for name, account in row["accounts"].items() if "/" not in owner else ():
            books = account["books"]
            assert sum(books.values()) == 0
            assert account["balance"] == books.get("available", 0) + books.get("deficit", 0)
            assert {bucket: books.get(bucket, 0) for bucket in buckets.values()} == {
                bucket: sums[owner, name, bucket] for bucket in buckets.values()
            }
    ids = [each["id"] for records in log.topics.values() for each in (orjson.loads(value) for _, _, value in records)]
    assert len(ids) == len(set(ids)), "two outcomes have the same id"

"""What must come of the inputs, counted without a line of the engine: the sample rules restated by hand as constants.

Reads the input topics' own bytes. If somebody changes `rules/`, this must be changed by hand; that is the point of it.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
NEVER_EARNS = {"alcohol", "spirits", "tobacco", "gift_card", "fuel", "misc_items", "miscellaneous", "coupon"}
NO_FOOD = {"drug_gm", "cosmetics", "fuel", "misc_items", "miscellaneous", "coupon"}
WITH_KIDS = {"1", "2", "3+"}
MONDAY_TO_THURSDAY = range(4)
YEAR = 2017  # what the campaigns run in, and the tiers count
SILVER, GOLD = 1000, 3000


@dataclass(slots=True)
class Expected:
    """What must be found in the topics afterwards."""

    inputs: int = 0
    unreadable: int = 0
    sent: Counter[str] = field(default_factory=Counter)  # event id -> how often it was sent
    order: defaultdict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    points: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))  # member -> campaign
    decided: set[str] = field(default_factory=set)  # ids of sales that count
    members: set[str] = field(default_factory=set)

    def balance(self, member: str) -> int:
        """The points of a member."""
        return self.points[member].total()

    def tier(self, member: str) -> str:
        """The tier of a member."""
        balance = self.balance(member)
        return "gold" if balance >= GOLD else "silver" if balance >= SILVER else "blue"


def count(partitions: Iterable[Iterable[bytes]]) -> Expected:
    """The inputs as they stand in the topics' partitions, each in its order."""
    expected = Expected()
    kids: dict[str, str] = {}
    cards: dict[str, str] = {}
    sales: list[dict[str, Any]] = []
    for values in partitions:
        for value in values:
            expected.inputs += 1
            event = _read(value)
            if event is None:
                expected.unreadable += 1
                continue
            first = event["id"] not in expected.sent
            expected.sent[event["id"]] += 1
            if not first:
                continue
            data = event["data"]
            if event["type"] == "member.enrolled":
                member = data["member_id"]
                expected.members.add(member)
                kids[member] = data["profile"]["kids"]
                cards |= {card["value"]: member for card in data.get("external_ids", ())}
                continue
            owner = data["member_id"] if "member_id" in data else data["external_id"]["value"]
            expected.order[event["type"], owner].append(event["id"])
            if event["type"] == "transaction.completed":
                sales.append(event)
    seen: set[str] = set()
    for event in sales:
        data = event["data"]
        if data["transaction_id"] in seen:
            continue
        seen.add(data["transaction_id"])
        expected.decided.add(event["id"])
        member = data["member_id"] if "member_id" in data else cards[data["external_id"]["value"]]
        expected.points[member].update(points_of(data, datetime.fromisoformat(event["time"]), kids[member]))
    return expected


def points_of(sale: dict[str, Any], moment: datetime, kids: str) -> Counter[str]:
    """The points of one sale by campaign."""
    local = moment.astimezone(ZONE)
    lines = sale["lines"]
    earning = [line for line in lines if line.get("category") not in NEVER_EARNS]
    amount = sale["amount_minor"] - sum(line["amount_minor"] for line in lines if line not in earning)
    points = Counter({"base-earn": amount // 100})
    if local.year != YEAR:
        return +points
    produce = [line for line in lines if line.get("category") == "produce" and line["amount_minor"] > 0]
    points["fresh-produce"] = 2 * sum(line["amount_minor"] for line in produce) // 100  # floored once
    pastries = sum(line["quantity"] for line in lines if line.get("category") == "pastry")
    seafood = sum(line["quantity"] for line in lines if line.get("category") in {"seafood", "seafood_pckgd"})
    if amount >= 1000 and (pastries >= 2 or seafood >= 1):
        points["fish-or-pastry"] = 25
    food = [line for line in lines if line.get("category") not in NO_FOOD]
    enough = sum(line["amount_minor"] for line in food) >= 5000 and len({line["sku"] for line in food}) >= 10
    if enough and kids in WITH_KIDS and local.weekday() in MONDAY_TO_THURSDAY:
        points["family-basket"] = 40
    return +points


def _read(value: bytes) -> dict[str, Any] | None:
    try:
        event: dict[str, Any] = json.loads(value)
    except ValueError:  # UnicodeDecodeError is one
        return None
    return event if "id" in event else None

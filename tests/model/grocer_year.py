"""The sample programme of `rules/` said once more, for sales and what comes back of them; shares no code with the engine."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
NEVER = {"alcohol", "spirits", "tobacco", "gift_card", "fuel", "misc_items", "miscellaneous", "coupon"}
NO_FOOD = {"drug_gm", "cosmetics", "fuel", "misc_items", "miscellaneous", "coupon"}
THURSDAY = 3
Kept = tuple[Mapping[str, Any], int, int]  # a line, its pieces and its amount that are kept


class Year:
    """What each sale leaves its member, after all that came back so far."""

    def __init__(self) -> None:
        self._kids: dict[str, str] = {}
        self._sales: dict[str, tuple[datetime, Mapping[str, Any]]] = {}
        self._back: defaultdict[str, dict[str, tuple[int, int]]] = defaultdict(
            dict
        )  # of a sale: line to pieces, amount
        self._gone: set[str] = set()
        self._left: dict[str, dict[str, int]] = {}
        self.refused = 0

    def take(self, event: Mapping[str, Any]) -> None:
        """One event, in order."""
        data = event["data"]
        match event["type"]:
            case "member.enrolled":
                self._kids[data["member_id"]] = (data.get("profile") or {}).get("kids", "")
            case "transaction.completed":
                self._sales[data["transaction_id"]] = datetime.fromisoformat(event["time"]), data
                self._left[data["transaction_id"]] = self._earned(data["transaction_id"])
            case "transaction.cancelled" if data["transaction_id"] not in self._gone:
                self._gone.add(data["transaction_id"])
                self._left[data["transaction_id"]] = dict.fromkeys(self._left[data["transaction_id"]], 0)
            case "transaction.returned" if data["original_transaction_id"] not in self._gone:
                self._return(data["original_transaction_id"], data["lines"])
            case _:
                self.refused += 1

    def points(self) -> dict[str, int]:
        """What each member has earned and kept."""
        total: defaultdict[str, int] = defaultdict(int)
        for sale, left in self._left.items():
            total[self._sales[sale][1]["member_id"]] += sum(left.values())
        return dict(total)

    def _return(self, sale: str, lines: Iterable[Mapping[str, Any]]) -> None:
        bought = {line["line_id"]: line for line in self._sales[sale][1]["lines"]}
        for line in lines:
            self._take_back(sale, bought[line["line_id"]], line)
        now = self._earned(sale)
        self._left[sale] = {campaign: min(before, now[campaign]) for campaign, before in self._left[sale].items()}
        if self._all_back(sale):
            self._gone.add(sale)

    def _take_back(self, sale: str, bought: Mapping[str, Any], line: Mapping[str, Any]) -> None:
        back = self._back[sale]
        pieces, amount = back.get(line["line_id"], (0, 0))
        whole = bought["quantity"], bought["amount_minor"]
        if bought["quantity"] == 0:  # it counts no pieces: it comes back at once
            if line["quantity"] == 0 and line["line_id"] not in back:
                back[line["line_id"]] = whole
            return
        pieces += line["quantity"]
        if pieces > bought["quantity"]:
            return
        share = bought["amount_minor"] * pieces // bought["quantity"] - amount
        given = max(0, line.get("amount_minor", share))
        back[line["line_id"]] = (
            whole if pieces == bought["quantity"] else (pieces, min(amount + given, bought["amount_minor"]))
        )

    def _all_back(self, sale: str) -> bool:
        lines, back = self._sales[sale][1]["lines"], self._back[sale]
        return bool(back) and all(
            back.get(line["line_id"], (0, 0)) == (line["quantity"], line["amount_minor"]) for line in lines
        )

    def _earned(self, sale: str) -> dict[str, int]:
        time, data = self._sales[sale]
        back = self._back[sale]
        kept: list[Kept] = []
        for line in data["lines"]:
            pieces, amount = back.get(line["line_id"], (0, 0))
            left = line["quantity"] - pieces, line["amount_minor"] - amount
            if line["line_id"] not in back or left != (0, 0):
                kept.append((line, *left))
        if self._all_back(sale):
            return dict.fromkeys(("base", "produce", "fish", "family"), 0)
        gone = sum(amount for _, amount in back.values())
        paid = max(
            0, data["amount_minor"] - gone - sum(amount for line, _, amount in kept if line.get("category") in NEVER)
        )
        return _campaigns(kept, paid, time.astimezone(ZONE), self._kids[data["member_id"]])


def _campaigns(kept: list[Kept], paid: int, local: datetime, kids: str) -> dict[str, int]:
    of = defaultdict(list)
    for each in kept:
        of[each[0].get("category")].append(each)
    pastries = sum(pieces for _, pieces, _ in of["pastry"])
    fish = sum(pieces for name in ("seafood", "seafood_pckgd") for _, pieces, _ in of[name])
    food = [each for each in kept if each[0].get("category") not in NO_FOOD]
    large = sum(amount for _, _, amount in food) >= 5000 and len({line["sku"] for line, _, _ in food}) >= 10
    with_kids = kids in {"1", "2", "3+"} and local.weekday() <= THURSDAY
    runs = local.year == 2017
    return {
        "base": paid // 100,
        "produce": 2 * sum(amount for _, _, amount in of["produce"]) // 100 if runs else 0,
        "fish": 25 if runs and paid >= 1000 and (pastries >= 2 or fish >= 1) else 0,
        "family": 40 if runs and with_kids and large else 0,
    }

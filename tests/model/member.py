"""One member as the behaviour says it, naively: all that can be is worked out anew from the whole history of sales.

Hears the payloads that the engine hears. Shares no code with `engine.decide` or `engine.core`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from math import floor
from typing import Any

from tests.model.days import DAY_MS, after_ten_days, after_three_months, day_of, month_of, year_of
from tests.model.wallet import Lot, Waiting, Wallet
from tests.model.worth import GROUP, Sale

LATE_MS = 30 * DAY_MS
ACCEPT_FOR_MS = 100 * DAY_MS
PENDING_MS = 14 * DAY_MS
FRESH_A_MONTH = 150
LEVELS = (("blue", 0), ("silver", 100), ("gold", 300))
ELSEWHERE = ("later", "status")  # campaigns whose points do not come into the wallet at once
KEYS = {
    "transaction.completed": "transaction_id",
    "transaction.cancelled": "transaction_id",
    "transaction.returned": "return_id",
    "points.spend_requested": "spend_id",
    "points.hold_requested": "hold_id",
    "points.hold_release_requested": "hold_id",
    "points.adjustment_requested": "adjustment_id",
}
Payload = Mapping[str, Any]


class Member:
    """Balances, tier and limits of one member."""

    def __init__(self, *, may_owe: bool) -> None:
        self.points = Wallet(may_owe)
        self.sales: dict[str, Sale] = {}
        self.spends: dict[str, list[Lot]] = {}
        self.clock = 0
        self.peak = 0
        self.awarded: Counter[str] = Counter()  # by account: given less taken back, shortfalls included
        self._heard: set[tuple[str, str]] = set()
        self._parked: list[tuple[str, Payload, int]] = []

    # -- what happens

    def tick(self, to_ms: int) -> None:
        """Time goes on."""
        self.clock = max(self.clock, to_ms)
        self.points.work_off(self.clock)

    def hear(self, kind: str, data: Payload, time_ms: int, event_id: str) -> None:
        """An event; repeats change nothing (B-18), and neither do those that come too late (B-16)."""
        self.points.work_off(max(self.clock, time_ms))
        names = {("id", event_id)}
        if kind in KEYS:
            names.add((kind, data[KEYS[kind]]))
        if not names & self._heard and self.clock - time_ms <= LATE_MS:
            self._heard |= names
            self._decide(kind, data, time_ms)
        self._heard.add(("id", event_id))
        self.points.work_off(max(self.clock, time_ms))

    def _decide(self, kind: str, data: Payload, time_ms: int) -> None:
        match kind:
            case "transaction.completed":
                self._buy(Sale.of(data, time_ms))
            case "transaction.returned" | "transaction.cancelled" | "transaction.replaced":
                self._undo(kind, data, time_ms)
            case "points.spend_requested":
                self._spend(data)
            case "points.hold_requested" if data["account"] == "points":
                self.points.hold(data["hold_id"], data["points"], time_ms)
            case "points.hold_release_requested" if data["hold_id"] in self.points.holds:
                self.points.release(data["hold_id"])
            case "points.adjustment_requested":
                self.points.adjust(data["points"], time_ms)

    def _spend(self, data: Payload) -> None:
        if data["account"] != "points":
            return
        if "hold_id" in data:
            self.spends[data["spend_id"]] = self.points.spend_held(data["hold_id"])
        elif (taken := self.points.spend(data["points"])) is not None:
            self.spends[data["spend_id"]] = taken

    # -- buying

    def _buy(self, sale: Sale) -> None:
        given = self._given(sale, self.tier)
        self.sales[sale.key] = sale
        sale.left = given
        visits = self.visits
        self.peak = max(self.peak, visits)
        for name in sorted(given, key=_order):
            self._award(sale, name, given[name])
        now = max(self.clock, sale.time)
        waiting = [each for each in self._parked if _original(each[1]) == sale.key and each[2] + LATE_MS > now]
        self._parked = [each for each in self._parked if each not in waiting]
        for kind, data, time_ms in waiting:
            self._undo(kind, data, time_ms)

    def _given(self, sale: Sale, tier: str) -> dict[str, int]:
        """What each campaign gives, after limits; the group as one."""
        solo = ["base-earn", "steps", "meal", "small-shop", "later", "status"]
        given = {name: sale.worth(name) for name in solo}
        used = sum(each.left["fresh"] for each in self._sales_in(month_of, sale.time))
        given["fresh"] = min(sale.worth("fresh"), FRESH_A_MONTH - used)
        today = sum(each.left["big-basket"] > 0 for each in self._sales_in(day_of, sale.time))
        given["big-basket"] = sale.worth("big-basket") if not today else 0
        given["silver-meal"] = sale.worth("silver-meal") if tier != "blue" else 0
        passed = (self.visits + 1) // 3 - max(self.visits, self.peak) // 3
        given["regular"] = 20 * max(passed, 0)
        sale.proposed = [name for name in GROUP if sale.worth(name)]
        given["multipliers"] = sale.group_worth()
        return given

    def _award(self, sale: Sale, name: str, points: int) -> None:
        self.awarded["tier_points" if name == "status" else "points"] += points
        if name == "later" and points:
            self.points.waiting.append(Waiting(points, sale.time, sale.time + PENDING_MS, sale.key, name))
        elif name not in ELSEWHERE and points:
            gone = after_ten_days(sale.time) if name == "silver-meal" else after_three_months(sale.time)
            self.points.give(Lot(points, sale.time, gone, sale.key, name))

    # -- bringing back

    def _undo(self, kind: str, data: Payload, time_ms: int) -> None:
        sale = self.sales.get(_original(data))
        if sale is None:
            self._parked.append((kind, data, time_ms))
        elif time_ms - sale.time <= ACCEPT_FOR_MS and not sale.nothing_left:
            if kind == "transaction.cancelled":
                sale.cancelled = accepted = True
            elif kind == "transaction.returned":
                accepted = _bring_back(sale, data)
            else:
                accepted = _replace(sale, data)
            if accepted:
                sale.touched = True
                self._settle(sale, data, max(self.clock, time_ms))

    def _settle(self, sale: Sale, data: Payload, now_ms: int) -> None:
        """Points that paid come back, then what was earned on the goods goes (B-22 to B-24)."""
        self._repay(sale, data, now_ms)
        lost = sale.lower()
        self.awarded["tier_points"] -= lost.pop("status")
        for name in sorted(lost, key=_order):
            self.awarded["points"] -= lost[name]
            self.points.claw_back(lost[name], sale.key, name)

    def _repay(self, sale: Sale, data: Payload, now_ms: int) -> None:
        lots = self.spends.get(sale.spend_id or "")
        if lots is None:
            return
        spent = sum(lot.points for lot in lots)
        named = [each["points"] for each in data.get("refunds", ()) if "points" in each]
        if named:
            back = sale.points_back + sum(named)
        elif sale.nothing_left:
            back = spent
        else:
            back = floor(Fraction(spent * sale.returned, sale.amount)) if sale.amount else 0
        back = max(min(back, spent), sale.points_back)
        restored = _slice(lots, sale.points_back, back)
        sale.points_back = back
        sale.paid_back = floor(Fraction(sale.paid * back, spent))
        self.points.restore(restored, now_ms)

    # -- what is seen

    @property
    def visits(self) -> int:
        """Sales that are not wholly back."""
        return sum(not sale.nothing_left for sale in self.sales.values())

    @property
    def drinks(self) -> int:
        """Pieces of drinks that are kept."""
        return sum(line.pieces_kept for sale in self.sales.values() for line in sale.kept("drinks", earning=False))

    @property
    def progress(self) -> dict[str, int]:
        """What the kept goods qualified, by the calendar year of the sale (B-26)."""
        found: Counter[str] = Counter()
        for sale in self.sales.values():
            found[year_of(sale.time)] += sale.left["status"]
        return {year: points for year, points in found.items() if points}

    @property
    def tier(self) -> str:
        """The highest tier that the progress of any year reaches: none ends, and a return reverses what it brought."""
        best = max(self.progress.values(), default=0)
        return [name for name, needed in LEVELS if best >= needed][-1]

    @property
    def uses(self) -> dict[str, dict[int, int]]:
        """What each limit's periods have used, by the instant at which the period began."""
        fresh: Counter[int] = Counter()
        big: Counter[int] = Counter()
        for sale in self.sales.values():
            fresh[month_of(sale.time)] += sale.left["fresh"]
            big[day_of(sale.time)] += sale.left["big-basket"] > 0
        used = {"fresh": fresh, "big-basket": big}
        return {name: {at: count for at, count in each.items() if count} for name, each in used.items()}

    def _sales_in(self, period: Any, time_ms: int) -> list[Sale]:
        return [sale for sale in self.sales.values() if period(sale.time) == period(time_ms)]


def _order(name: str) -> tuple[bool, str]:
    """The place of an award among those of a sale: the group first, then by name (B-10)."""
    return name != "multipliers", name


def _original(data: Payload) -> str:
    name: str = data.get("original_transaction_id") or data["transaction_id"]
    return name


def _bring_back(sale: Sale, data: Payload) -> bool:
    """Takes back what a return names; False where no line of it may come back."""
    accepted = False
    for each in data["lines"]:
        line = sale.lines.get(each["line_id"])
        accepted |= line is not None and line.take_back(each["quantity"], each.get("amount_minor"))
    return accepted


def _replace(sale: Sale, data: Payload) -> bool:
    """A sale sent again without what came back is a return of the difference; False where there is none."""
    kept = {each["line_id"]: each for each in data["lines"]}
    accepted = False
    for line in sale.lines.values():
        left = kept.get(line.line_id, {"quantity": 0, "amount_minor": 0})
        pieces = line.pieces_kept - left["quantity"]
        if pieces > 0 or (line.pieces == 0 and line.line_id not in kept):
            accepted |= line.take_back(pieces, max(line.amount_kept - left["amount_minor"], 0))
    return accepted


def _slice(lots: list[Lot], start: int, end: int) -> list[Lot]:
    """The points of a spending from one place to another, in the order in which they were spent."""
    found, at = [], 0
    for lot in lots:
        piece = min(end, at + lot.points) - max(start, at)
        if piece > 0:
            found.append(replace(lot, points=piece))
        at += lot.points
    return found

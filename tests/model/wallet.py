"""The spendable account of one member as flat lists: lots, pending lots, holds, a debt (B-1 to B-7)."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from tests.model.days import HOUR_MS, after_three_months

HOLD_FOR_MS = 30 * HOUR_MS


@dataclass
class Lot:
    """Points that came together. `sale` and `award`: what gave them."""

    points: int
    earned_at: int
    expires_at: int
    sale: str = ""
    award: str = ""


@dataclass
class Waiting:
    """Points that count from `active_from` on."""

    points: int
    earned_at: int
    active_from: int
    sale: str
    award: str


@dataclass
class Hold:
    """Points kept aside until `until`."""

    lots: list[Lot]
    until: int


@dataclass
class Wallet:
    """An account. `told`: what the outcomes of each kind must come to."""

    may_owe: bool
    lots: list[Lot] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    holds: dict[str, Hold] = field(default_factory=dict)
    debt: int = 0
    told: Counter[str] = field(default_factory=Counter)

    @property
    def available(self) -> int:
        return sum(lot.points for lot in self.lots)

    def give(self, lot: Lot) -> None:
        """Points come; a debt is paid first (B-6)."""
        paid = min(self.debt, lot.points)
        self.debt -= paid
        if lot.points > paid:
            self.lots.append(replace(lot, points=lot.points - paid))

    def take(self, points: int) -> list[Lot]:
        """Takes up to so many points: soonest expiry, then earliest earned (B-3)."""
        taken = []
        for lot in sorted(self.lots, key=lambda lot: (lot.expires_at, lot.earned_at)):
            piece = min(points, lot.points)
            if piece:
                taken.append(replace(lot, points=piece))
                lot.points -= piece
                points -= piece
        self.lots = [lot for lot in self.lots if lot.points]
        return taken

    def claw_back(self, points: int, sale: str, award: str) -> None:
        """Takes back an award from the sale's own points, then from any: of these and of those pending ones first (B-3).

        The award's own go before others of the sale. What is missing is owed or lost (B-6).
        """
        missing = points
        theirs: list[Lot | Waiting] = [*self.waiting, *self.lots]
        for lot in sorted(theirs, key=lambda lot: _order_of_return(lot, sale, award)):
            piece = min(missing, lot.points)
            lot.points -= piece
            missing -= piece
        self.waiting = [each for each in self.waiting if each.points]
        self.lots = [lot for lot in self.lots if lot.points]
        if self.may_owe:
            self.debt += missing

    def spend(self, points: int) -> list[Lot] | None:
        """What a spending takes; None where there is not enough."""
        if points > self.available:
            return None
        self.told["points.spent"] += points
        return self.take(points)

    def hold(self, hold_id: str, points: int, time_ms: int) -> None:
        """Keeps points aside; nothing where there is not enough."""
        if points <= self.available:
            self.told["points.held"] += points
            self.holds[hold_id] = Hold(self.take(points), time_ms + HOLD_FOR_MS)

    def release(self, hold_id: str) -> None:
        """Held points are free again; those past their expiry go when due work is done next."""
        for lot in self.holds.pop(hold_id).lots:
            self.told["points.released"] += lot.points
            self.give(lot)

    def spend_held(self, hold_id: str) -> list[Lot]:
        """Spends all that is held."""
        lots = self.holds.pop(hold_id).lots
        self.told["points.spent"] += sum(lot.points for lot in lots)
        return lots

    def adjust(self, points: int, time_ms: int) -> None:
        """An administrator adds points, or takes some."""
        if points > 0:
            self.told["points.adjusted"] += points
            self.give(Lot(points, time_ms, after_three_months(time_ms)))
            return
        missing = -points - sum(lot.points for lot in self.take(-points))
        if self.may_owe:
            self.debt += missing
            missing = 0
        self.told["points.adjusted"] += points + missing

    def restore(self, lots: list[Lot], now_ms: int) -> None:
        """Points that had paid come back with their old expiry; those past it are gone at once (B-24)."""
        for lot in lots:
            self.told["points.restored"] += lot.points
            if lot.expires_at <= now_ms:
                self.told["points.expired"] += lot.points
            else:
                self.give(lot)

    def work_off(self, until_ms: int) -> None:
        """All that is due, in order of its instant: pending points count, lots go, holds end (B-31)."""
        while due := self._next_due(until_ms):
            due[2]()

    def _next_due(self, until_ms: int) -> tuple[int, int, Callable[[], None]] | None:
        found: list[tuple[int, int, Callable[[], None]]] = []
        found += [(each.active_from, 0, partial(self._activate, each)) for each in self.waiting]
        found += [(lot.expires_at, 1, partial(self._expire, lot)) for lot in self.lots]
        found += [(hold.until, 2, partial(self.release, name)) for name, hold in self.holds.items()]
        return min((each for each in found if each[0] <= until_ms), key=lambda each: each[:2], default=None)

    def _activate(self, waiting: Waiting) -> None:
        self.waiting.remove(waiting)
        self.told["points.activated"] += waiting.points
        start = waiting.active_from
        self.give(Lot(waiting.points, waiting.earned_at, after_three_months(start), waiting.sale, waiting.award))

    def _expire(self, lot: Lot) -> None:
        self.lots.remove(lot)
        self.told["points.expired"] += lot.points


def _order_of_return(lot: Lot | Waiting, sale: str, award: str) -> tuple[bool, bool, bool, int, int]:
    other_sale = lot.sale != sale
    other_award = other_sale or lot.award != award
    if isinstance(lot, Waiting):
        return other_sale, False, other_award, lot.active_from, lot.earned_at
    return other_sale, True, other_award, lot.expires_at, lot.earned_at

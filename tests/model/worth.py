"""A sale, what came back of it, and what each campaign is worth on the lines that are kept (B-12, B-20, B-22).

Everything is worked out anew from the lines and the returns; nothing is carried from one return to the next but `left`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

GROUP = ("feast", "half-more", "triple-drinks")
MEAL_MOST = 3


@dataclass
class Line:
    """A line as bought, and what came back of it."""

    line_id: str
    category: str
    pieces: int
    amount: int
    earns: bool
    pieces_back: int = 0
    amount_back: int = 0
    gone: bool = False

    @property
    def empty(self) -> bool:
        return self.pieces == 0 and self.amount == 0

    @property
    def pieces_kept(self) -> int:
        return self.pieces - self.pieces_back

    @property
    def amount_kept(self) -> int:
        return self.amount - self.amount_back

    def take_back(self, pieces: int, given: int | None) -> bool:
        """One line of a return; False where it is more than was bought (B-20)."""
        if self.gone or self.pieces_back + pieces > self.pieces or (self.pieces > 0 and pieces == 0):
            return False
        left = self.amount - self.amount_back
        self.pieces_back += pieces
        self.gone = self.pieces_back == self.pieces
        if self.gone:
            share = left
        elif given is not None:
            share = min(given, left)
        else:
            share = max(floor(Fraction(self.amount * self.pieces_back, self.pieces)) - self.amount_back, 0)
        self.amount_back += share
        return True


@dataclass
class Sale:
    """A sale. `left`: the points that each campaign's award still has, the group's under `multipliers`."""

    key: str
    time: int
    amount: int
    lines: dict[str, Line]
    paid: int = 0  # by points, in minor units
    paid_back: int = 0
    spend_id: str | None = None
    points_back: int = 0
    cancelled: bool = False
    touched: bool = False  # whether something came back
    proposed: list[str] = field(default_factory=list)
    left: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def of(data: Mapping[str, Any], time_ms: int) -> "Sale":
        """The sale that a payload tells of."""
        lines = [
            Line(
                line_id=each["line_id"],
                category=each.get("category", ""),
                pieces=each["quantity"],
                amount=each["amount_minor"],
                earns=each.get("category") != "gift_card" and not each.get("attributes", {}).get("no_points", False),
            )
            for each in data["lines"]
        ]
        sale = Sale(data["transaction_id"], time_ms, data["amount_minor"], {line.line_id: line for line in lines})
        for payment in data.get("payments", ()):
            if "spend_id" in payment:
                sale.paid, sale.spend_id = payment["amount_minor"], payment["spend_id"]
        return sale

    @property
    def nothing_left(self) -> bool:
        """Whether all of it is back; a line without pieces and amount has nothing that could be left."""
        return self.cancelled or (self.touched and all(line.gone or line.empty for line in self.lines.values()))

    @property
    def returned(self) -> int:
        """What came back, in minor units."""
        return sum(line.amount_back for line in self.lines.values())

    def kept(self, category: str | None = None, *, earning: bool = True) -> list[Line]:
        """The lines that are kept, of a category."""
        lines = [] if self.nothing_left else [line for line in self.lines.values() if not line.gone]
        lines = [line for line in lines if category is None or line.category == category]
        return [line for line in lines if line.earns or not earning]

    def earns_on(self) -> int:
        """`transaction.amount` of what is kept (B-12)."""
        if self.nothing_left:
            return 0
        excluded = sum(line.amount_kept for line in self.kept(earning=False) if not line.earns)
        return max(self.amount - self.returned - excluded - (self.paid - self.paid_back), 0)

    def worth(self, campaign: str) -> int:
        """What a campaign gives on what is kept, before limits; 0 where its conditions on lines and amounts fail."""
        return 0 if self.nothing_left else _WORTH[campaign](self)

    def lower(self) -> dict[str, int]:
        """What each award, and the group, loses by what is back by now: a return never gives."""
        lost = {}
        for name, points in self.left.items():
            now = min(points, self.group_worth() if name == "multipliers" else self.worth(name))
            lost[name] = points - now
            self.left[name] = now
        return lost

    def group_worth(self) -> int:
        """What the best of the group gives, of those that wanted to at the purchase."""
        return max((self.worth(name) for name in self.proposed if name in GROUP), default=0)


def _amount(lines: Sequence[Line]) -> int:
    return sum(line.amount_kept for line in lines)


def _pieces(lines: Sequence[Line]) -> int:
    return sum(line.pieces_kept for line in lines)


def _times_base(amount: int, times: Fraction) -> int:
    base = Fraction(amount, 100)
    return floor(base * times) - floor(base)


def _meal(sale: Sale) -> int:
    return 40 * min(_pieces(sale.kept("mains")), _pieces(sale.kept("drinks")) // 2, MEAL_MOST)


def _triple_drinks(sale: Sale) -> int:
    holds = _pieces(sale.kept("drinks", earning=False)) >= 2
    return _times_base(_amount(sale.kept("drinks")), Fraction(3)) if holds else 0


_WORTH: dict[str, Callable[[Sale], int]] = {
    "base-earn": lambda sale: floor(Fraction(sale.earns_on(), 100)),
    "fresh": lambda sale: sum(floor(Fraction(5 * line.amount_kept, 100)) for line in sale.kept("produce")),
    "steps": lambda sale: 7 * (_amount(sale.kept("household")) // 500),
    "meal": _meal,
    "big-basket": lambda sale: 25 if sale.earns_on() >= 4000 else 0,
    "small-shop": lambda sale: 3 if 0 < sale.earns_on() <= 1500 else 0,
    "half-more": lambda sale: _times_base(sale.earns_on(), Fraction(3, 2)) if sale.earns_on() >= 2000 else 0,
    "triple-drinks": _triple_drinks,
    "feast": lambda sale: 60 if sale.earns_on() >= 6000 else 0,
    "later": lambda sale: floor(Fraction(2 * _amount(sale.kept("household")), 100)),
    "silver-meal": lambda sale: 15 if sale.kept("mains", earning=False) else 0,
    "regular": lambda _: 20,
    "status": lambda sale: floor(Fraction(sale.earns_on(), 100)),
}

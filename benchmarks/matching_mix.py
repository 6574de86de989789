"""The campaigns and events of the measurement of matching: a mix whose hits an event stay the same at every size.

The 10 % without an equality are split between a balance of at least so much, a window of the day, and a line within a band of prices.
"""

import random
from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.core.calendar import Zone
from engine.ruleset.conditions import AllOf, Condition, FieldType, LineSet, Test
from engine.ruleset.effects import AwardPoints, Fixed
from engine.ruleset.matching import Facts
from engine.ruleset.model import Account, Campaign, Earning, Programme, Ruleset, TimeRules

ON = "transaction.completed"
MIX = (
    ("sku", 45),
    ("category", 25),
    ("store", 7),
    ("store and tier", 7),
    ("city and tier", 6),
    ("range", 10),
)  # percent
LINES = 4  # an event
DAY_MINUTES = 1_440
TIERS = ("blue", "silver", "gold")
DEAREST_MINOR = 100_000  # of a line
MOST_POINTS = 1_000_000


class Offer(NamedTuple):
    """One campaign before it is written in the language of an engine; "" and -1 ask nothing."""

    name: str
    sku: str = ""
    category: str = ""
    channel: str = ""
    store: str = ""
    city: str = ""
    tier: str = ""
    points_from: int = -1  # of the member's balance
    price: tuple[int, int] | None = None  # of a piece of some line, half-open
    clock: tuple[int, int] | None = None  # minutes of the day, half-open


class Basket(NamedTuple):
    """One event; lines as (sku, category, price)."""

    store: str
    city: str
    tier: str
    channel: str
    clock: int
    points: int
    lines: tuple[tuple[str, str, int], ...]


class Sizes(NamedTuple):
    """How many different values there are, so that an event meets about as many campaigns at every size."""

    skus: int
    categories: int
    stores: int
    cities: int


def sizes(campaigns: int) -> Sizes:
    """The values that go with so many campaigns."""
    return Sizes(*(max(2, campaigns * percent // 100) for percent in (60, 70, 15, 6)))


def offers(campaigns: int, seed: int) -> list[Offer]:
    """So many campaigns of the mix, shuffled."""
    rng, many = random.Random(seed), sizes(campaigns)
    made: list[Offer] = []
    for kind, percent in MIX:
        count = max(1, campaigns * percent // 100)
        made += [_offer(kind, number, count, many, rng) for number in range(count)]
    rng.shuffle(made)
    return [offer._replace(name=f"c{number:05}") for number, offer in enumerate(made[:campaigns])]


def _offer(kind: str, number: int, count: int, many: Sizes, rng: random.Random) -> Offer:
    match kind:
        case "sku":
            return Offer("", sku=f"S{rng.randrange(many.skus)}", channel=rng.choice(("", "app")))
        case "category":
            return Offer("", category=f"K{rng.randrange(many.categories)}")
        case "store":
            return Offer("", store=f"O{rng.randrange(many.stores)}")
        case "store and tier":
            return Offer("", store=f"O{rng.randrange(many.stores)}", tier=rng.choice(TIERS))
        case "city and tier":
            return Offer("", city=f"C{rng.randrange(many.cities)}", tier=rng.choice(TIERS))
        case _:
            return _range(number, count, rng)


def _range(number: int, count: int, rng: random.Random) -> Offer:
    """Such that an event meets as many at every size."""
    if number % 3 == 0:
        return Offer("", points_from=MOST_POINTS - MOST_POINTS // (5 * (number // 3 + 1) ** 2))
    if number % 3 == 1:
        begins = rng.randrange(DEAREST_MINOR)
        return Offer("", price=(begins, begins + max(1, DEAREST_MINOR // (2 * count))))
    begins = rng.randrange(DAY_MINUTES)
    return Offer("", clock=(begins, begins + max(1, DAY_MINUTES // (2 * count))), channel="app")


def baskets(campaigns: int, count: int, seed: int) -> list[Basket]:
    """So many events for the mix of that size."""
    rng, many = random.Random(f"baskets {seed}"), sizes(campaigns)  # not the draws of the campaigns
    return [
        Basket(
            f"O{rng.randrange(many.stores)}",
            f"C{rng.randrange(many.cities)}",
            rng.choice(TIERS),
            rng.choice(("app", "web", "pos")),
            rng.randrange(DAY_MINUTES),
            rng.randrange(MOST_POINTS),
            tuple(
                (f"S{rng.randrange(many.skus)}", f"K{rng.randrange(many.categories)}", rng.randrange(DEAREST_MINOR))
                for _ in range(LINES)
            ),
        )
        for _ in range(count)
    ]


def ruleset(made: list[Offer]) -> Ruleset:
    """The mix as the compiler would give it."""
    programme = Programme(
        name="matching",
        zone=Zone("UTC", (0,), (0,)),
        currency="USD",
        minor_digits=2,
        accounts=(Account("points", spendable=True, expires=None, worth_micro=None),),
        attributes=(),
        earning=Earning("amount", None),
        time=TimeRules("wall", 0, "refuse", 0),
        transaction_key=("transaction_id",),
        modules=(),
    )
    return Ruleset("", 1, programme, tuple(map(_campaign, made)), (), ())


def _campaign(offer: Offer) -> Campaign:
    audience, when = _conditions(offer)
    including = _line_test(offer)
    return Campaign(
        name=offer.name,
        title=offer.name,
        on=ON,
        from_ms=None,
        until_ms=None,
        audience=AllOf(tuple(audience)) if audience else None,
        line_sets={} if including is None else {"lines": LineSet(including, None)},
        when=AllOf(tuple(when)) if when else None,
        then=(AwardPoints(Fixed(1), "points"),),
        otherwise=(),
        base=False,
        priority=0,
        state="live",
    )


def _line_test(offer: Offer) -> Condition | None:
    if offer.sku:
        return Test("sku", "text", "one_of", (offer.sku,))
    if offer.category:
        return Test("category", "text", "one_of", (offer.category,))
    if offer.price is not None:
        return AllOf(tuple(_within("unit_price", "money", offer.price)))
    return None


def _within(field: str, kind: FieldType, bounds: tuple[int, int]) -> list[Condition]:
    begins, ends = bounds
    return [Test(field, kind, "at_least", (begins,)), Test(field, kind, "less_than", (ends,))]


def _conditions(offer: Offer) -> tuple[list[Condition], list[Condition]]:
    audience: list[Condition] = []
    if offer.tier:
        audience.append(Test("member.tier", "text", "one_of", (offer.tier,)))
    if offer.city:
        audience.append(Test("member.profile.city", "text", "one_of", (offer.city,)))
    when: list[Condition] = []
    if offer.channel:
        when.append(Test("transaction.channel", "text", "one_of", (offer.channel,)))
    if offer.store:
        when.append(Test("transaction.outlet", "text", "one_of", (offer.store,)))
    if offer.points_from >= 0:
        when.append(Test("balance.points", "points", "at_least", (offer.points_from,)))
    if offer.clock is not None:
        when += _within("time.clock", "int", offer.clock)
    if _line_test(offer) is not None:
        when.append(Test("lines.pieces", "int", "at_least", (1,)))
    return audience, when


def facts(basket: Basket) -> Facts:
    """The event as deciding asks about it."""
    return Facts(
        ON,
        0,
        {
            "transaction.channel": basket.channel,
            "transaction.outlet": basket.store,
            "balance.points": basket.points,
            "time.clock": basket.clock,
            "member.tier": basket.tier,
            "member.profile.city": basket.city,
        },
        tuple(map(_line, enumerate(basket.lines))),
    )


def _line(numbered: tuple[int, tuple[str, str, int]]) -> Mapping[str, Any]:
    number, (sku, category, price) = numbered
    return {"line_id": str(number), "sku": sku, "category": category, "quantity": 1, "amount_minor": price}

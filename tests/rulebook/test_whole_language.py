"""A folder that says something with every key of the language compiles, and becomes what it says."""

from collections.abc import Iterator

import pytest

from engine.core.calendar import Period
from engine.match.plain import PlainMatcher
from engine.rulebook.compiler import compile_sources
from engine.rulebook.diagnostics import Report
from engine.rulebook.language import EFFECTS, FILES
from engine.rulebook.nodes import Map, Node, Sequence
from engine.rulebook.shapes import Either, ListOf, MapOf, Record, Shape
from engine.rulebook.tables import read_csv
from engine.rulebook.yaml_text import read_yaml
from engine.ruleset.achievements import Achievement
from engine.ruleset.codec import decode, encode
from engine.ruleset.conditions import AllOf, Condition, LineSet, Test
from engine.ruleset.effects import (
    AddTag,
    AwardPoints,
    Bundle,
    Effect,
    Emit,
    IssueCode,
    IssueVoucher,
    Multiple,
    Notify,
    Pending,
    Rate,
    RemoveTag,
    SetAttribute,
    SetTier,
    Steps,
)
from engine.ruleset.limits import Derived, Group, Limit, Window
from engine.ruleset.model import UNREACHED, Campaign, Ladder, Lockout, Returns, Ruleset
from engine.ruleset.reference import CurrencyRate, Quiet
from engine.ruleset.schedules import After, Every, Silent, Yearly
from engine.ruleset.tiers import AtEnd, Criteria, Criterion, Entry, Validity
from engine.ruleset.vouchers import (
    AmountOff,
    Buy,
    ExternalValue,
    FreePieces,
    FromPattern,
    FromPool,
    Grant,
    OnDemand,
    PercentOff,
)
from tests.rulebook.whole import WHOLE


@pytest.fixture(scope="module")
def whole() -> Ruleset:
    found = compile_sources(WHOLE)
    assert {each.code for each in found.diagnostics} == {"decided-later"}
    assert found.ruleset is not None
    return found.ruleset


def campaign(ruleset: Ruleset, name: str) -> Campaign:
    return next(each for each in ruleset.campaigns if each.name == name)


def ladder(ruleset: Ruleset, name: str) -> Ladder:
    return next(each for each in ruleset.ladders if each.name == name)


def test_it_comes_through_the_codec_and_the_matcher(whole: Ruleset) -> None:
    assert decode(encode(whole)) == whole
    PlainMatcher(whole)


def test_campaigns_stand_by_group_priority_and_name(whole: Ruleset) -> None:
    names = [each.name for each in whole.campaigns]
    assert names[:3] == ["double-coffee", "stamp-card", "base-earn"]
    assert names[2:] == sorted(names[2:])


def test_effects_become_what_they_say(whole: Ruleset) -> None:
    effects: list[Effect] = [
        *campaign(whole, "double-coffee").then,
        *campaign(whole, "double-coffee").otherwise,
        *campaign(whole, "stamp-card").then,
        *campaign(whole, "bundles").then,
    ]
    assert effects[:9] == [
        AwardPoints(Multiple(2000, "coffee"), "points"),
        Notify("two-coffees-needed"),
        IssueVoucher("free-refill", Period(1, "days"), 500),
        AddTag("stamped"),
        RemoveTag("new"),
        SetAttribute("favourite", "coffee"),
        Emit("stamped", {"card": 1, "full": True, "kind": "coffee"}),
        IssueCode("thanks-2026"),
        SetTier("status", "silver", Period(3, "months")),
    ]
    bundle, steps, rate = effects[9:]
    assert bundle == AwardPoints(
        Bundle(50, {"burgers": 1, "fries": 2}, 4), "points", pending=Pending(Period(30, "days"))
    )
    lapsing = Pending(None, "stay_completed", Period(90, "days"))
    assert steps == AwardPoints(Steps(5, 200, "fries"), "points", pending=lapsing)
    assert isinstance(rate, AwardPoints)
    assert (rate.how, rate.account, rate.to) == (Rate(5, 100, None, each_line=True), "miles", "referrer")


def test_limits_become_what_they_say(whole: Ruleset) -> None:
    ever = Window("ever")
    assert campaign(whole, "double-coffee").limits == (
        Limit("times", 1, "member", Window("this", unit="day"), "refuse"),
        Limit("points", 500, "member", Window("this", unit="month"), "clamp"),
        Limit("times", 10000, "campaign", ever, "refuse"),
        Limit("not_within", 1, "member", ever, "refuse", not_within=Period(14, "hours")),
        Limit("budget", 2_000_000, "campaign", ever, "clamp", paid_by="dairy"),
    )
    assert whole.programme.groups == (
        Group("multipliers", "highest", "line"),
        Group("offers", "first", "transaction", (Limit("times", 3, "member", Window("this", unit="week"), "refuse"),)),
    )
    assert whole.programme.accounts[1].limits[0].amount == 9000


def test_each_use_of_a_counter_is_a_field_of_its_own(whole: Ruleset) -> None:
    bounds = (campaign(whole, "bundles").from_ms, campaign(whole, "bundles").until_ms)
    during = Window("during", None, None, None, "bundles", *bounds)
    by_field = {each.field: each for each in whole.programme.derived}
    assert by_field["counter.spend[during bundles]"] == Derived(
        "counter.spend[during bundles]", "spend", "value", during
    )
    kinds = {field: each.kind for field, each in by_field.items()}
    assert kinds == {
        "counter.coffees[ever] every 10": "passed",
        "counter.outlets[this quarter]": "value",
        "counter.outlets[this year]": "value",
        "counter.spend[during bundles]": "value",
        "counter.spend[during bundles] before": "before",
        "counter.spend[ever]": "value",
        "counter.topups[this month] 1 in a row": "streak",
        "counter.visits[last 30 days]": "value",
        "counter.visits[since opt_in bundles]": "value",
    }


def test_every_says_how_often_and_reaches_asks_before_and_after(whole: Ruleset) -> None:
    stamp = campaign(whole, "stamp-card")
    assert stamp.times == "counter.coffees[ever] every 10"
    assert stamp.when == Test(stamp.times, "int", "at_least", (1,))
    spend = "counter.spend[during bundles]"
    reached = AllOf((Test(f"{spend} before", "int", "less_than", (20000,)), Test(spend, "int", "at_least", (20000,))))
    when = campaign(whole, "bundles").when
    parts: tuple[Condition, ...] = getattr(when, "conditions", ())
    assert parts[0] == reached
    assert parts[1] == Test("counter.topups[this month] 1 in a row", "int", "at_least", (3,))


def asked_in(condition: Condition | None) -> Iterator[Test]:
    if isinstance(condition, Test):
        yield condition
    else:
        for part in getattr(condition, "conditions", ()):
            yield from asked_in(part)


def test_lists_and_payments_stand_in_tests(whole: Ruleset) -> None:
    asked = {test.field: test for test in asked_in(campaign(whole, "double-coffee").when)}
    assert asked["transaction.outlet_code"].values == ("JFK", "LGA", "EWR")
    assert asked["payments.method"] == Test("payments.method", "set", "has_any", ("store_card", "gift_card"))
    assert asked["payments.amount[store_card,gift_card]"].values == (500,)
    assert asked["outlet.region"].values == ("east",)


def test_schedules_become_what_they_say(whole: Ruleset) -> None:
    names = ("birthday", "monthly", "win-back", "first-days")
    assert {campaign(whole, name).on for name in names} == {"schedule"}
    assert [campaign(whole, name).schedule for name in names] == [
        Yearly("birthday", Period(7, "days"), 510),
        Every("month", 540, 1),
        Silent(Period(90, "days"), "transaction.completed"),
        After(Period(14, "days"), "member.enrolled"),
    ]


def test_a_ladder_keeps_its_simple_values_beside_its_rules(whole: Ruleset) -> None:
    status = ladder(whole, "status")
    assert (status.account, status.within) == ("tier_points", "calendar_year")
    assert [(level.tier, level.qualified) for level in status.levels] == [
        ("blue", 0),
        ("silver", 25000),
        ("gold", 50000),
    ]
    _, silver, gold = status.levels
    segments = Criterion("counter", "outlets", 30)
    assert silver.reach == Criteria(((Criterion("account", "tier_points", 25000),), (segments,)))
    assert gold.reach is None
    assert gold.stay == Criteria(((Criterion("account", "tier_points", 40000),),))
    life = Criterion("counter", "lifetime_miles", 1_000_000)
    assert gold.for_life == Criteria(((life,),))
    assert status.rules is not None
    assert status.rules.valid == Validity("end_of_next_year", None, plus=Period(1, "months"))
    assert status.rules.at_end == AtEnd("one_down", Period(30, "days"), (Period(30, "days"),))
    assert status.rules.on_entering == {
        "gold": Entry((Notify("gold"),), again=True),
        "silver": Entry((IssueVoucher("free-refill"),)),
    }
    wine = ladder(whole, "wine")
    assert (wine.within, wine.last, wine.account) == ("last", Period(12, "months"), "")
    assert wine.levels[1].qualified == UNREACHED


def test_achievements_count_in_the_counters_own_unit(whole: Ruleset) -> None:
    assert whole.achievements == (
        Achievement("explorer", "Three of our outlets", "outlets", "counter.outlets[this year]", 3, 3),
        Achievement("spender", "spender", "spend", "counter.spend[ever]", 100_000, 1),
    )


def test_vouchers_and_pools_become_what_they_say(whole: Ruleset) -> None:
    by_name = {each.name: each for each in whole.vouchers}
    assert {name: each.benefit for name, each in by_name.items()} == {
        "data": Grant({"data_mb": 5120}),
        "free-refill": FreePieces(LineSet(Test("category", "text", "one_of", ("coffee",)), None)),
        "gift-card": ExternalValue(20000, "INR"),
        "off": AmountOff(500),
        "percent": PercentOff(1250, 500),
    }
    refill = by_name["free-refill"]
    assert refill.code == FromPattern("FRY-############")
    assert refill.buy == Buy(5000, "points", "perks", ("gold",), 300)
    assert (refill.uses, refill.titles["es"]) == (4, "Un relleno gratis")
    assert by_name["gift-card"].code == FromPool("amazon")
    acme, amazon = whole.pools
    assert acme.source == OnDemand("acme", 20_000, 5_000, 600_000, 86_400_000)
    assert not acme.keep_code
    assert (amazon.when_empty, amazon.fallback, amazon.unit_cost_minor) == ("fallback", "acme", 19500)


def test_the_rest_of_the_programme_becomes_what_it_says(whole: Ruleset) -> None:
    programme = whole.programme
    points, miles, _ = programme.accounts
    assert (points.warn, points.hold_for_ms) == ((Period(30, "days"),), 600_000)
    assert (miles.renewed_by, miles.negative) == (("transaction.completed",), "allowed")
    assert programme.returns == Returns(400 * 86_400_000, 7 * 86_400_000, "member")
    assert programme.lockout == Lockout(5, 20, 86_400_000)
    assert programme.modules == ("feedback", "promo_codes", "reward_store")
    assert programme.time.week_starts == "sunday"
    assert whole.quiet == Quiet(1260, 480, "Europe/London")
    assert set(whole.zones) == {"America/New_York", "America/Los_Angeles", "Europe/London"}
    assert whole.outlets["SFO"] == {"zone": "America/Los_Angeles", "region": "west", "manager": "Ann"}
    assert whole.lists == {"airports": ("JFK", "LGA", "EWR")}
    assert [each.billionths for each in whole.rates] == [1_100_000_000, 1_170_000_000]
    assert whole.rates[0] == CurrencyRate("EUR", None, 1_100_000_000, 2)
    assert whole.feedback is not None
    assert whole.feedback.alerts[1].confirmed_percent == 60
    partner, codes, word = whole.promo_codes
    assert (partner.compare, word.code) == ("exact", "SPRING")
    assert (codes.generate, codes.limits[0].per) == (10000, "list")


def keys_of(shape: Shape, found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    match shape:
        case Record():
            for key in shape.keys:
                found.add((shape.name, key.name))
                keys_of(key.shape, found)
        case ListOf(item=inner) | MapOf(value=inner):
            keys_of(inner, found)
        case Either(options=options):
            for option in options:
                keys_of(option, found)
        case _:
            pass
    return found


def words_in(node: Node) -> Iterator[str]:
    match node:
        case Map():
            for key, value in node.entries:
                yield key.text
                yield from words_in(value)
        case Sequence():
            for item in node.items:
                yield from words_in(item)
        case _:
            return


def test_every_key_of_the_language_is_said_somewhere() -> None:
    written: set[str] = set()
    for path, text in WHOLE.items():
        root = (read_csv if path.endswith(".csv") else read_yaml)(path, text, Report())
        assert root is not None
        written |= set(words_in(root))
    shapes = [kind.shape for kind in FILES] + [kind.shape for kind in EFFECTS.values()]
    keys = {key for shape in shapes for key in keys_of(shape, set())}
    assert {name for _, name in keys} - written == {"list"}  # always written as a bare value

"""Arbitrary rulesets and events over few names and values, so that they often meet."""

from collections.abc import Mapping
from typing import Any, cast

from hypothesis import strategies as st

from engine.core.calendar import Zone
from engine.ruleset.conditions import AllOf, AnyOf, Condition, FieldType, LineSet, NoneOf, Op, Test
from engine.ruleset.effects import AwardPoints, Fixed, Rate
from engine.ruleset.matching import Facts
from engine.ruleset.model import SEMANTICS, Account, Campaign, Earning, MessageRule, Programme, Ruleset, TimeRules

TEXTS = ("a", "b", "ab", "1", "true", "")
ANYTHING = (*TEXTS, 0, 1, 2, True, False)
ONS = ("transaction.completed", "activity.recorded")
EVENT_FIELDS: Mapping[str, FieldType] = {
    "transaction.channel": "text",
    "transaction.attributes.x": "text",
    "transaction.amount": "money",
    "member.tier": "text",
    "member.tags": "set",
    "member.opted_in": "bool",
    "member.profile.born": "day",
    "s.pieces": "int",
    "s.count": "int",
    "t.amount": "money",
    "t.distinct_skus": "int",
}
LINE_FIELDS: Mapping[str, FieldType] = {
    "sku": "text",
    "category": "text",
    "amount": "money",
    "unit_price": "money",
    "attributes.x": "text",
}
DAYS = ("1990-05-01", "2001-12-31")
OPS: Mapping[FieldType, tuple[Op, ...]] = {
    "text": ("one_of", "not_one_of", "starts_with", "exists"),
    "bool": ("one_of", "not_one_of", "exists"),
    "int": ("one_of", "not_one_of", "at_least", "at_most", "more_than", "less_than", "exists"),
    "money": ("one_of", "not_one_of", "at_least", "at_most", "more_than", "less_than", "exists"),
    "day": ("one_of", "from", "before", "exists"),
    "set": ("has", "has_any", "has_all", "has_none", "exists"),
}
VALUES: Mapping[FieldType, tuple[Any, ...]] = {
    "text": ANYTHING,
    "bool": (True, False),
    "int": (0, 1, 2, 5),
    "money": (0, 1, 2, 5),
    "day": DAYS,
    "set": TEXTS,
}


@st.composite
def tests_of(draw: st.DrawFn, fields: Mapping[str, FieldType]) -> Test:
    field = draw(st.sampled_from(sorted(fields)))
    kind = fields[field]
    op = draw(st.sampled_from(OPS[kind]))
    if op == "exists":
        return Test(field, "bool", op, (draw(st.booleans()),))
    most = 3 if op in ("one_of", "not_one_of", "has_any", "has_all", "has_none") else 1
    texts = TEXTS if op == "starts_with" else VALUES[kind]
    return Test(field, kind, op, tuple(draw(st.lists(st.sampled_from(texts), min_size=1, max_size=most))))


def conditions(fields: Mapping[str, FieldType], most: int = 6) -> st.SearchStrategy[Condition]:
    return st.recursive(
        cast("st.SearchStrategy[Condition]", tests_of(fields)),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: AllOf(tuple(parts))),
            st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple), st.integers(1, 2)),
            st.lists(inner, min_size=1, max_size=2).map(lambda parts: NoneOf(tuple(parts))),
        ),
        max_leaves=most,
    )


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


line_sets = st.builds(LineSet, maybe(conditions(LINE_FIELDS)), maybe(conditions(LINE_FIELDS)))


@st.composite
def campaigns(draw: st.DrawFn, number: int) -> Campaign:
    return Campaign(
        name=f"c{number}",
        title="",
        on=draw(st.sampled_from(ONS)),
        from_ms=draw(st.sampled_from((None, 5))),
        until_ms=draw(st.sampled_from((None, 15))),
        audience=draw(maybe(conditions(EVENT_FIELDS))),
        line_sets={"s": draw(line_sets), "t": draw(line_sets)},
        when=draw(maybe(conditions(EVENT_FIELDS))),
        then=(AwardPoints(Fixed(1), "points"),),
        otherwise=draw(st.sampled_from(((), (AwardPoints(Rate(1, 100, "s"), "points"),)))),
        base=draw(st.booleans()),
        priority=0,
        state=draw(st.sampled_from(("live", "live", "shadow", "paused"))),
    )


@st.composite
def rulesets(draw: st.DrawFn) -> Ruleset:
    return Ruleset(
        digest="",
        semantics=SEMANTICS,
        programme=Programme(
            "p",
            Zone("UTC", (0,), (0,)),
            "USD",
            2,
            (Account("points", spendable=True, expires=None, worth_micro=None),),
            (),
            Earning("amount", draw(maybe(conditions(LINE_FIELDS)))),
            TimeRules("wall", 0, "refuse", 0),
            ("transaction_id",),
            (),
        ),
        campaigns=tuple(draw(campaigns(number)) for number in range(draw(st.integers(1, 6)))),
        ladders=(),
        messages=(MessageRule("m", "tier.upgraded", draw(maybe(conditions(EVENT_FIELDS)))),),
    )


lines = st.fixed_dictionaries(
    {
        "sku": st.sampled_from(TEXTS),
        "quantity": st.integers(0, 3),
        "amount_minor": st.integers(0, 6),
    },
    optional={
        "category": st.sampled_from(TEXTS),
        "attributes": st.dictionaries(st.just("x"), st.sampled_from(ANYTHING)),
    },
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "transaction.channel": st.sampled_from(TEXTS),
        "transaction.attributes.x": st.sampled_from(ANYTHING),
        "transaction.amount": st.integers(0, 6),
        "member.tier": st.sampled_from(TEXTS),
        "member.tags": st.lists(st.sampled_from(TEXTS), max_size=2).map(tuple),
        "member.opt_ins": st.lists(st.sampled_from(("c0", "c1", "c2")), max_size=2).map(tuple),
        "member.profile.born": st.sampled_from((*DAYS, 7)),
    },
)
facts = st.tuples(st.sampled_from(ONS), st.sampled_from((0, 5, 14, 15)), fields, st.lists(lines, max_size=3)).map(
    lambda values: Facts(*values)
)

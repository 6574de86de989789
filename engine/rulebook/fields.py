"""What conditions can ask: every field and every test. Adding one is adding an entry here.

A `*` in a field's name stands for a name that something declares (`of`), or for any name.
"""

from collections.abc import Mapping
from typing import NamedTuple

from engine.core.calendar import WEEKDAYS
from engine.rulebook.shapes import ConditionScope

_ABOUT_MEMBER: tuple[ConditionScope, ...] = ("audience", "when", "define")
_ABOUT_EVENT: tuple[ConditionScope, ...] = ("when", "define")
_SALE = ("transaction.completed",)
_ACTIVITY = ("activity.recorded",)


class Field(NamedTuple):
    """A field: its type, where it may stand, on which events it is known (none given: on all), and what it says.

    `type` is a field type of the model, or `clock` (a time of day), or `declared` (that of the declaration).
    `among` names the things whose names its values must be; `options` and `low` to `high` what they can be at all.
    """

    name: str
    type: str
    scopes: tuple[ConditionScope, ...]
    meaning: str
    on: tuple[str, ...] = ()
    of: str = ""
    among: str = ""
    options: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None


def _of_time(prefix: str, whose: str) -> tuple[Field, ...]:
    return (
        Field(f"{prefix}weekday", "text", _ABOUT_EVENT, f"weekday of the event in {whose}", options=WEEKDAYS),
        Field(f"{prefix}clock", "clock", _ABOUT_EVENT, f"time of day of the event in {whose}", low=0, high=24 * 60),
        Field(f"{prefix}day_of_month", "int", _ABOUT_EVENT, f"day of the month in {whose}", low=1, high=31),
        Field(f"{prefix}month", "int", _ABOUT_EVENT, f"month in {whose}, 1 for January", low=1, high=12),
    )


FIELDS: tuple[Field, ...] = (
    Field("transaction.amount", "money", _ABOUT_EVENT, "what was paid for what may earn, less what points paid", _SALE),
    Field(
        "transaction.amount_before_discounts", "money", _ABOUT_EVENT, "the sale before the seller's discounts", _SALE
    ),
    Field("transaction.paid_with_points", "money", _ABOUT_EVENT, "the part that points paid", _SALE),
    Field("transaction.channel", "text", _ABOUT_EVENT, "where it was bought: app, web, store, ...", _SALE),
    Field("transaction.outlet_code", "text", _ABOUT_EVENT, "the shop, site or web shop", _SALE),
    Field("transaction.merchant_id", "text", _ABOUT_EVENT, "who runs the outlet", _SALE),
    Field("transaction.currency", "text", _ABOUT_EVENT, "the currency of the sale", _SALE),
    Field(
        "transaction.attributes.*", "declared", _ABOUT_EVENT, "an attribute of the sale", _SALE, "transaction attribute"
    ),
    Field("activity.name", "text", _ABOUT_EVENT, "what the member did: review_written, ...", _ACTIVITY),
    Field("activity.attributes.*", "declared", _ABOUT_EVENT, "an attribute of it", _ACTIVITY, "activity attribute"),
    Field("*.pieces", "int", ("when",), "pieces in a set of lines", _SALE, "line set", low=0),
    Field("*.count", "int", ("when",), "lines in a set of lines", _SALE, "line set", low=0),
    Field("*.amount", "money", ("when",), "what a set of lines cost", _SALE, "line set", low=0),
    Field("*.distinct_skus", "int", ("when",), "different articles in a set of lines", _SALE, "line set", low=0),
    Field("member.tier", "text", _ABOUT_MEMBER, "tier of the first ladder by name", among="first ladder"),
    Field("member.tier.*", "text", _ABOUT_MEMBER, "tier of a ladder", of="ladder", among="that ladder"),
    Field("member.tags", "set", _ABOUT_MEMBER, "the member's tags"),
    Field("member.profile.*", "declared", _ABOUT_MEMBER, "an attribute of the member's profile", of="attribute"),
    Field("member.opted_in", "bool", _ABOUT_MEMBER, "whether the member opted in to this campaign"),
    Field("member.enrolled_days", "int", _ABOUT_MEMBER, "local days since enrolment", low=0),
    Field("balance.*", "points", _ABOUT_MEMBER, "the member's balance of an account", of="account"),
    *_of_time("time.", "the outlet's zone where known, else the programme's"),
    *_of_time("time.programme.", "the programme's zone"),
    Field("sku", "text", ("line",), "the article"),
    Field("category", "text", ("line",), "the article's category"),
    Field("brand", "text", ("line",), "the article's brand"),
    Field("pieces", "int", ("line",), "pieces of the line", low=0),
    Field("amount", "money", ("line",), "what the line cost", low=0),
    Field("discount", "money", ("line",), "the line's discount", low=0),
    Field("unit_price", "money", ("line",), "what one piece cost, rounded down to the minor unit", low=0),
    Field("attributes.*", "declared", ("line",), "an attribute of the line", of="line attribute"),
    Field("tier.before", "text", ("message",), "the tier before", ("tier.",), among="any ladder"),
    Field("tier.after", "text", ("message",), "the tier after", ("tier.",), among="any ladder"),
    Field("tier.next", "text", ("message",), "the next tier to reach", ("tier.",), among="any ladder"),
    Field("tier.ladder", "text", ("message",), "the ladder", ("tier.",), among="ladder"),
)


class TestWord(NamedTuple):
    """A test: what the model calls it, the types it fits, whether it takes a list, and what it says."""

    op: str
    types: tuple[str, ...]
    many: bool
    meaning: str


_ONE_VALUE = ("money", "points", "int", "text", "day", "month_day", "bool", "clock", "any")
_NUMBERS = ("money", "points", "int")
_TIMES = ("day", "month_day", "clock")

TESTS: Mapping[str, TestWord] = {
    "equals": TestWord("one_of", _ONE_VALUE, many=True, meaning="a bare value must be equal, of a list one must be"),
    "not": TestWord("not_one_of", _ONE_VALUE, many=True, meaning="there is a value and it is none of these"),
    "at_least": TestWord("at_least", _NUMBERS, many=False, meaning="this or more"),
    "at_most": TestWord("at_most", _NUMBERS, many=False, meaning="this or less"),
    "more_than": TestWord("more_than", _NUMBERS, many=False, meaning="more than this"),
    "less_than": TestWord("less_than", _NUMBERS, many=False, meaning="less than this"),
    "from": TestWord("from", _TIMES, many=False, meaning="then or later"),
    "before": TestWord("before", _TIMES, many=False, meaning="earlier than then"),
    "has": TestWord("has", ("set",), many=False, meaning="the set contains it"),
    "has_any": TestWord("has_any", ("set",), many=True, meaning="the set contains one of them"),
    "has_all": TestWord("has_all", ("set",), many=True, meaning="the set contains each of them"),
    "has_none": TestWord("has_none", ("set",), many=True, meaning="the set contains none of them"),
    "starts_with": TestWord("starts_with", ("text", "any"), many=True, meaning="the text begins so"),
    "exists": TestWord("exists", (*_ONE_VALUE, "set"), many=False, meaning="whether there is a value at all"),
}

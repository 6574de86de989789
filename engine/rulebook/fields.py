"""What conditions can ask: every field and every test. Adding one is adding an entry here.

A `*` in a field's name stands for a name that something declares (`of`), or for any name.
"""

from collections.abc import Mapping
from typing import NamedTuple

from engine.core.calendar import WEEKDAYS
from engine.rulebook.shapes import ConditionScope

_ABOUT_MEMBER: tuple[ConditionScope, ...] = ("audience", "when", "define", "counter", "voucher")
_ABOUT_EVENT: tuple[ConditionScope, ...] = ("when", "define", "counter")
_ANY_EVENT: tuple[ConditionScope, ...] = ("when", "define", "counter", "voucher")
_COUNTED: tuple[ConditionScope, ...] = ("audience", "when", "define", "voucher")
_OUTCOME: tuple[ConditionScope, ...] = ("when", "define", "counter", "message")
_SALE = ("transaction.completed",)
_RETURN = ("transaction.returned", "transaction.cancelled")
_ACTIVITY = ("activity.recorded",)
_AT_OUTLET = ("transaction.", "feedback.", "voucher.redeemed", "voucher.rejected")


class Field(NamedTuple):
    """A field: its type, where it may stand, on which events it is known (none given: on all), and what it says.

    `type` is a field type of the model, or `clock` (a time of day), `declared` (that of the declaration), `any` (as written) or
    `counted` (what a counter adds).
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
        Field(f"{prefix}weekday", "text", _ANY_EVENT, f"weekday of the event in {whose}", options=WEEKDAYS),
        Field(f"{prefix}clock", "clock", _ANY_EVENT, f"time of day of the event in {whose}", low=0, high=24 * 60),
        Field(f"{prefix}day_of_month", "int", _ANY_EVENT, f"day of the month in {whose}", low=1, high=31),
        Field(f"{prefix}month", "int", _ANY_EVENT, f"month in {whose}, 1 for January", low=1, high=12),
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
    Field("payments.method", "set", ("when", "define"), "how it was paid, as `payments: {method: ..}`", _SALE),
    Field("payments.amount", "money", ("when", "define"), "what all payments come to", _SALE),
    Field("payments.amount[*]", "money", ("when", "define"), "what payments by some methods come to", _SALE),
    Field(
        "outlet.*", "text", _ANY_EVENT, "a column of `outlets.csv` for the event's outlet", _AT_OUTLET, "outlet column"
    ),
    Field("return.outlet_code", "text", _ABOUT_EVENT, "where the goods came back", _RETURN),
    Field("return.original_outlet_code", "text", _ABOUT_EVENT, "where they were bought", ("transaction.returned",)),
    Field("return.pieces", "int", _ABOUT_EVENT, "how many pieces came back", ("transaction.returned",), low=0),
    Field("return.reason", "text", _ABOUT_EVENT, "why the sale was cancelled", ("transaction.cancelled",)),
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
    Field("member.birthday_in_days", "int", _ABOUT_MEMBER, "days until the profile's `birthday`", low=0, high=366),
    Field("member.referred", "bool", _ABOUT_MEMBER, "whether another member referred this one"),
    Field("counter.*", "counted", _COUNTED, "a counter's count in a window", of="counter"),
    Field("achievement.*", "int", _COUNTED, "how often an achievement was completed", of="achievement", low=0),
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
    Field("tier.before", "text", _OUTCOME, "the tier before", ("tier.",), among="any ladder"),
    Field("tier.after", "text", _OUTCOME, "the tier after", ("tier.",), among="any ladder"),
    Field("tier.next", "text", _OUTCOME, "the next tier to reach", ("tier.",), among="any ladder"),
    Field("tier.ladder", "text", _OUTCOME, "the ladder", ("tier.",), among="ladder"),
    Field("points.points", "points", _OUTCOME, "how many points", ("points.",), low=0),
    Field("points.account", "text", _OUTCOME, "the account", ("points.",), among="account"),
    Field("points.campaign", "text", _OUTCOME, "the campaign that gave them", ("points.",), among="campaign"),
    Field("points.reason", "text", _OUTCOME, "why", ("points.",)),
    Field("points.balance_after", "points", _OUTCOME, "the balance afterwards", ("points.",)),
    Field("voucher.voucher", "text", _OUTCOME, "the kind of voucher", ("voucher.",), among="voucher"),
    Field("voucher.campaign", "text", _OUTCOME, "the campaign that gave it", ("voucher.",), among="campaign"),
    Field("voucher.issuer", "text", _OUTCOME, "its issuer", ("voucher.issued",)),
    Field("voucher.reason", "text", _OUTCOME, "why", ("voucher.",)),
    Field("voucher.outlet_code", "text", _OUTCOME, "where it was used", ("voucher.redeemed",)),
    Field("voucher.uses_left", "int", _OUTCOME, "how often it can still be used", ("voucher.redeemed",), low=0),
    Field("redemption.channel", "text", ("voucher",), "where it is used: app, web, store, ..."),
    Field("redemption.outlet_code", "text", ("voucher",), "the outlet that it is used at"),
    Field("redemption.amount", "money", ("voucher",), "the sale that it is used in"),
    Field("redemption.currency", "text", ("voucher",), "the sale's currency"),
    Field("code.list", "text", _OUTCOME, "the promo code list", ("promo_code.",), among="promo code list"),
    Field("code.code", "text", _OUTCOME, "the code as entered", ("promo_code.",)),
    Field("code.channel", "text", _OUTCOME, "where it was entered", ("promo_code.entered",)),
    Field("code.reason", "text", _OUTCOME, "why it was refused", ("promo_code.rejected",)),
    Field("feedback.type", "text", _OUTCOME, "the kind of feedback", ("feedback.",), among="feedback type"),
    Field(
        "feedback.claim",
        "text",
        _OUTCOME,
        "what checking it showed",
        ("feedback.accepted",),
        options=("confirmed", "contradicted", "unverified"),
    ),
    Field(
        "feedback.location_verified",
        "text",
        _OUTCOME,
        "whether it came from the outlet",
        ("feedback.accepted",),
        options=("true", "false", "unknown"),
    ),
    Field("feedback.outlet_code", "text", _OUTCOME, "the outlet that it is about", ("feedback.",)),
    Field("feedback.issuer_code", "text", _OUTCOME, "the issuer that it is about", ("feedback.",)),
    Field("feedback.offer_code", "text", _OUTCOME, "the offer that it is about", ("feedback.",)),
    Field(
        "feedback.voucher", "text", _OUTCOME, "the voucher that it is about", ("feedback.accepted",), among="voucher"
    ),
    Field("feedback.reason", "text", _OUTCOME, "why it was refused", ("feedback.rejected",)),
    Field("achievement.achievement", "text", _OUTCOME, "the achievement", ("achievement.",), among="achievement"),
    Field("achievement.times", "int", _OUTCOME, "how often it was completed", ("achievement.",), low=0),
    Field("referral.referrer_member_id", "text", _OUTCOME, "who referred the member", ("referral.",)),
    Field("member.tag", "text", ("when", "counter", "message"), "the tag", ("member.tagged", "member.untagged")),
    Field("member.campaign", "text", ("when", "counter"), "the campaign", ("member.opted_",), among="campaign"),
    Field("custom.*", "any", _OUTCOME, "what an event of the programme's own says", ("custom.",)),
)


class TestWord(NamedTuple):
    """A test: what the model calls it, the types it fits, whether it takes a list, and what it says."""

    op: str
    types: tuple[str, ...]
    many: bool
    meaning: str


PAYMENTS = ("method", "amount")  # what a condition asks of payments
COUNTING: Mapping[str, str] = {
    "last": "in so long a time back from the event, `{at_least: 3, last: 30 days}`",
    "this": "in the calendar unit, `{at_least: 3, this: month}`",
    "during": "`campaign`: while the campaign runs",
    "since": "`enrolment`, `tier_start` or `opt_in`",
    "ever": "`true`: all that the counter remembers; so it is without a window",
    "reaches": "holds only for the event with which the count comes to this",
    "every": "holds for an event that passes a multiple of this; the effects come once for each",
    "each": "the calendar unit of `in_a_row`",
    "in_a_row": "the test `at_least` holds for so many calendar units in a row, `{at_least: 1, each: month, in_a_row: 3}`",
}

_ONE_VALUE = ("money", "points", "int", "text", "day", "month_day", "bool", "clock", "any")
_NUMBERS = ("money", "points", "int")
_TIMES = ("day", "month_day", "clock")

TESTS: Mapping[str, TestWord] = {
    "equals": TestWord("one_of", _ONE_VALUE, many=True, meaning="a bare value must be equal, of a list one must be"),
    "in": TestWord("one_of", ("text", "set", "any"), many=False, meaning="one of the values of a file in `lists/`"),
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

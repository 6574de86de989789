"""Shapes that several kinds of file use: expiry, limits, windows."""

from engine.rulebook.shapes import Choice, Key, Leaf, ListOf, Record

UNITS = ("day", "week", "month", "quarter", "year")
ROUNDINGS = ("none", "end_of_month", "end_of_quarter", "end_of_year")

EXPIRY = Record(
    "expires",
    (
        Key("after", Leaf("period"), "how long after the earning, e.g. `12 months`", required=True),
        Key("round", Choice("round", ROUNDINGS), "rounded up to this"),
    ),
)


def limit(per: tuple[str, ...], *, amounts: bool = True) -> Record:
    """What a limit says where it may be counted for each `per`; `amounts`: of points and budget too."""
    kinds = ("times", "points", "budget", "not_within") if amounts else ("times", "not_within")
    keys = (
        Key("times", Leaf("count"), "at most so many times; the whole campaign stops there"),
        Key("points", Leaf("points"), "at most so many points"),
        Key("budget", Leaf("money_unit"), "points worth at most so much; the account needs a `worth`"),
        Key("not_within", Leaf("period"), "not again before this time is over"),
        Key("per", Choice("per", per), f"whose limit it is (default: {per[0]})"),
        Key("each", Choice("each", UNITS), "in each calendar unit (default: ever)", beside=kinds[:-1]),
        Key("last", Leaf("period"), "in so long a time back from the event", beside=kinds[:-1]),
        Key("paid_by", Leaf("name"), "who pays the budget", beside=("budget",)),
        Key(
            "over",
            Choice("over", ("refuse", "clamp")),
            "refuse gives nothing of that award, clamp what is left (default: refuse for times, else clamp)",
        ),
    )
    kept = tuple(key for key in keys if amounts or key.name not in ("points", "budget", "paid_by", "over"))
    return Record("limit", kept, one_of=kinds, not_both=(("each", "last"),))


CAMPAIGN_LIMITS = ListOf(limit(("member", "campaign", "outlet", "referrer", "code")))
MEMBER_LIMITS = ListOf(limit(("member",)))
VOUCHER_LIMITS = ListOf(limit(("member", "code", "outlet"), amounts=False))
LIST_LIMITS = ListOf(limit(("member", "list", "code"), amounts=False))

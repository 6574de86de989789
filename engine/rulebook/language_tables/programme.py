"""The keys of the programme."""

from engine.core.calendar import WEEKDAYS
from engine.rulebook.events import EVENTS
from engine.rulebook.language_tables.common import EXPIRY, MEMBER_LIMITS
from engine.rulebook.shapes import Choice, Conditions, Key, Leaf, Lines, ListOf, MapOf, Record

_ACCOUNT_EXPIRY = Record(
    "expires",
    (
        *EXPIRY.keys,
        Key(
            "without",
            ListOf(Choice("without", tuple(EVENTS))),
            "makes it sliding: the time begins again with each of these events",
        ),
    ),
    not_both=(("round", "without"),),
)
_ACCOUNT = Record(
    "account",
    (
        Key("worth", Leaf("worth"), "what one point is worth in the programme's currency"),
        Key("expires", _ACCOUNT_EXPIRY, "when its points expire (default: never)"),
        Key("warn", ListOf(Leaf("period")), "how long before they expire that is said"),
        Key(
            "negative",
            Choice("negative", ("never", "allowed")),
            "what happens when more is taken than there is (default: never)",
        ),
        Key("hold_for", Leaf("duration"), "how long points are held for a purchase"),
        Key("spendable", Leaf("bool"), "whether members can spend them (default: true)"),
        Key("limits", MEMBER_LIMITS, "how much can be earned in it"),
    ),
)
_ATTRIBUTE = Record(
    "attribute",
    (
        Key(
            "type",
            Choice("type", ("text", "int", "bool", "money", "points", "day", "month_day")),
            "its type",
            required=True,
        ),
        Key("personal", Leaf("bool"), "personal data is sealed and never stands in a condition (default: false)"),
    ),
)
_OTHER_ATTRIBUTE = Record("attribute", _ATTRIBUTE.keys[:1])
_COUNTER = Record(
    "counter",
    (
        Key("on", Choice("counter.on", tuple(EVENTS)), "the event that counts", required=True),
        Key("lines", Lines(), "the lines that count; a sale without any does not"),
        Key("when", Conditions("counter"), "which of these events count"),
        Key(
            "add",
            Choice("add", ("1", "pieces", "count", "amount", "points")),
            "what each adds: 1, the pieces or the number of its lines, what it cost, its points (default: 1)",
        ),
        Key("distinct", Leaf("field"), "counts different values of this field instead"),
        Key("keep", Leaf("period"), "how long it remembers (default: 24 months)"),
    ),
    not_both=(("add", "distinct"),),
)
_GROUP = Record(
    "group",
    (
        Key(
            "keep",
            Choice("keep", ("all", "first", "highest", "lowest")),
            "which of its campaigns give; highest and lowest go by what the points are worth",
            required=True,
        ),
        Key(
            "scope",
            Choice("scope", ("transaction", "line")),
            "whether it chooses once a sale or line by line (default: transaction)",
        ),
        Key("limits", MEMBER_LIMITS, "what its campaigns give together"),
    ),
)
_EARNING = Record(
    "earning",
    (
        Key(
            "on",
            Choice("earning.on", ("amount", "amount_before_discounts")),
            "what base amounts count (default: amount)",
        ),
        Key("except", Conditions("line"), "lines that never earn"),
    ),
)
_TIME = Record(
    "time",
    (
        Key("clock", Choice("clock", ("wall", "events")), "what moves the programme's clock (default: wall)"),
        Key("late", Leaf("duration"), "how late an event may come (default: 30 days)"),
        Key("then", Choice("then", ("refuse", "accept")), "what happens to a later one (default: refuse)"),
        Key("ahead", Leaf("duration"), "how far an event may be ahead of its receipt (default: 15 minutes)"),
        Key("week_starts", Choice("week_starts", WEEKDAYS), "the first day of a week (default: monday)"),
    ),
)
_RETURNS = Record(
    "returns",
    (
        Key("accept_for", Leaf("duration"), "how long after the sale a return is accepted (default: 400 days)"),
        Key(
            "spent_points_grace",
            Leaf("duration"),
            "how long points that come back past their expiry can be used (default: not at all)",
        ),
        Key(
            "find_by",
            Choice("find_by", ("receipt", "member")),
            "whether a return may name the receipt alone, or must name the member (default: receipt)",
        ),
    ),
)
_LOCKOUT = Record(
    "lockout",
    (
        Key("in_a_row", Leaf("count"), "after so many wrong codes in a row"),
        Key("in_total", Leaf("count"), "after so many wrong codes in all"),
        Key("for", Leaf("duration"), "how long the member can enter none", required=True),
    ),
)
_MODULES = Record(
    "modules",
    tuple(
        Key(name, Choice(name, ("on", "off")), meaning)
        for name, meaning in (
            ("promo_codes", "promo codes (default: off)"),
            ("reward_store", "the reward store (default: off)"),
            ("feedback", "feedback on merchants (default: off)"),
        )
    ),
)


def _attributes(of: str, meaning: str) -> Key:
    shape = MapOf("attributes", Leaf("key", declares=f"{of} attribute"), _OTHER_ATTRIBUTE)
    return Key(f"{of}_attributes", shape, f"types of {meaning} attributes; one not declared is compared as written")


PROGRAMME = Record(
    "programme",
    (
        Key("programme", Leaf("name"), "the programme's name", required=True),
        Key("zone", Leaf("zone"), "the time zone that its days are counted in", required=True),
        Key("currency", Leaf("currency"), "the currency, by its three letters", required=True),
        Key("modules", _MODULES, "parts that are on or off"),
        Key(
            "accounts",
            MapOf("accounts", Leaf("name", declares="account"), _ACCOUNT),
            "what points are kept in",
            required=True,
        ),
        Key("attributes", MapOf("attributes", Leaf("key", declares="attribute"), _ATTRIBUTE), "the profile attributes"),
        _attributes("transaction", "a sale's"),
        _attributes("line", "a line's"),
        _attributes("activity", "an activity's"),
        Key("earning", _EARNING, "what points are earned on"),
        Key("counters", MapOf("counters", Leaf("name", declares="counter"), _COUNTER), "what is counted of a member"),
        Key(
            "groups",
            MapOf("groups", Leaf("name", declares="group"), _GROUP),
            "groups of campaigns that choose between them",
        ),
        Key(
            "define",
            MapOf("define", Leaf("name", declares="definition"), Conditions("define")),
            "conditions to use by name",
        ),
        Key("time", _TIME, "late and early events, weeks"),
        Key("returns", _RETURNS, "returns"),
        Key("lockout", _LOCKOUT, "when wrong codes lock a member out"),
        Key(
            "transaction_key",
            ListOf(Choice("transaction_key", ("transaction_id", "outlet_code"))),
            "what makes a sale the same sale (default: transaction_id)",
        ),
    ),
)

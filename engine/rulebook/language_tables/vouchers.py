"""The keys of vouchers, pools of codes and promo code lists."""

from engine.rulebook.language_tables.campaigns import RUNS
from engine.rulebook.language_tables.common import LIST_LIMITS, VOUCHER_LIMITS
from engine.rulebook.shapes import Choice, Conditions, EffectShape, Either, Key, Leaf, Lines, ListOf, MapOf, Record

_EXTERNAL = Record(
    "external",
    (
        Key("amount", Leaf("foreign_money"), "what it is worth there", required=True),
        Key("currency", Leaf("currency"), "in which currency", required=True),
    ),
)
_BENEFIT = Record(
    "benefit",
    (
        Key("percent", Leaf("percent"), "so much off what the lines cost"),
        Key("at_most", Leaf("money_unit"), "and at most so much", beside=("percent",)),
        Key("amount", Leaf("money_unit"), "so much off"),
        Key("free", Lines(), "lines that are free"),
        Key("pieces", Leaf("count"), "so many pieces of them (default: 1)", beside=("free",)),
        Key("external", _EXTERNAL, "a card of another company"),
        Key("grant", MapOf("grant", Leaf("key"), Leaf("anything")), "what another system grants"),
    ),
    one_of=("percent", "amount", "free", "external", "grant"),
)
_VALID = Record(
    "voucher.valid",
    (
        Key("for", Leaf("period"), "how long; the last day is usable"),
        Key(
            "from",
            Either(
                "valid.from",
                (Leaf("start"), Record("from", (Key("after", Leaf("period"), "so long after", required=True),))),
            ),
            "the first day, or how long after it was given (default: at once)",
        ),
        Key("until", Leaf("end"), "the last day"),
    ),
    one_of=("for", "until"),
)
_BUY = Record(
    "buy",
    (
        Key("price", Leaf("points"), "the points that it costs", required=True),
        Key("account", Leaf("name", refers="account"), "of which account (default: the first one declared)"),
        Key("shelf", Leaf("name"), "where it stands in the reward store"),
        Key("tiers", ListOf(Leaf("name", refers="any tier"), or_one=True), "who may buy it (default: all)"),
        Key("stock", Leaf("count"), "how many there are (default: no end)"),
    ),
)
_CODE = Record(
    "code",
    (
        Key("pool", Leaf("name", refers="pool"), "the pool that its code comes from"),
        Key("pattern", Leaf("pattern"), "how its code is made; each # is one of 32 signs"),
    ),
    one_of=("pool", "pattern"),
)
VOUCHER = Record(
    "voucher",
    (
        Key("voucher", Leaf("name", declares="voucher"), "its name, that of its file", required=True),
        Key(
            "title",
            Either("title", (Leaf("text"), MapOf("title", Leaf("key"), Leaf("text")))),
            "what people call it, by language where there are several",
        ),
        Key("description", Leaf("text"), "what it is"),
        Key("benefit", _BENEFIT, "what it is worth", required=True),
        Key("applies_to", Lines(), "the lines that it is for (default: all)"),
        Key("when", Conditions("voucher"), "what a redemption must be"),
        Key("valid", _VALID, "when it can be used", required=True),
        Key("uses", Leaf("count"), "how often (default: 1)"),
        Key("limits", VOUCHER_LIMITS, "how often in a time"),
        Key("bound", Leaf("bool"), "whether only its member may use it (default: true)"),
        Key(
            "redeem_at",
            Choice("redeem_at", ("internal", "external")),
            "who decides that it is used (default: internal)",
        ),
        Key("issuer", Leaf("name"), "who stands behind it"),
        Key("offer_codes", ListOf(Leaf("text"), or_one=True), "what feedback may call it"),
        Key("code", Either("code", (Choice("code", ("none",)), _CODE)), "its code (default: none)"),
        Key("remind", ListOf(Leaf("period"), or_one=True), "how long before its end the member is reminded"),
        Key("buy", _BUY, "how it can be bought"),
    ),
)
_RETRY = Record(
    "retry",
    (
        Key("first", Leaf("duration"), "how long until the first (default: 5 seconds)"),
        Key("up_to", Leaf("duration"), "the longest time between two (default: 10 minutes)"),
    ),
)
_ON_DEMAND = Record(
    "source",
    (
        Key("on_demand", Leaf("name"), "the provider that is asked", required=True),
        Key("timeout", Leaf("duration"), "how long it may take to answer (default: 20 seconds)"),
        Key("retry", _RETRY, "asking again"),
        Key("deadline", Leaf("duration"), "when it counts as failed (default: 24 hours)"),
    ),
)
POOL = Record(
    "pool",
    (
        Key("pool", Leaf("name", declares="pool"), "its name, that of its file", required=True),
        Key("issuer", Leaf("name"), "whose codes they are"),
        Key(
            "source",
            Either("source", (Choice("source", ("imported",)), _ON_DEMAND)),
            "whether codes come in batches, or one by one from a provider (default: imported)",
        ),
        Key("unit_cost", Leaf("money"), "what one code costs"),
        Key(
            "keep_code",
            Leaf("bool"),
            "false: the code is on no topic, row, log or page; on demand only (default: true)",
        ),
        Key("low_at", Leaf("count"), "says so when so few are left"),
        Key(
            "when_empty",
            Either(
                "when_empty",
                (
                    Choice("when_empty", ("queue", "refuse")),
                    Record(
                        "when_empty",
                        (Key("fallback", Leaf("name", refers="pool"), "the pool asked instead", required=True),),
                    ),
                ),
            ),
            "what happens to a request when there is none (default: queue)",
        ),
    ),
)
_CODES = Record(
    "codes",
    (
        Key("generate", Leaf("count"), "how many are made", beside=("pattern",)),
        Key("pattern", Leaf("pattern"), "how they are made; each # is one of 32 signs", beside=("generate",)),
        Key("code", Leaf("text"), "the one code that all enter"),
        Key("imported", Leaf("bool"), "they come in batches"),
    ),
    one_of=("generate", "code", "imported"),
)
PROMO_CODES = Record(
    "promo_codes",
    (
        Key("promo_codes", Leaf("name", declares="promo code list"), "its name, that of its file", required=True),
        Key("title", Leaf("text"), "what people call it"),
        Key(
            "type",
            Choice("list_type", ("single_use", "multi_use", "third_party")),
            "whether each code is for one member, one code for many, or they are another company's",
            required=True,
        ),
        Key("runs", RUNS, "when they can be entered; either end may be open"),
        Key("codes", _CODES, "where they come from (default: imported)"),
        Key(
            "compare", Choice("compare", ("folded", "exact")), "whether case, spaces and dashes count (default: folded)"
        ),
        Key("then", ListOf(EffectShape()), "what a code gives"),
        Key("limits", LIST_LIMITS, "how often"),
    ),
)

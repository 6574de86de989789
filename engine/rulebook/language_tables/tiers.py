"""The keys of a ladder of tiers, and of achievements."""

from engine.rulebook.language_tables.common import ROUNDINGS, UNITS
from engine.rulebook.shapes import CRITERION, Choice, EffectShape, Either, Key, Leaf, ListOf, MapOf, Record

_ALL_OF = MapOf("criteria", Leaf("criterion", refers=CRITERION), Leaf("typed"))
_CRITERIA = Record(
    "criteria",
    (
        Key("any", ListOf(_ALL_OF), "one of these is enough"),
        Key("all", ListOf(_ALL_OF), "all of these are needed"),
    ),
    one_of=("any", "all"),
)
_REACH = Either("reach", (_CRITERIA, _ALL_OF))
_LEVEL = Record(
    "level",
    (
        Key("tier", Leaf("name", declares="tier"), "the tier's name", required=True),
        Key("from", _REACH, "what reaches it in the `qualify` period; the lowest tier has none"),
        Key("stay", _REACH, "what keeps it at the end of its validity (default: as `from`)"),
        Key("for_life", _REACH, "what, earned or counted ever, keeps it for ever"),
    ),
)
_VALID = Record(
    "valid",
    (
        Key(
            "until", Choice("until", ("end_of_year", "end_of_next_year")), "the end of the year reached in, or the next"
        ),
        Key("for", Leaf("period"), "how long"),
        Key("round", Choice("round", ROUNDINGS), "rounded up to this", beside=("for",)),
        Key("plus", Leaf("period"), "and so long after that"),
    ),
    one_of=("until", "for"),
)
_ENTRY = Record(
    "entry",
    (
        Key("then", ListOf(EffectShape()), "what it gives", required=True),
        Key("again", Leaf("bool"), "each time, and not once per member and tier (default: false)"),
    ),
)
TIERS = Record(
    "tiers",
    (
        Key("tiers", Leaf("name", declares="ladder"), "the ladder's name, that of its file", required=True),
        Key(
            "qualify",
            Record(
                "qualify",
                (
                    Key(
                        "within",
                        Either(
                            "within",
                            (
                                Choice("within", ("calendar_year", "membership_year", "ever")),
                                Record("within", (Key("last", Leaf("period"), "so long back", required=True),)),
                            ),
                        ),
                        "the period of earning that counts",
                        required=True,
                    ),
                ),
            ),
            "which points count (default: ever)",
        ),
        Key("levels", ListOf(_LEVEL), "the tiers, lowest first", required=True),
        Key("valid", _VALID, "how long a tier reached stands (default: for ever)"),
        Key(
            "on_reaching",
            Record(
                "on_reaching",
                (
                    Key(
                        "progress",
                        Choice("progress", ("keep", "restart", "carry_excess")),
                        "what reaching a tier does to the points counted (default: keep)",
                        required=True,
                    ),
                ),
            ),
            "what reaching a tier does",
        ),
        Key(
            "at_end",
            Record(
                "at_end",
                (
                    Key(
                        "move",
                        Choice("move", ("one_down", "to_qualifying", "hold")),
                        "where the member goes whose tier is not kept",
                        required=True,
                    ),
                    Key("grace", Leaf("period"), "so long after the end"),
                    Key("warn", ListOf(Leaf("period"), or_one=True), "how long before the end that is said"),
                ),
            ),
            "what happens at the end of validity (default: one_down)",
        ),
        Key(
            "on_return",
            Choice("tiers.on_return", ("reverse_upgrade", "at_period_end", "never")),
            "what a return does to a tier (default: reverse_upgrade)",
        ),
        Key(
            "on_entering",
            MapOf(
                "on_entering",
                Leaf("name", refers="tier"),
                Either("entry", (ListOf(EffectShape()), _ENTRY)),
            ),
            "what entering a tier gives, once per member and tier",
        ),
    ),
)
_WINDOW = Record(
    "window",
    (
        Key("last", Leaf("period"), "so long back"),
        Key("this", Choice("this", UNITS), "the calendar unit"),
        Key("since", Choice("since", ("enrolment", "tier_start")), "since then"),
        Key("ever", Leaf("bool"), "all of it"),
    ),
    one_of=("last", "this", "since", "ever"),
)
ACHIEVEMENT = Record(
    "achievement",
    (
        Key("achievement", Leaf("name", declares="achievement"), "its name, that of its file", required=True),
        Key("title", Leaf("text"), "what people call it"),
        Key(
            "counts", Leaf("text", refers="counter", prefix="counter."), "the counter, `counter.outlets`", required=True
        ),
        Key("within", _WINDOW, "the time that is counted (default: ever)"),
        Key("target", Leaf("typed"), "how many complete it", required=True, typed_by="counts"),
        Key("repeats", Leaf("count"), "how often it can be completed (default: once)"),
    ),
)

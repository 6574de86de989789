"""The language: every kind of file with its keys, and every effect. Adding one is adding an entry here.

Fields and tests of conditions stand in `fields`, the types of single values in `scalars`, and what is still to come in `later`.
"""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from engine.rulebook import emitting
from engine.rulebook.emitting import Context
from engine.rulebook.later import OUTCOMES
from engine.rulebook.shapes import Choice, Conditions, EffectShape, Key, Leaf, Lines, ListOf, MapOf, Part, Record, Shape
from engine.ruleset.effects import Effect

INPUTS = ("transaction.completed", "member.enrolled", "activity.recorded")  # that campaigns are decided on

_EXPIRY = Record(
    "expires",
    (
        Key("after", Leaf("period"), "how long after the earning, e.g. `12 months`", required=True),
        Key("round", Choice("round", ("none", "end_of_month", "end_of_quarter", "end_of_year")), "rounded up to this"),
    ),
)


class EffectKind(NamedTuple):
    """An effect: its keys, how it becomes a value of the ruleset, and what it does."""

    shape: Record
    emit: Callable[[Part, Context], Effect]
    meaning: str


EFFECTS: Mapping[str, EffectKind] = {
    "award_points": EffectKind(
        Record(
            "award_points",
            (
                Key("points", Leaf("points"), "how many points", required=True),
                Key("per", Leaf("money_unit"), "makes it a rate: the points for each such amount, rounded down once"),
                Key(
                    "of",
                    Leaf("name", refers="line set"),
                    "the set of lines that a rate counts (default: the whole sale)",
                ),
                Key("account", Leaf("name", refers="account"), "the account (default: the first one declared)"),
                Key("expires", _EXPIRY, "when these points expire (default: as the account says)"),
            ),
        ),
        emitting.award_points,
        "gives points",
    ),
    "notify": EffectKind(
        Record(
            "notify", (Key("message", Leaf("name", refers="message"), "a message of `messages.yaml`", required=True),)
        ),
        emitting.notify,
        "asks the messaging service for a message",
    ),
}

_ACCOUNT = Record(
    "account",
    (
        Key("worth", Leaf("worth"), "what one point is worth in the programme's currency"),
        Key("expires", _EXPIRY, "when its points expire (default: never)"),
        Key(
            "negative", Choice("negative", ("never",)), "what happens when more is taken than there is (default: never)"
        ),
        Key("spendable", Leaf("bool"), "whether members can spend them (default: true)"),
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
    ),
)
_MODULES = Record(
    "modules",
    tuple(
        Key(name, Choice(name, ("off",)), meaning)
        for name, meaning in (
            ("promo_codes", "promo codes (default: off)"),
            ("reward_store", "the reward store (default: off)"),
            ("feedback", "feedback on merchants (default: off)"),
        )
    ),
)
_PROGRAMME = Record(
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
        Key(
            "transaction_attributes",
            MapOf("attributes", Leaf("key", declares="transaction attribute"), _OTHER_ATTRIBUTE),
            "types of a sale's attributes; one not declared is compared as written",
        ),
        Key(
            "line_attributes",
            MapOf("attributes", Leaf("key", declares="line attribute"), _OTHER_ATTRIBUTE),
            "types of a line's attributes; one not declared is compared as written",
        ),
        Key(
            "activity_attributes",
            MapOf("attributes", Leaf("key", declares="activity attribute"), _OTHER_ATTRIBUTE),
            "types of an activity's attributes; one not declared is compared as written",
        ),
        Key("earning", _EARNING, "what points are earned on"),
        Key(
            "define",
            MapOf("define", Leaf("name", declares="definition"), Conditions("define")),
            "conditions to use by name",
        ),
        Key("time", _TIME, "late and early events"),
        Key(
            "transaction_key",
            ListOf(Choice("transaction_key", ("transaction_id", "outlet_code"))),
            "what makes a sale the same sale (default: transaction_id)",
        ),
    ),
)
_CAMPAIGN = Record(
    "campaign",
    (
        Key("campaign", Leaf("name", declares="campaign"), "the campaign's name, that of its file", required=True),
        Key("title", Leaf("text"), "what people call it"),
        Key(
            "runs",
            Record(
                "runs",
                (
                    Key("from", Leaf("start"), "first local day, or the time it begins"),
                    Key("until", Leaf("end"), "last local day, or the time it ends"),
                ),
            ),
            "when it runs; either end may be open",
        ),
        Key("on", Choice("on", INPUTS), "the event that it is about", required=True),
        Key("audience", Conditions("audience"), "whom it is for: about the member only"),
        Key("lines", MapOf("lines", Leaf("name", declares="line set"), Lines()), "sets of lines, by names used below"),
        Key("when", Conditions("when"), "what the event must be"),
        Key("then", ListOf(EffectShape()), "what it does"),
        Key("otherwise", ListOf(EffectShape()), "what it does for its audience where `when` does not hold"),
        Key("base", Leaf("bool"), "whether this is base earn (default: false)"),
        Key("priority", Leaf("int"), "higher goes first (default: 0)"),
        Key(
            "state",
            Choice("state", ("live", "shadow", "paused")),
            "shadow is decided and recorded only (default: live)",
        ),
    ),
)
_LEVEL = Record(
    "level",
    (
        Key("tier", Leaf("name", declares="tier"), "the tier's name", required=True),
        Key(
            "from",
            MapOf("level.from", Leaf("name", refers="account"), Leaf("points"), single=True),
            "points to earn in an account; the lowest tier has none",
        ),
    ),
)
_TIERS = Record(
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
                        Choice("within", ("calendar_year", "ever")),
                        "the period of earning that counts",
                        required=True,
                    ),
                ),
            ),
            "which points count (default: ever)",
        ),
        Key("levels", ListOf(_LEVEL), "the tiers, lowest first", required=True),
    ),
)
_MESSAGE = Record(
    "message",
    (
        Key("on", Choice("trigger", (*INPUTS, *OUTCOMES)), "the event that sends it; without one, only `notify` does"),
        Key("when", Conditions("message"), "which of these events"),
    ),
)
_MESSAGES = Record(
    "messages",
    (
        Key(
            "messages", MapOf("messages", Leaf("name", declares="message"), _MESSAGE), "messages by name", required=True
        ),
    ),
)


class FileKind(NamedTuple):
    """A kind of file: where it lies (`*` is its name), its keys, and what it is for. `named` is the key that must be its name."""

    name: str
    pattern: str
    shape: Shape
    meaning: str
    named: str = ""


FILES: tuple[FileKind, ...] = (
    FileKind("programme", "programme.yaml", _PROGRAMME, "the programme: zone, currency, accounts, attributes"),
    FileKind("campaign", "campaigns/*.yaml", _CAMPAIGN, "one campaign", "campaign"),
    FileKind("tiers", "tiers/*.yaml", _TIERS, "one ladder of tiers", "tiers"),
    FileKind("messages", "messages.yaml", _MESSAGES, "what the messaging service is asked for"),
)


def kind_of_file(path: str) -> FileKind | None:
    """The kind of a file by its path within the folder of rules."""
    return next((kind for kind in FILES if fits(path, kind.pattern)), None)


def fits(path: str, pattern: str) -> bool:
    """Whether a path has a pattern's form; `*` is one name, never a folder in it."""
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)

"""The keys of messages and of feedback."""

from engine.rulebook.events import EVENTS
from engine.rulebook.language_tables.common import UNITS
from engine.rulebook.shapes import Choice, Conditions, Key, Leaf, ListOf, MapOf, Record

_MESSAGE = Record(
    "message",
    (
        Key("on", Choice("trigger", tuple(EVENTS)), "the event that sends it; without one, only `notify` does"),
        Key("when", Conditions("message"), "which of these events"),
    ),
)
_QUIET = Record(
    "quiet",
    (
        Key("from", Leaf("clock"), "when quiet begins", required=True),
        Key("before", Leaf("clock"), "when it ends", required=True),
        Key("zone", Leaf("quiet_zone"), "whose time: `member`, `programme` or a zone (default: programme)"),
    ),
)
MESSAGES = Record(
    "messages_file",
    (
        Key(
            "messages", MapOf("messages", Leaf("name", declares="message"), _MESSAGE), "messages by name", required=True
        ),
        Key("quiet", _QUIET, "hours in which none is sent; it waits for their end"),
    ),
)

_TYPE = Record(
    "feedback_type",
    (
        Key(
            "check",
            Choice("check", ("attempts", "validity", "none")),
            "what proves it: attempts to redeem, the voucher's validity, or nothing",
            required=True,
        ),
        Key("within", Leaf("duration"), "how far back attempts are looked for (default: 2 hours)"),
    ),
)
_ONCE = Record(
    "once",
    (
        Key(
            "per",
            ListOf(Choice("once.per", ("person", "offer", "outlet")), or_one=True),
            "what counts once (default: person, offer and outlet)",
        ),
        Key("each", Choice("each", UNITS), "in each calendar unit (default: ever)"),
    ),
)
_FEEDBACK = Record(
    "feedback",
    (
        Key(
            "types",
            MapOf("types", Leaf("key", declares="feedback type"), _TYPE),
            "the kinds of feedback by name",
            required=True,
        ),
        Key("radius", Leaf("distance"), "how near to the outlet is at the place (default: 300 m)"),
        Key("once", _ONCE, "what counts once"),
    ),
)
_ALERT = Record(
    "alert",
    (
        Key("of", Choice("alert.of", ("outlet", "merchant", "offer", "issuer")), "whom it is about", required=True),
        Key(
            "types", ListOf(Leaf("key", refers="feedback type"), or_one=True), "the feedback that counts (default: all)"
        ),
        Key("people", Leaf("count"), "raised when so many people say so", required=True),
        Key("confirmed_percent", Leaf("percent"), "and so much of it is confirmed"),
        Key("last", Leaf("duration"), "in so long a time", required=True),
        Key("clear_below", Leaf("count"), "cleared when fewer do", required=True),
        Key("class", Choice("class", ("training", "possible_fraud")), "what it is taken for", required=True),
    ),
)
FEEDBACK = Record(
    "feedback_file",
    (
        Key("feedback", _FEEDBACK, "how feedback is checked", required=True),
        Key("alerts", ListOf(_ALERT), "when a merchant is reported"),
    ),
)

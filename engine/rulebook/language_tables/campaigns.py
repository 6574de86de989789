"""The keys of a campaign, and the schedules that it can be on."""

from engine.rulebook.events import EVENTS
from engine.rulebook.language_tables.common import CAMPAIGN_LIMITS, UNITS
from engine.rulebook.shapes import Choice, Conditions, EffectShape, Either, Key, Leaf, Lines, ListOf, MapOf, Record

RUNS = Record(
    "runs",
    (
        Key("from", Leaf("start"), "first local day, or the time it begins"),
        Key("until", Leaf("end"), "last local day, or the time it ends"),
    ),
)
SCHEDULE = Record(
    "schedule",
    (
        Key("every", Choice("every", UNITS), "each calendar unit, for all members"),
        Key("yearly", Leaf("text", refers="attribute", prefix="member.profile."), "a day of each member's year"),
        Key("silent", Leaf("period"), "once nothing was heard of a member for so long"),
        Key("after", Leaf("period"), "so long after an event"),
        Key("day", Leaf("count"), "the day of the month or year; 31 is the last", beside=("every",)),
        Key("month", Leaf("count"), "the month of the quarter or year, 1 for the first", beside=("every",)),
        Key("weekday", Leaf("weekday"), "the day of the week", beside=("every",)),
        Key("at", Leaf("clock"), "the time of day (default: 09:00)", beside=("every", "yearly")),
        Key("before", Leaf("period"), "so long before that day", beside=("yearly",)),
        Key("since", Choice("since_event", tuple(EVENTS)), "the event that was not heard of", beside=("silent",)),
        Key("of", Choice("of_event", tuple(EVENTS)), "the event", beside=("after",)),
    ),
    one_of=("every", "yearly", "silent", "after"),
)
CAMPAIGN = Record(
    "campaign",
    (
        Key("campaign", Leaf("name", declares="campaign"), "the campaign's name, that of its file", required=True),
        Key("title", Leaf("text"), "what people call it"),
        Key("runs", RUNS, "when it runs; either end may be open"),
        Key(
            "on",
            Either("on", (Choice("on", tuple(EVENTS)), SCHEDULE)),
            "the event that it is about, or a schedule",
            required=True,
        ),
        Key("audience", Conditions("audience"), "whom it is for: about the member only"),
        Key("lines", MapOf("lines", Leaf("name", declares="line set"), Lines()), "sets of lines, by names used below"),
        Key("when", Conditions("when"), "what the event must be"),
        Key("then", ListOf(EffectShape()), "what it does"),
        Key("otherwise", ListOf(EffectShape()), "what it does for its audience where `when` does not hold"),
        Key("limits", CAMPAIGN_LIMITS, "how often, and how much"),
        Key("group", Leaf("name", refers="group"), "the group that chooses between its campaigns"),
        Key("base", Leaf("bool"), "whether this is base earn (default: false)"),
        Key("priority", Leaf("int"), "higher goes first (default: 0)"),
        Key(
            "on_return",
            Choice("on_return", ("reverse", "keep")),
            "whether a return takes back what the goods earned (default: reverse)",
        ),
        Key(
            "state",
            Choice("state", ("live", "shadow", "paused")),
            "shadow is decided and recorded only (default: live)",
        ),
    ),
)

"""Every effect: its keys, how it becomes a value of the ruleset, and what it does. Adding one is adding an entry here."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import engine.rulebook.emission.effects as emission
from engine.rulebook.emission.context import Context
from engine.rulebook.language_tables.common import EXPIRY
from engine.rulebook.shapes import Choice, Key, Leaf, MapOf, Part, Record
from engine.ruleset.effects import Effect

_HOW = ("per", "every", "for_each", "times_base")
_ON_LINES = ("per", "every", "times_base")


class EffectKind(NamedTuple):
    """An effect: its keys, how it becomes a value of the ruleset, and what it does."""

    shape: Record
    emit: Callable[[Part, Context], Effect]
    meaning: str


_AWARD = Record(
    "award_points",
    (
        Key("points", Leaf("points"), "how many points"),
        Key("times_base", Leaf("times"), "the points that make base earn so many times as much"),
        Key(
            "per",
            Leaf("money_unit"),
            "makes it a rate: the points for each such amount in proportion, rounded down once",
            beside=("points",),
        ),
        Key(
            "every",
            Leaf("money_unit"),
            "makes it steps: the points for each such amount that is full",
            beside=("points",),
        ),
        Key(
            "for_each",
            MapOf("for_each", Leaf("name", refers="line set"), Leaf("count")),
            "makes it bundles: the points for so many pieces of each set, dearest first, each piece once",
            beside=("points",),
        ),
        Key("at_most", Leaf("count"), "at most so many bundles a sale", beside=("for_each",)),
        Key(
            "of",
            Leaf("name", refers="line set"),
            "the set of lines that is counted (default: the whole sale)",
            beside=_ON_LINES,
        ),
        Key("each_line", Leaf("bool"), "whether a rate is rounded down line by line (default: false)", beside=("per",)),
        Key("account", Leaf("name", refers="account"), "the account (default: the first one declared)"),
        Key("expires", EXPIRY, "when these points expire (default: as the account says)"),
        Key("pending_for", Leaf("period"), "how long they cannot be spent yet"),
        Key(
            "pending_until",
            Record("pending_until", (Key("activity", Leaf("text"), "the activity's name", required=True),)),
            "the activity until which they cannot be spent",
        ),
        Key("or_lapse", Leaf("period"), "when they lapse without it", beside=("pending_until",)),
        Key("to", Choice("to", ("member", "referrer")), "whom they are given to (default: member)"),
    ),
    one_of=("points", "times_base"),
    not_both=(_HOW, ("pending_for", "pending_until")),
)
_VOUCHER = Record(
    "issue_voucher",
    (
        Key("voucher", Leaf("name", refers="voucher"), "the voucher", required=True),
        Key("after", Leaf("period"), "how long after the event (default: at once)"),
        Key("chance", Leaf("chance"), "with which chance (default: always)"),
    ),
    bare="voucher",
)
_CODE = Record(
    "issue_code",
    (Key("list", Leaf("name", refers="promo code list"), "the list that it is of", required=True),),
    bare="list",
)
_ATTRIBUTE = Record(
    "set_attribute",
    (
        Key("attribute", Leaf("key", refers="attribute"), "a declared attribute, not a personal one", required=True),
        Key("value", Leaf("typed"), "its value, of the type it is declared with", required=True, typed_by="attribute"),
    ),
)
_TIER = Record(
    "set_tier",
    (
        Key("ladder", Leaf("name", refers="ladder"), "the ladder", required=True),
        Key("tier", Leaf("name", refers="tier of the ladder"), "one of its tiers", required=True),
        Key("until", Leaf("period"), "for how long (default: as the ladder says)"),
    ),
)
_EMIT = Record(
    "emit",
    (
        Key("event", Leaf("name"), "the event's name, without `custom.`", required=True),
        Key("data", MapOf("data", Leaf("key"), Leaf("anything")), "what it says"),
    ),
    bare="event",
)


def _tag(name: str) -> Record:
    return Record(name, (Key("tag", Leaf("text"), "the tag", required=True),), bare="tag")


EFFECTS: Mapping[str, EffectKind] = {
    "award_points": EffectKind(_AWARD, emission.award_points, "gives points"),
    "issue_voucher": EffectKind(_VOUCHER, emission.issue_voucher, "gives a voucher"),
    "issue_code": EffectKind(_CODE, emission.issue_code, "gives a code of a promo code list"),
    "add_tag": EffectKind(_tag("add_tag"), emission.add_tag, "gives the member a tag"),
    "remove_tag": EffectKind(_tag("remove_tag"), emission.remove_tag, "takes a tag from the member"),
    "set_attribute": EffectKind(_ATTRIBUTE, emission.set_attribute, "sets an attribute of the member's profile"),
    "set_tier": EffectKind(_TIER, emission.set_tier, "puts the member on a tier, whatever the points"),
    "notify": EffectKind(
        Record(
            "notify",
            (Key("message", Leaf("name", refers="message"), "a message of `messages.yaml`", required=True),),
            bare="message",
        ),
        emission.notify,
        "asks the messaging service for a message",
    ),
    "emit": EffectKind(_EMIT, emission.emit, "publishes an event of the programme's own"),
}

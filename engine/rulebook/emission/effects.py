"""Effects."""

from collections.abc import Callable, Mapping

from engine.rulebook.emission.conditions import entries, expiry
from engine.rulebook.emission.context import Context
from engine.rulebook.shapes import Part
from engine.ruleset.effects import (
    AddTag,
    AwardPoints,
    Bundle,
    Effect,
    Emit,
    Fixed,
    How,
    IssueCode,
    IssueVoucher,
    Multiple,
    Notify,
    Pending,
    Rate,
    RemoveTag,
    SetAttribute,
    SetTier,
    Steps,
)

Emitters = Mapping[str, Callable[[Part, Context], Effect]]


def award_points(part: Part, context: Context) -> AwardPoints:
    """The effect `award_points`."""
    return AwardPoints(
        _how(part),
        account=part.read("account") or context.default_account,
        expires=expiry(part.get("expires")),
        pending=_pending(part),
        to=part.read("to") or "member",
    )


def _how(part: Part) -> How:
    points, of = part.read("points"), part.read("of")
    if part.get("times_base") is not None:
        return Multiple(part.read("times_base"), of)
    if part.get("per") is not None:
        return Rate(points, part.read("per"), of, each_line=part.read("each_line") or False)
    if part.get("every") is not None:
        return Steps(points, part.read("every"), of)
    if part.get("for_each") is not None:
        pieces = {name: named.part.value for name, named in sorted(entries(part, "for_each").items())}
        return Bundle(points, pieces, part.read("at_most"))
    return Fixed(points)


def _pending(part: Part) -> Pending | None:
    period, activity = part.read("pending_for"), part.read("pending_until", "activity")
    if period is None and activity is None:
        return None
    return Pending(period, activity, part.read("or_lapse"))


def issue_voucher(part: Part, _context: Context) -> IssueVoucher:
    """The effect `issue_voucher`."""
    return IssueVoucher(part.read("voucher"), part.read("after"), part.read("chance") or 1)


def issue_code(part: Part, _context: Context) -> IssueCode:
    """The effect `issue_code`."""
    return IssueCode(part.read("list"))


def add_tag(part: Part, _context: Context) -> AddTag:
    """The effect `add_tag`."""
    return AddTag(part.read("tag"))


def remove_tag(part: Part, _context: Context) -> RemoveTag:
    """The effect `remove_tag`."""
    return RemoveTag(part.read("tag"))


def set_attribute(part: Part, _context: Context) -> SetAttribute:
    """The effect `set_attribute`."""
    return SetAttribute(part.read("attribute"), part.read("value"))


def set_tier(part: Part, _context: Context) -> SetTier:
    """The effect `set_tier`."""
    return SetTier(part.read("ladder"), part.read("tier"), part.read("until"))


def notify(part: Part, _context: Context) -> Notify:
    """The effect `notify`."""
    return Notify(part.read("message"))


def emit(part: Part, _context: Context) -> Emit:
    """The effect `emit`."""
    return Emit(part.read("event"), {name: named.part.value for name, named in sorted(entries(part, "data").items())})


def effects(listed: Part | None, emitters: Emitters, context: Context) -> tuple[Effect, ...]:
    """A list of effects, by the emitter of each."""
    items = listed.items if listed else ()
    return tuple(emitters[item.value.key.text](item.value.part, context) for item in items)

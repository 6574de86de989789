"""How what was read becomes values of the ruleset. Called only where no file has an error, so nothing is checked here."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.core.calendar import Expiry
from engine.rulebook.drafts import Draft, FieldDraft, GroupDraft, IsDraft
from engine.rulebook.shapes import Part
from engine.ruleset.conditions import AllOf, AnyOf, Condition, LineSet, NoneOf
from engine.ruleset.effects import AwardPoints, Fixed, Notify, Rate
from engine.ruleset.model import Account, Attribute, Earning, Ladder, Level, MessageRule, TimeRules

_DAY_MS = 86_400_000
_MINUTE_MS = 60_000


class Context(NamedTuple):
    """What emitting looks up: the account that an award goes to where it names none, and the conditions under `define`."""

    default_account: str
    definitions: Mapping[str, Draft]


def condition(draft: Draft | None, context: Context) -> Condition | None:
    """The condition, names under `define` written out; None for none."""
    match draft:
        case None:
            return None
        case IsDraft(name):
            return condition(context.definitions[name.text], context)
        case FieldDraft(tests=tests, around=around):
            if len(tests) == 1:
                return tests[0]
            return AnyOf(tests) if around else AllOf(tests)
        case GroupDraft(kind, _, parts, needed):
            made = [each for each in (condition(part, context) for part in parts) if each is not None]
            return _group(kind, made, needed)


def _group(kind: str, parts: list[Condition], needed: int) -> Condition:
    match kind:
        case "all" if len(parts) == 1:
            return parts[0]
        case "all":
            return AllOf(
                tuple(inner for part in parts for inner in (part.conditions if isinstance(part, AllOf) else (part,)))
            )
        case "any":
            return AnyOf(tuple(parts), needed)
        case _:
            return NoneOf(tuple(parts))


def line_set(part: Part, context: Context) -> LineSet:
    """A set of lines."""
    including, excluding = part.value
    return LineSet(condition(including, context), condition(excluding, context))


def award_points(part: Part, context: Context) -> AwardPoints:
    """The effect `award_points`."""
    points, per_minor = part.read("points"), part.read("per")
    return AwardPoints(
        Fixed(points) if per_minor is None else Rate(points, per_minor, part.read("of")),
        account=part.read("account") or context.default_account,
        expires=expiry(part.get("expires")),
    )


def notify(part: Part, _context: Context) -> Notify:
    """The effect `notify`."""
    return Notify(part.read("message"))


def expiry(part: Part | None) -> Expiry | None:
    """When points expire; None for never, or for as the account says."""
    return Expiry(part.read("after"), part.read("round") or "none") if part else None


def account(name: str, part: Part) -> Account:
    """An account of the programme."""
    return Account(
        name,
        spendable=_default(part.read("spendable"), value=True),
        expires=expiry(part.get("expires")),
        worth_micro=part.read("worth"),
    )


def attribute(name: str, part: Part) -> Attribute:
    """A declared attribute of the profile."""
    return Attribute(name, part.read("type"), personal=_default(part.read("personal"), value=False))


def earning(part: Part | None, context: Context) -> Earning:
    """What base amounts are counted on."""
    if part is None:
        return Earning("amount", None)
    return Earning(part.read("on") or "amount", condition(part.read("except"), context))


def time_rules(part: Part | None) -> TimeRules:
    """The programme's clock."""
    if part is None:
        return TimeRules("wall", 30 * _DAY_MS, "refuse", 15 * _MINUTE_MS)
    return TimeRules(
        part.read("clock") or "wall",
        _default(part.read("late"), value=30 * _DAY_MS),
        part.read("then") or "refuse",
        _default(part.read("ahead"), value=15 * _MINUTE_MS),
    )


def ladder(part: Part) -> Ladder:
    """A ladder; its account is the one that its levels name."""
    levels = []
    account_name = ""
    for level in part.get("levels").items if part.get("levels") else ():  # type: ignore[union-attr] # just asked
        reached = level.get("from")
        if reached:
            (account_name,) = reached.entries
        levels.append(Level(level.read("tier"), reached.entries[account_name].part.value if reached else 0))
    return Ladder(part.read("tiers"), account_name, part.read("qualify", "within") or "ever", tuple(levels))


def message(name: str, part: Part, context: Context) -> MessageRule:
    """A message; one without `on` is sent by `notify` only, and has the type "" that no event has."""
    return MessageRule(name, part.read("on") or "", condition(part.read("when"), context))


def _default(read: Any, *, value: Any) -> Any:  # noqa: ANN401 - of whatever type the value is
    return value if read is None else read

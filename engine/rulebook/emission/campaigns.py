"""Campaigns with their schedules, and messages."""

from engine.rulebook.emission.conditions import condition, entries, limits, line_set, multiples
from engine.rulebook.emission.context import Context
from engine.rulebook.emission.effects import Emitters, effects
from engine.rulebook.shapes import Part
from engine.ruleset.model import Campaign, MessageRule
from engine.ruleset.reference import Quiet
from engine.ruleset.schedules import SCHEDULED, After, Every, Schedule, Silent, Yearly

_MORNING = 9 * 60  # the minute of the day at which schedules are due unless they say otherwise


def campaign(part: Part, emitters: Emitters, outside: Context) -> Campaign:
    """One campaign."""
    name = part.read("campaign")
    on = part.get("on")
    scheduled = on is not None and not isinstance(on.value, str)
    context = outside.of_campaign(name, part.read("runs", "from"), part.read("runs", "until"))
    when = part.read("when")
    return Campaign(
        name=name,
        title=part.read("title") or name,
        on=SCHEDULED if scheduled else part.read("on"),
        from_ms=context.from_ms,
        until_ms=context.until_ms,
        audience=condition(part.read("audience"), context),
        line_sets={name: line_set(named.part, context) for name, named in sorted(entries(part, "lines").items())},
        when=condition(when, context),
        then=effects(part.get("then"), emitters, context),
        otherwise=effects(part.get("otherwise"), emitters, context),
        base=part.read("base") or False,
        priority=part.read("priority") or 0,
        state=part.read("state") or "live",
        group=part.read("group") or "",
        limits=limits(part.get("limits")),
        times=multiples(when, context),
        schedule=_schedule(on) if on is not None and scheduled else None,
        on_return=part.read("on_return") or "reverse",
    )


def _schedule(part: Part) -> Schedule:
    at = part.read("at")
    minute = _MORNING if at is None else at
    if part.get("every") is not None:
        return Every(part.read("every"), minute, part.read("day"), part.read("month"), part.read("weekday"))
    if part.get("yearly") is not None:
        return Yearly(part.read("yearly").removeprefix("member.profile."), part.read("before"), minute)
    if part.get("silent") is not None:
        return Silent(part.read("silent"), part.read("since") or "transaction.completed")
    return After(part.read("after"), part.read("of"))


def message(name: str, part: Part, context: Context) -> MessageRule:
    """A message; one without `on` is sent by `notify` only, and has the type "" that no event has."""
    return MessageRule(name, part.read("on") or "", condition(part.read("when"), context))


def quiet(part: Part | None) -> Quiet | None:
    """Hours in which no message goes."""
    return Quiet(part.read("from"), part.read("before"), part.read("zone") or "programme") if part else None

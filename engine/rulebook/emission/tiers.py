"""Ladders of tiers, and achievements."""

from collections.abc import Mapping
from typing import Any

from engine.rulebook.drafts import Counted
from engine.rulebook.emission.conditions import entries, values
from engine.rulebook.emission.context import Context
from engine.rulebook.emission.effects import Emitters, effects
from engine.rulebook.shapes import EffectShape, ListOf, Part
from engine.ruleset.achievements import Achievement
from engine.ruleset.limits import Window
from engine.ruleset.model import UNREACHED, Ladder, Level
from engine.ruleset.tiers import AtEnd, Criteria, Criterion, Entry, LadderRules, Validity

_EVER = Window("ever")
_KEYS = ("from", "stay", "for_life")  # of a level


def ladder(part: Part, emitters: Emitters, context: Context) -> Ladder:
    """A ladder. Its account is the first that a level names; levels that it does not reach alone are UNREACHED by it."""
    within = part.get("qualify", "within")
    last = None if within is None or isinstance(within.value, str) else within.read("last")
    period: Any = "last" if last is not None else (within.value if within else "ever")
    listed = part.get("levels")
    made = [
        (level.read("tier"), *(_criteria(level.get(key)) for key in _KEYS))
        for level in (listed.items if listed else ())
    ]
    account = next((each.name for _, reach, *_ in made if reach for each in _singly(reach)), "")
    return Ladder(
        part.read("tiers"),
        account,
        period,
        tuple(
            Level(tier, _qualified(reach, account), None if _simple(reach, account) else reach, stay, for_life)
            for tier, reach, stay, for_life in made
        ),
        last,
        _rules(part, emitters, context),
    )


def _criteria(part: Part | None) -> Criteria | None:
    if part is None:
        return None
    any_of, all_of = part.get("any"), part.get("all")
    if isinstance(any_of, Part) and isinstance(any_of.shape, ListOf):
        return Criteria(tuple(_all_of(each) for each in any_of.items))
    if isinstance(all_of, Part) and isinstance(all_of.shape, ListOf):
        return Criteria((tuple(one for each in all_of.items for one in _all_of(each)),))
    return Criteria((_all_of(part),))


def _all_of(part: Part) -> tuple[Criterion, ...]:
    return tuple(_criterion(name, named.part.value) for name, named in part.entries.items())


def _criterion(name: str, least: int) -> Criterion:
    if not name.startswith("counter."):
        return Criterion("account", name, least)
    counter = name.removeprefix("counter.")
    return Criterion("counter", counter, least)


def _singly(reach: Criteria) -> list[Criterion]:
    """The accounts that reach a level alone."""
    return [way[0] for way in reach.ways if len(way) == 1 and way[0].of == "account"]


def _qualified(reach: Criteria | None, account: str) -> int:
    if reach is None:
        return 0
    return min((each.at_least for each in _singly(reach) if each.name == account), default=UNREACHED)


def _simple(reach: Criteria | None, account: str) -> bool:
    """Whether points of the ladder's account alone say it all."""
    return reach is not None and [[(each.of, each.name) for each in way] for way in reach.ways] == [
        [("account", account)]
    ]


def _rules(part: Part, emitters: Emitters, context: Context) -> LadderRules | None:
    keys = ("valid", "on_reaching", "at_end", "on_return", "on_entering")
    if all(part.get(key) is None for key in keys):
        return None
    end = part.get("at_end")
    entering = entries(part, "on_entering")
    return LadderRules(
        valid=_valid(part.get("valid")),
        on_reaching=part.read("on_reaching", "progress") or "keep",
        at_end=AtEnd(end.read("move"), end.read("grace"), values(end, "warn")) if end else AtEnd("one_down"),
        on_return=part.read("on_return") or "reverse_upgrade",
        on_entering=_entering({name: named.part for name, named in sorted(entering.items())}, emitters, context),
    )


def _valid(part: Part | None) -> Validity | None:
    if part is None:
        return None
    return Validity(part.read("until"), part.read("for"), part.read("round") or "none", part.read("plus"))


def _entering(parts: Mapping[str, Part], emitters: Emitters, context: Context) -> dict[str, Entry] | None:
    return {
        tier: Entry(effects(part, emitters, context))
        if isinstance(part.shape, ListOf) and isinstance(part.shape.item, EffectShape)
        else Entry(effects(part.get("then"), emitters, context), part.read("again") or False)
        for tier, part in parts.items()
    } or None


def achievement(part: Part, context: Context) -> Achievement:
    """One achievement."""
    name = part.read("achievement")
    counter = part.read("counts").removeprefix("counter.")
    within = part.get("within")
    window = _EVER
    if within is not None and within.get("last") is not None:
        window = Window("last", period=within.read("last"))
    elif within is not None and within.get("this") is not None:
        window = Window("this", unit=within.read("this"))
    elif within is not None and within.get("since") is not None:
        window = Window("since", since=within.read("since"))
    field = context.derive(Counted(counter, "value", window), "value")
    repeats = part.read("repeats") or 1
    return Achievement(name, part.read("title") or name, counter, field, part.read("target"), repeats)

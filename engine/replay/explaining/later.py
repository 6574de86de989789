"""What came later of what a cause did: outcomes that name the same lots, sale, spend, hold or due work, and the tier that followed."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from engine.replay.explaining.finding import Told
from engine.replay.explaining.member import Member, lots_of

_NAMED = ("transaction_id", "spend_id", "hold_id", "adjustment_id", "voucher_id")
_STEPS = ("tier.joined", "tier.upgraded", "tier.downgraded", "tier.retained")
_QUIET = ("decision.recorded", "tier.progress_changed")


def related(own: Sequence[Told], member: Member, due: AbstractSet[str], known: AbstractSet[str]) -> list[Told]:
    """Later outcomes that have to do with these, in order; `due` are the ids of due work they put there."""
    found: dict[str, Told] = {}
    mine = [told for told in own if told.type not in _QUIET]
    names = {(name, told.data[name]) for told in mine for name in _NAMED if told.data.get(name)}
    lots = {lot for told in mine if told.type in ("points.awarded", "points.adjusted") for lot in lots_of(told)}
    for first in _firsts(mine):
        for told in member.after(first):
            if told.id in known or told.type in _QUIET:
                continue
            if (
                told.cause in due
                or lots & lots_of(told)
                or any((name, told.data.get(name)) in names for name in _NAMED)
            ):
                found.setdefault(told.id, told)
    for told in mine:
        if told.type in _STEPS or told.type == "tier.will_downgrade":
            for following in _next_of_ladder(told, member, known):
                found.setdefault(following.id, following)
    order: dict[str, Any] = {told.id: number for number, told in enumerate(member.told)}
    return sorted(found.values(), key=lambda told: order[told.id])


def _firsts(own: Sequence[Told]) -> Iterator[Told]:
    """The first outcome of each subject."""
    seen: set[str] = set()
    for told in own:
        if told.subject not in seen:
            seen.add(told.subject)
            yield told


def _next_of_ladder(told: Told, member: Member, known: AbstractSet[str]) -> Iterator[Told]:
    """What became of a tier: warnings, and the step that ended it."""
    for each in member.after(told):
        if each.topic != "tier-changes" or each.data["ladder"] != told.data["ladder"] or each.id in known:
            continue
        if each.type in _STEPS or each.type == "tier.will_downgrade":
            yield each
        if each.type in _STEPS:
            return

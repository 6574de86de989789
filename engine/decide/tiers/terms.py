"""What becomes of a tier whose term is over, or that a return takes back: it is kept, falls, or is as if never reached (B-26, B-29)."""

from collections.abc import Iterable

from engine.core.tiers import met
from engine.decide.rows.member import LadderRow, StepRow
from engine.decide.tiers.qualifying import Place, number_of, period_before, period_end, staying, ways_of
from engine.decide.tiers.tier_changes import (
    begin,
    changed,
    for_life,
    keep_tier_row,
    schedule,
    stand,
    step,
    tell,
    term_at,
    tier_row,
)
from engine.decide.tiers.validity import Term, term_after


def stays(place: Place, level: int, instants: Iterable[int]) -> bool:
    """Whether what keeps a level was reached in the period of one of some instants."""
    ways = staying(place.ladder, place.ladder.levels[level])
    return any(met(ways, place.seen_at(at)) for at in instants)


def counting(place: Place, end_ms: int, *now_ms: int) -> tuple[int, ...]:
    """The instants whose periods count at the end of a validity: the one just ended, and the one that runs."""
    return (period_before(place.ladder, end_ms, place.member["enrolled_at"], place.zone), *now_ms)


def retain(place: Place, reason: str, because: str = "") -> None:
    """The tier is kept, with a new validity."""
    tier, top = place.row["tier"], place.row["steps"][-1]
    begin(place, step(place, place.level, top["since"], place.draft.time_ms, _next_term(place, top)))
    changed(place, tier, reason)
    tell(place, "tier.retained", tier, place.draft.time_ms, because, reason=reason)


def fall(place: Place, end_ms: int, because: str = "") -> None:
    """The tier is lost; the validity of the one below counts from the end of that which is over, whatever the grace."""
    before, top = place.row["tier"], place.row["steps"][-1]
    level, now = falls_to(place, end_ms), place.draft.time_ms
    begin(place, step(place, level, now, now, None if level == 0 else _next_term(place, top)))
    changed(place, before, "validity_ended")
    tell(place, "tier.downgraded", before, now, because, reason="validity_ended")


def falls_to(place: Place, end_ms: int) -> int:
    """The level that follows one that is not kept; on a ladder without validity, where it would stand for ever, one that is reached."""
    lower = place.level - 1
    if place.rules.at_end.move == "to_qualifying" or place.rules.valid is None:
        instants = counting(place, end_ms, place.draft.time_ms)
        while lower > 0 and not stays(place, lower, instants):
            lower -= 1
    return max(lower, 0)


def take_back(place: Place, reason: str, at_ms: int, because: str = "") -> bool:
    """Takes the tiers of this term back that are not reached any more, and restores what stood before; whether there were any.

    A member who had reached a tier between keeps that, from the same instant on.
    """
    before, steps = place.row["tier"], place.row["steps"]
    taken: StepRow | None = None
    while len(steps) > 1 and not _stands(place, steps):
        *steps, taken = steps
    if taken is None:
        return False
    stand(place, *steps)
    level = max((_reached(place, at) for at in (taken["earned_at"], place.draft.time_ms)), default=0)
    if level > place.level:
        between = step(place, level, taken["since"], taken["earned_at"], term_at(place, level, taken["since"]))
        stand(place, *steps, between)
    changed(place, before, reason)
    tell(place, "tier.downgraded", before, at_ms, because, reason=reason)
    return True


def review_later(place: Place, reason: str, at_ms: int) -> None:
    """Follows a return at the end of the period that reached the tier; at once where that is past."""
    ends = period_end(place.ladder, place.row["steps"][-1]["earned_at"], place.member["enrolled_at"], place.zone)
    if len(place.row["steps"]) == 1 or ends is None:
        return
    if ends <= place.draft.time_ms:
        take_back(place, reason, at_ms)
        return
    row = tier_row(place)
    row["review"] = ends
    keep_tier_row(place, row)


def look_for_life(place: Place) -> None:
    """A tier that is for life from now on has no end; one that is no more has its own again."""
    if place.ladder.levels[place.level].for_life is None:
        return
    until = place.row["until"]
    stand(place, *place.row["steps"])
    if place.row["until"] != until:
        keep_tier_row(place, schedule(place, tier_row(place)))


def _stands(place: Place, steps: list[StepRow]) -> bool:
    """Whether the last of some steps is still reached, by what it was reached with, or by what there is now."""
    top = steps[-1]
    level = number_of(place.ladder, top["tier"])
    if level < 0:
        return True
    kept = place.row
    place.row = LadderRow(**{**kept, "tier": top["tier"], "steps": steps[:-1]})
    ways = ways_of(place.ladder, place.ladder.levels[level])
    instants = (top["earned_at"], place.draft.time_ms)
    found = any(met(ways, place.seen_at(at)) for at in instants) or for_life(place)
    place.row = kept
    return found


def _reached(place: Place, at_ms: int) -> int:
    """The highest level that progress reaches in the period of an instant."""
    levels = place.ladder.levels
    return max(
        number
        for number, level in enumerate(levels)
        if number == 0 or met(ways_of(place.ladder, level), place.seen_at(at_ms))
    )


def _next_term(place: Place, top: StepRow) -> Term | None:
    valid = place.rules.valid
    if valid is None or top["until"] is None or top["ends"] is None:
        return None
    return term_after(valid, Term(top["ends"], top["until"]), place.zone)

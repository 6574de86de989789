"""Due work of a member's tier: a warning, the end of its validity, the end of the grace after it, a return that waited (B-29)."""

from engine.core.tiers import nearest
from engine.decide.draft import Draft
from engine.decide.membership import finish, member_of
from engine.decide.rows.member import TierRow
from engine.decide.tiers.qualifying import Place, staying
from engine.decide.tiers.terms import counting, fall, falls_to, look_for_life, retain, stays, take_back
from engine.decide.tiers.tier_changes import keep_tier_row, payload, schedule, stand, tell, tier_row, unit_of
from engine.decide.tiers.validity import end_of_grace


def due(draft: Draft, key: str) -> None:
    """Does what the row of a member's tier is due for, one thing of a term at a time."""
    row: TierRow = draft.get(key)
    member = member_of(draft)
    ladder = next((each for each in draft.rules.ruleset.ladders if each.name == row["ladder"]), None)
    if member is None or ladder is None or ladder.name not in member["ladders"]:
        draft.put(key, TierRow(**{**row, "at": None, "what": "", "review": None}))
        return
    place = Place(draft, member, ladder, member["ladders"][ladder.name])
    because = f"{ladder.name} {row['turns']}"  # the same instant may come again, after a return or a late event
    counted = TierRow(**{**row, "turns": row["turns"] + 1})
    if row["review"] is not None and row["review"] <= draft.time_ms:
        counted["review"] = None
    keep_tier_row(place, counted)
    if row["review"] != counted["review"]:
        take_back(place, "return", draft.time_ms, because)
    at = tier_row(place)["at"]
    if at is not None and at <= draft.time_ms:
        _turn(place, tier_row(place)["what"], because)
    place.write()
    finish(draft, member)


def _turn(place: Place, what: str, because: str) -> None:
    look_for_life(place)
    until = place.row["until"]
    if until is None or place.level == 0:
        _for_ever(place, because)
        return
    match what:
        case "warn":
            _warn(place, until, because)
        case "end":
            _end(place, until, because)
        case _:
            _end_of_grace(place, until, because)


def _for_ever(place: Place, because: str) -> None:
    """A tier for life, or one that has no validity any more: nothing ends."""
    *below, top = place.row["steps"]
    stand(place, *below, top)
    place.row["until"] = None
    keep_tier_row(place, schedule(place, tier_row(place)))
    tell(place, "tier.progress_changed", place.row["tier"], place.draft.time_ms, because)


def _warn(place: Place, until: int, because: str) -> None:
    """Says what will become of a tier that is not earned again so far, and what is missing to keep it."""
    row = schedule(place, tier_row(place))
    keep_tier_row(place, row)
    tier, level = place.row["tier"], place.level
    moments = counting(place, until, until)
    if place.rules.at_end.move == "hold" or stays(place, level, moments):
        return
    ways = staying(place.ladder, place.ladder.levels[level])
    asked = nearest(ways, place.seen_at(moments[0]))
    data = payload(place, tier, place.draft.time_ms)
    data["tier_after"] = place.ladder.levels[falls_to(place, until)].tier
    data["tier_next"] = tier
    if asked is not None:
        criterion, have = asked
        data |= {"unit": unit_of(criterion), "qualified": have, "missing": max(criterion.at_least - have, 0)}
    place.draft.happened("tier.will_downgrade", data, because)


def _end(place: Place, until: int, because: str) -> None:
    grace = end_of_grace(until, place.rules.at_end, place.zone)
    if stays(place, place.level, counting(place, until, place.draft.time_ms)):
        retain(place, "requalified", because)
    elif place.rules.at_end.move == "hold":
        retain(place, "held", because)
    elif grace is None:
        fall(place, until, because)
    else:
        row = tier_row(place)
        row["at"], row["what"] = grace
        keep_tier_row(place, row)


def _end_of_grace(place: Place, until: int, because: str) -> None:
    if stays(place, place.level, counting(place, until, place.draft.time_ms)):
        retain(place, "requalified", because)
    else:
        fall(place, until, because)

"""A member on the ladders: joined at enrolment, up at once, never down by spending; returns and campaigns may move them (B-26 to B-28).

Purchases, activities and what else counts call `earned`, returns `returned`; both in the period that the points were earned in.
"""

from collections.abc import Mapping, Sequence

from engine.core.calendar import Expiry, expires_at
from engine.core.records import Event
from engine.core.tiers import met, reached
from engine.decide.draft import Draft
from engine.decide.rows.member import LadderRow, MemberRow, StepRow
from engine.decide.rows.sale import AwardRow
from engine.decide.tiers.entering import enter
from engine.decide.tiers.qualifying import Place, number_of, ways_of
from engine.decide.tiers.terms import counting, look_for_life, retain, review_later, stays, take_back
from engine.decide.tiers.tier_changes import (
    begin,
    changed,
    keep_tier_row,
    payload,
    schedule,
    stand,
    step,
    tell,
    term_at,
    tier_row,
    told,
)
from engine.decide.tiers.validity import Term
from engine.ruleset.effects import SetTier
from engine.ruleset.model import Ladder
from engine.ruleset.tiers import Criterion


def join_ladders(draft: Draft, member: MemberRow, time_ms: int) -> None:
    """Puts a member on the lowest level of every ladder."""
    for ladder in draft.rules.ruleset.ladders:
        if ladder.name not in member["ladders"]:
            _join(draft, member, ladder, time_ms)


def progress(draft: Draft, event: Event, member: MemberRow, awards: Sequence[AwardRow]) -> None:
    """Counts what the awards of an event earned towards every ladder."""
    points: dict[str, int] = {}
    for award in awards:
        points[award["account"]] = points.get(award["account"], 0) + award["points"]
    earned(draft, member, points, event.time_ms)


def earned(draft: Draft, member: MemberRow, account_points: Mapping[str, int], earned_at_ms: int) -> None:
    """Counts points by account towards every ladder, in the period of their earning, and moves the member up at once.

    To be called where only counters moved, too. A ladder or a validity that is new to the member begins here.
    """
    for ladder in draft.rules.ruleset.ladders:
        place = _touched(draft, member, ladder)
        if place.asks.several:
            _earn(place, account_points, earned_at_ms)
        elif points := account_points.get(ladder.account):
            _earn(place, {ladder.account: points}, earned_at_ms)


def returned(
    draft: Draft, member: MemberRow, account_points: Mapping[str, int], earned_at_ms: int, reason: str = "return"
) -> None:
    """Lowers the progress of the period that points were earned in by what came back of them, and lets the tier follow.

    The caller has lowered the counters before.
    """
    for ladder in draft.rules.ruleset.ladders:
        row = member["ladders"].get(ladder.name)
        if row is None:
            continue
        place = Place(draft, member, ladder, row)
        before = row["tier"]
        lowered = _count(place, account_points, earned_at_ms, -1)
        if not lowered and not place.asks.counts_events:
            continue
        look_for_life(place)
        match place.rules.on_return:
            case "reverse_upgrade":
                take_back(place, reason, earned_at_ms)
            case "at_period_end":
                review_later(place, reason, earned_at_ms)
            case "never":
                pass
        _tell_progress(place, before, earned_at_ms, counted=lowered)


def set_tier(draft: Draft, member: MemberRow, effect: SetTier, campaign: str) -> None:
    """A campaign puts the member on a tier, up or down, whatever the progress; this event moves that ladder no further (B-28)."""
    ladder = next(each for each in draft.rules.ruleset.ladders if each.name == effect.ladder)
    place = _touched(draft, member, ladder)
    draft.explicit_tiers.add(ladder.name)
    now, tier, old = draft.time_ms, place.row["tier"], place.level
    level = number_of(ladder, effect.tier)
    term = term_at(place, level, now)
    if level > 0 and effect.until is not None:
        until = expires_at(now, Expiry(effect.until), place.zone)
        term = Term(until, until)
    top = place.row["steps"][-1]
    same = level == number_of(ladder, tier)
    if same and top["until"] == (None if term is None else term.until_ms):
        return
    begin(place, step(place, level, top["since"] if same else now, now, term))
    changed(place, tier, "set_tier")
    kind = "tier.retained" if same else "tier.upgraded" if level > old else "tier.downgraded"
    tell(place, kind, tier, now, campaign, campaign=campaign, reason="set_tier")
    enter(place, old)


def look_again(draft: Draft, member: MemberRow, at_ms: int) -> None:
    """Moves the member up to what is reached without having been earned just now, as by merging with another."""
    for ladder in draft.rules.ruleset.ladders:
        _earn(_touched(draft, member, ladder), {}, at_ms)


def _touched(draft: Draft, member: MemberRow, ladder: Ladder) -> Place:
    """The member's place, joined where the ladder is new, with a validity where that is new."""
    row = member["ladders"].get(ladder.name)
    if row is None:
        return _join(draft, member, ladder, draft.time_ms)
    place = Place(draft, member, ladder, row)
    if row["until"] is None and place.rules.valid is not None and place.level and row["steps"][-1]["until"] is None:
        term = term_at(place, place.level, draft.time_ms)
        if term is not None:
            *below, top = row["steps"]
            stand(place, *below, StepRow(**{**top, "until": term.until_ms, "ends": term.ends_ms}))
            keep_tier_row(place, schedule(place, tier_row(place)))
            place.write()
    return place


def _join(draft: Draft, member: MemberRow, ladder: Ladder, time_ms: int) -> Place:
    lowest = ladder.levels[0].tier
    row = LadderRow(tier=lowest, since=time_ms, until=None, qualified={}, entered=[], steps=[])
    place = Place(draft, member, ladder, row)
    stand(place, step(place, 0, time_ms, time_ms, None))
    changed(place, None, "joined")
    tell(place, "tier.joined", None, time_ms)
    enter(place, -1)
    return place


def _earn(place: Place, account_points: Mapping[str, int], at_ms: int) -> None:
    tier, level = place.row["tier"], place.level
    counted = _count(place, account_points, at_ms, 1)
    if place.ladder.name not in place.draft.explicit_tiers and not _rise(place, at_ms):
        _keep_in_grace(place, at_ms)
    look_for_life(place)
    _tell_progress(place, tier, at_ms, counted=counted)
    if place.level > level:
        enter(place, level)


def _count(place: Place, account_points: Mapping[str, int], at_ms: int, sign: int) -> bool:
    """Counts what the ladder asks for; whether anything changed."""
    counted = False
    for account in place.asks.accounts:
        points = account_points.get(account)
        if points:
            counted |= place.count(account, sign * points, at_ms)
    return counted


def _rise(place: Place, at_ms: int) -> bool:
    """Up at once, several levels in one change."""
    ladder, tier = place.ladder, place.row["tier"]
    if place.asks.several:
        ways = [ways_of(ladder, level) for level in ladder.levels]
        level = max(at for at, way in enumerate(ways) if at == 0 or met(way, place.seen_at(at_ms)))
    else:
        level = reached(ladder.levels, place.have(place.asks.main, at_ms))
    if level <= place.level:
        return False
    now = place.draft.time_ms
    made = step(place, level, now, at_ms, term_at(place, level, now))
    used = _used_up(place, level, at_ms)
    if used:
        made["consumed"] = used
    stand(place, *place.row["steps"], made)
    changed(place, tier, "reached")
    tell(place, "tier.upgraded", tier, at_ms)
    return True


def _keep_in_grace(place: Place, at_ms: int) -> None:
    """Who qualifies after the end of validity, and before that of the grace, keeps the tier."""
    until, now = place.row["until"], place.draft.time_ms
    if until is None or now < until or tier_row(place)["what"] != "grace":
        return
    if stays(place, place.level, counting(place, until, at_ms, now)):
        retain(place, "requalified")


def _used_up(place: Place, level: int, at_ms: int) -> dict[str, dict[str, int]]:
    """What reaching a level uses up of the progress, by account or counter and period."""
    have: dict[Criterion, int] = {}
    match place.rules.on_reaching:
        case "keep":
            return {}
        case "restart":
            have = {each: place.have(each, at_ms) for each in place.asks.criteria}
        case "carry_excess":
            ways = ways_of(place.ladder, place.ladder.levels[level])
            way = next(way for way in ways if all(place.have(each, at_ms) >= each.at_least for each in way))
            have = {each: each.at_least for each in way}
    used: dict[str, dict[str, int]] = {}
    for criterion, amount in have.items():
        name = f"counter.{criterion.name}" if criterion.of == "counter" else criterion.name
        if amount and name not in used:
            used[name] = place.spread(criterion, amount, at_ms)
    return used


def _tell_progress(place: Place, before: str, at_ms: int, *, counted: bool) -> None:
    """Says how far it is, where that changed: counters move without points, so what was last told is kept with them."""
    several = place.asks.several
    data = payload(place, before, at_ms) if counted or several else {}
    if several:
        now = told(data)
        counted |= place.row.get("told") != now
        place.row = {**place.row, "told": now}
    place.write()
    if counted:
        place.draft.happened("tier.progress_changed", data, place.ladder.name)

"""What entering a tier gives: once per member and tier, unless it says again (B-28). Its points qualify for no tier themselves."""

from engine.core import ids
from engine.core.records import Json
from engine.decide.campaigns.changing import change
from engine.decide.points.granting import Given, grant
from engine.decide.rows.member import LadderRow
from engine.decide.tiers.qualifying import Place
from engine.ruleset.effects import AwardPoints, Effect, Fixed, IssueCode, IssueVoucher, SetTier


def enter(place: Place, above: int) -> None:
    """Enters all tiers above a level, up to the member's own."""
    entries = place.rules.on_entering or {}
    for level in place.ladder.levels[above + 1 : place.level + 1]:
        new = level.tier not in place.row["entered"]
        if new:
            place.row = LadderRow(**{**place.row, "entered": [*place.row["entered"], level.tier]})
        entry = entries.get(level.tier)
        if entry is not None and (new or entry.again):
            for number, effect in enumerate(entry.effects):
                _give(place, level.tier, number, effect)
    place.write()


def _give(place: Place, tier: str, number: int, effect: Effect) -> None:
    draft, name = place.draft, given_by(place.ladder.name)
    waiting = _awaited(effect)
    if waiting:
        what: dict[str, Json] = {"campaign": name, "effect": waiting[0], "awaits": waiting[1]}
        for key in ("account", "voucher", "list"):
            if hasattr(effect, key):
                what[key] = getattr(effect, key)
        if isinstance(effect, AwardPoints) and isinstance(effect.how, Fixed):
            what["points"] = effect.how.points
        draft.carried.append(what)
    elif isinstance(effect, AwardPoints):
        _award(place, tier, number, effect)
    else:
        change(draft, ids.derive(draft.record, name, tier), place.member, name, effect)


def given_by(ladder: str) -> str:
    """What outcomes of entry benefits name in the place of a campaign."""
    return f"tiers/{ladder}"


def _awaited(effect: Effect) -> tuple[str, str] | None:
    """What cannot be given yet, and what it waits for."""
    match effect:
        case IssueVoucher():
            return "issue_voucher", "vouchers"
        case IssueCode():
            return "issue_code", "promo_codes"
        case AwardPoints(to="referrer"):
            return "award_points", "referral"
        case SetTier():
            raise AssertionError("the compiler let through a tier that is set by entering one")
        case _:
            return None


def _award(place: Place, tier: str, number: int, effect: AwardPoints) -> None:
    if not isinstance(effect.how, Fixed):
        raise AssertionError("the compiler let through a rate where there is no sale")
    draft, name = place.draft, given_by(place.ladder.name)
    given = Given(
        name,
        lot_id=ids.derive(draft.record, draft.subject, "lot", name, tier, str(number)),
        earned_at_ms=draft.time_ms,
        record=draft.record,
    )
    _, said = grant(draft, place.member, effect, effect.how.points, given)
    data: dict[str, Json] = {**said, "line_ids": [], "reason": "tier_entered"}
    draft.happened("points.awarded", data, name)

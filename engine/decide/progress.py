"""A member on the ladders: joined at enrolment, up at once, never down by spending (B-26 to B-28)."""

from collections.abc import Sequence

from engine.core.calendar import local_day
from engine.core.records import Event, Json
from engine.core.tiers import Standing, reached, standing
from engine.decide.draft import Draft
from engine.decide.rows import AwardRow, LadderRow, MemberRow
from engine.ruleset.model import Ladder

EVER = "ever"


def join_ladders(draft: Draft, member: MemberRow, time_ms: int) -> None:
    """Puts a member on the lowest level of every ladder."""
    for ladder in draft.rules.ruleset.ladders:
        if ladder.name not in member["ladders"]:
            _join(draft, member, ladder, time_ms)


def progress(draft: Draft, event: Event, member: MemberRow, awards: Sequence[AwardRow]) -> None:
    """Counts what was earned towards every ladder, in the period it was earned in, and moves the member up at once."""
    for ladder in draft.rules.ruleset.ladders:
        earned = sum(award["points"] for award in awards if award["account"] == ladder.account)
        if earned == 0:
            continue
        if ladder.name not in member["ladders"]:
            _join(draft, member, ladder, event.time_ms)
        _advance(draft, event, member, ladder, earned)


def period_of(ladder: Ladder, time_ms: int, draft: Draft) -> str:
    """The period that progress at an instant falls in."""
    if ladder.within == "calendar_year":
        return str(local_day(time_ms, draft.rules.ruleset.programme.zone).year)
    return EVER


def _join(draft: Draft, member: MemberRow, ladder: Ladder, time_ms: int) -> None:
    lowest = ladder.levels[0].tier
    member["ladders"][ladder.name] = LadderRow(tier=lowest, since=time_ms, qualified={}, entered=[lowest])
    at = standing(ladder.levels, 0, 0)
    draft.happened("tier.joined", _payload(member, ladder, None, at, 0), ladder.name)


def _advance(draft: Draft, event: Event, member: MemberRow, ladder: Ladder, earned: int) -> None:
    row = member["ladders"][ladder.name]
    period = period_of(ladder, event.time_ms, draft)
    qualified = row["qualified"].get(period, 0) + earned
    names = [level.tier for level in ladder.levels]
    before = names.index(row["tier"]) if row["tier"] in names else 0
    after = max(reached(ladder.levels, qualified), before)
    at = standing(ladder.levels, after, qualified)
    upgraded = after > before
    member["ladders"][ladder.name] = LadderRow(
        tier=at.tier,
        since=event.time_ms if upgraded else row["since"],
        qualified={**row["qualified"], period: qualified},
        entered=[*row["entered"], at.tier] if at.tier not in row["entered"] else row["entered"],
    )
    payload = _payload(member, ladder, names[before], at, qualified)
    if upgraded:
        draft.happened("tier.upgraded", payload, ladder.name)
    draft.happened("tier.progress_changed", payload, ladder.name)


def _payload(member: MemberRow, ladder: Ladder, before: str | None, at: Standing, qualified: int) -> dict[str, Json]:
    return {
        "member_id": member["member_id"],
        "ladder": ladder.name,
        "tier_before": before,
        "tier_after": at.tier,
        "tier_next": at.next_tier,
        "qualified": qualified,
        "missing": at.missing,
        "unit": ladder.account,
        "valid_until": None,
    }

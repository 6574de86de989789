"""A change of a member's tier as rows and outcomes: the steps of a term, what comes next of it, its history (B-28, B-29)."""

from collections.abc import Mapping
from typing import cast

from engine.core import keys
from engine.core.instants import render
from engine.core.records import Json
from engine.core.tiers import met, nearest
from engine.decide.rows.base import VERSION
from engine.decide.rows.member import LadderRow, StepRow, TierChangeRow, TierRow
from engine.decide.tiers.qualifying import Place, ways_of
from engine.decide.tiers.validity import Term, first_turn, term_from
from engine.ruleset.tiers import Criterion

_HISTORY = 24  # changes that are kept


def step(place: Place, level: int, since_ms: int, earned_at_ms: int, term: Term | None) -> StepRow:
    """A standing on a level; `term` of None stands for ever."""
    return StepRow(
        tier=place.ladder.levels[level].tier,
        since=since_ms,
        until=None if term is None else term.until_ms,
        ends=None if term is None else term.ends_ms,
        earned_at=earned_at_ms,
    )


def term_at(place: Place, level: int, start_ms: int) -> Term | None:
    """How long a level stands that is reached at an instant: the lowest, and all of a ladder without validity, for ever."""
    valid = place.rules.valid
    return None if level == 0 or valid is None else term_from(valid, start_ms, place.zone)


def stand(place: Place, *steps: StepRow) -> None:
    """Makes these the steps of the term; the last is the tier. One that is for life has no end."""
    top = steps[-1]
    place.row = LadderRow(
        **{**place.row, "tier": top["tier"], "since": top["since"], "until": top["until"], "steps": list(steps)}
    )
    if top["until"] is not None and for_life(place):
        place.row["until"] = None


def begin(place: Place, base: StepRow) -> None:
    """Begins a new term; what reaching tiers used up in the one before stays used up."""
    used: dict[str, dict[str, int]] = {}
    for each in place.row["steps"]:
        for name, periods in each.get("consumed", {}).items():
            kept = used.setdefault(name, {})
            for period, amount in periods.items():
                if name.startswith("counter.") or period in place.sums(name):
                    kept[period] = kept.get(period, 0) + amount
    used = {name: periods for name, periods in used.items() if periods}
    stand(place, StepRow(**{**base, "consumed": used}) if used else base)


def for_life(place: Place) -> bool:
    """Whether the member has earned the tier for ever."""
    criteria = place.ladder.levels[place.level].for_life
    return criteria is not None and met(criteria.ways, place.have_ever)


def tier_row(place: Place) -> TierRow:
    """What comes next of the member's tier, safe to change."""
    found: TierRow | None = place.draft.get(_key(place))
    if found is not None:
        return cast("TierRow", dict(found))
    return TierRow(v=VERSION, ladder=place.ladder.name, at=None, what="", review=None, turns=0, history=[])


def keep_tier_row(place: Place, row: TierRow) -> None:
    """Writes it, due at what comes first."""
    instants = [at for at in (row["at"], row["review"]) if at is not None]
    place.draft.put(_key(place), row, min(instants, default=None))


def changed(place: Place, before: str | None, reason: str) -> None:
    """Writes a new standing: into the history, and with what comes next of it."""
    row = tier_row(place)
    change = TierChangeRow(at=place.draft.time_ms, before=before, after=place.row["tier"], reason=reason)
    row["history"] = [*row["history"], change][-_HISTORY:]
    keep_tier_row(place, schedule(place, row))
    place.write()


def schedule(place: Place, row: TierRow) -> TierRow:
    """Sets what comes next of the standing: its first warning that lies ahead, or its end."""
    until = place.row["until"]
    row["at"], row["what"] = None, ""
    if until is not None:
        row["at"], row["what"] = first_turn(until, place.rules.at_end, place.draft.time_ms, place.zone)
    return row


def tell(place: Place, kind: str, before: str | None, at_ms: int, because: str = "", **more: Json) -> None:
    """An outcome about the place as it stands, with the way ahead as of the period of an instant."""
    place.draft.happened(kind, {**payload(place, before, at_ms), **more}, because or place.ladder.name)


def payload(place: Place, before: str | None, at_ms: int) -> dict[str, Json]:
    """What every outcome of a tier says."""
    unit, qualified, missing = way_ahead(place, at_ms)
    levels, following = place.ladder.levels, place.level + 1
    until = place.row["until"]
    return {
        "member_id": place.member["member_id"],
        "ladder": place.ladder.name,
        "tier_before": before,
        "tier_after": place.row["tier"],
        "tier_next": levels[following].tier if following < len(levels) else None,
        "qualified": qualified,
        "missing": missing,
        "unit": unit,
        "valid_until": None if until is None else render(until),
    }


def way_ahead(place: Place, at_ms: int) -> tuple[str, int, int]:
    """Unit, how much there is of it, and what is missing to the next tier; at the top, of what reached it, nothing is missing."""
    ladder, following = place.ladder, place.level + 1
    top = following == len(ladder.levels)
    level = ladder.levels[place.level if top else following]
    if not place.asks.several:
        qualified = place.have(place.asks.main, at_ms)
        return ladder.account, qualified, 0 if top else max(level.qualified - qualified, 0)
    found = nearest(ways_of(ladder, level), place.seen_at(at_ms))
    if found is None:
        return ladder.account or ladder.name, 0, 0
    criterion, have = found
    return unit_of(criterion), have, 0 if top else max(criterion.at_least - have, 0)


def unit_of(criterion: Criterion) -> str:
    """What progress is told in: an account, or `counter.<name>`."""
    return f"counter.{criterion.name}" if criterion.of == "counter" else criterion.name


def told(data: Mapping[str, Json]) -> list[Json]:
    """What a member knows of the way ahead."""
    return [data["unit"], data["qualified"], data["missing"], data["valid_until"]]


def _key(place: Place) -> str:
    return keys.row(place.draft.subject, "tier", place.ladder.name)

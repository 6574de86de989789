"""How far a member is, as values: tiers, achievements, counters, and what is left of limits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.core import keys
from engine.core.records import Event
from engine.core.windows import ALL_TIME, Span, last
from engine.decide.campaigns.limiting import limit_name
from engine.decide.counters.counter_rows import CounterRows
from engine.decide.counters.counting import span_of
from engine.decide.draft import Draft
from engine.decide.rows.limits import UsesRow
from engine.decide.rows.member import LadderRow, MemberRow, TierChangeRow, TierRow
from engine.decide.tiers.qualifying import Place, number_of
from engine.decide.tiers.tier_changes import way_ahead
from engine.ruleset.limits import Group, Limit
from engine.ruleset.matching import Rules
from engine.ruleset.model import Account, Campaign


@dataclass(frozen=True, slots=True)
class TierChangeView:
    """A change of tier; `before` is None on joining."""

    at_ms: int
    before: str | None
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class TierView:
    """A place on a ladder. `missing` more of `unit` lead to `next_tier`; None at the top, or where the rules know the tier no more.

    `next_turn`: what the rules do of themselves next (`warn`, `end`, `grace`), at `next_turn_at_ms`.
    """

    ladder: str
    tier: str
    since_ms: int
    valid_until_ms: int | None
    next_tier: str | None
    qualified: int
    missing: int
    unit: str
    next_turn: str
    next_turn_at_ms: int | None
    history: tuple[TierChangeView, ...]


@dataclass(frozen=True, slots=True)
class AchievementView:
    """Shown as "3 of 5": `count` of `target` in the achievement's window; completed `times` of at most `repeats`."""

    name: str
    title: str
    count: int
    target: int
    times: int
    repeats: int


@dataclass(frozen=True, slots=True)
class CounterView:
    """What a counter counts: all that is kept, and by field that conditions may ask for."""

    name: str
    kept: int
    fields: dict[str, int]


@dataclass(frozen=True, slots=True)
class LimitView:
    """A limit that the member used in its present window: of `owner` (`campaign:x`, `group:y`, `account:z`), for each `per`."""

    owner: str
    limit: str
    per: str
    amount: int
    used: int
    left: int
    from_ms: int | None
    until_ms: int | None


def tiers_of(draft: Draft, member: MemberRow) -> tuple[TierView, ...]:
    """The ladders as declared, then those that only the member still has."""
    declared = {ladder.name: ladder for ladder in draft.rules.ruleset.ladders}
    names = [*(name for name in declared if name in member["ladders"]), *sorted(member["ladders"].keys() - declared)]
    return tuple(
        _tier(draft, name, row, Place(draft, member, declared[name], row) if name in declared else None)
        for name, row in ((name, member["ladders"][name]) for name in names)
    )


def achievements_of(draft: Draft, member: MemberRow) -> tuple[AchievementView, ...]:
    """All achievements of the programme, begun or not."""
    return tuple(_achievements(draft, member))


def counters_of(draft: Draft, member: MemberRow) -> tuple[CounterView, ...]:
    """All counters of the programme that counted something by their present definition."""
    rules = draft.rules
    found = []
    for counter in rules.ruleset.programme.counters:
        rows = CounterRows(draft, counter, rules.definitions[counter.name])
        if not rows.outdated:
            fields = {
                derived.field: 0 if span is None else rows.total(span)
                for derived in rules.derived_of.get(counter.name, ())
                if derived.kind == "value"
                for span in (span_of(derived.window, _now(draft), member, rules),)
            }
            found.append(CounterView(counter.name, rows.total(ALL_TIME), fields))
    return tuple(found)


def limits_of(draft: Draft, member: MemberRow) -> tuple[LimitView, ...]:
    """The member's own limits of which something is used now."""
    found = []
    for key in draft.scan("uses"):
        owner = keys.unescaped(key.split("/")[2])
        uses: UsesRow = draft.get(key)
        found += [view for limit in _limits(draft.rules, owner) if (view := _limit(draft, member, owner, limit, uses))]
    return tuple(found)


def _tier(draft: Draft, name: str, row: LadderRow, place: Place | None) -> TierView:
    turns: TierRow | None = draft.get(keys.row(draft.subject, "tier", name))
    following, unit, qualified, missing = None, "", 0, 0
    if place is not None and number_of(place.ladder, row["tier"]) >= 0:
        levels = place.ladder.levels
        following = levels[place.level + 1].tier if place.level + 1 < len(levels) else None
        unit, qualified, missing = way_ahead(place, draft.time_ms)
    return TierView(
        ladder=name,
        tier=row["tier"],
        since_ms=row["since"],
        valid_until_ms=row["until"],
        next_tier=following,
        qualified=qualified,
        missing=missing,
        unit=unit,
        next_turn="" if turns is None else turns["what"],
        next_turn_at_ms=None if turns is None else turns["at"],
        history=() if turns is None else tuple(map(_change, turns["history"])),
    )


def _change(row: TierChangeRow) -> TierChangeView:
    return TierChangeView(row["at"], row["before"], row["after"], row["reason"])


def _achievements(draft: Draft, member: MemberRow) -> Iterator[AchievementView]:
    for achievement in draft.rules.ruleset.achievements:
        row = member.get("achievements", {}).get(achievement.name)
        count, times = (0, 0) if row is None else (max(row["count"], 0), row["times"])
        yield AchievementView(
            achievement.name, achievement.title, count, achievement.target, times, achievement.repeats
        )


def _limits(rules: Rules, owner: str) -> Sequence[Limit]:
    kind, _, name = owner.partition(":")
    of: dict[str, Mapping[str, Campaign | Group | Account]] = {
        "campaign": rules.campaigns,
        "referrer": rules.campaigns,
        "group": rules.groups,
        "account": rules.accounts,
    }
    found = of.get(kind, {}).get(name)
    per = "referrer" if kind == "referrer" else "member"
    return () if found is None else [limit for limit in found.limits if limit.per == per]


def _limit(draft: Draft, member: MemberRow, owner: str, limit: Limit, uses: UsesRow) -> LimitView | None:
    span = _span(draft, member, limit)
    if span is None:
        return None
    name = limit_name(limit)
    sliding = limit.kind == "not_within" or limit.window.kind == "last"
    if sliding:
        used = sum(amount for when, amount in uses["at"].get(name, ()) if when in span)
    else:
        used = uses["used"].get(name, {}).get(str(span.from_ms), 0)
    if not used:
        return None
    amount = 1 if limit.kind == "not_within" else limit.amount
    return LimitView(
        owner=owner,
        limit=name,
        per=limit.per,
        amount=amount,
        used=used,
        left=max(amount - used, 0),
        from_ms=None if span.from_ms == ALL_TIME.from_ms else span.from_ms,
        until_ms=None if sliding or span.until_ms == ALL_TIME.until_ms else span.until_ms,
    )


def _span(draft: Draft, member: MemberRow, limit: Limit) -> Span | None:
    if limit.not_within is not None:
        zone = draft.rules.ruleset.programme.zone
        return last(draft.time_ms, limit.not_within, zone)
    return span_of(limit.window, _now(draft), member, draft.rules)


def _now(draft: Draft) -> Event:
    """Something that happens at the instant of the view."""
    return Event("", "", "", "", draft.time_ms, draft.time_ms, draft.subject, {})

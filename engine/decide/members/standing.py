"""A member as they stand at an instant, as rows: what tests of rules begin with, in the shapes that steps keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.core import ids, keys
from engine.core.calendar import expires_at
from engine.core.ledger import Posting, posted
from engine.core.records import Json, Kept, Row
from engine.decide.counters.counter_rows import CounterRows
from engine.decide.draft import Draft
from engine.decide.rows.base import VERSION
from engine.decide.rows.member import AccountRow, LadderRow, MemberRow, StepRow, TierRow
from engine.decide.rows.points import LotRow
from engine.decide.tiers.qualifying import number_of, period_of
from engine.decide.tiers.validity import first_turn, term_from
from engine.ruleset.limits import Counter
from engine.ruleset.matching import Rules
from engine.ruleset.model import Account, Ladder

GIVEN = "given"  # stands where a campaign, a record or an enrolment would be named


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a member at `at_ms`. Names are those of the ruleset.

    `tiers` by ladder; `progress`: points that count in the current period, by ladder. `balances`: points that were earned at
    `at_ms`, by account. `counters`: what was counted, as (when, how much).
    """

    member_id: str
    at_ms: int
    enrolled_at_ms: int
    tiers: Mapping[str, str] = field(default_factory=dict)
    progress: Mapping[str, int] = field(default_factory=dict)
    opted_in: Sequence[str] = ()
    profile: Mapping[str, Json] = field(default_factory=dict)
    tags: Sequence[str] = ()
    consents: Sequence[str] = ()
    locale: str | None = None
    balances: Mapping[str, int] = field(default_factory=dict)
    counters: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)


def rows_of(standing: Standing, rules: Rules) -> dict[str, Kept]:
    """All rows of a member who stands so, by key; balances equal the sum of their lots."""
    subject = keys.subject("member", standing.member_id)
    rows = {subject: Kept(_member(standing, rules))}
    for ladder in rules.ruleset.ladders:
        rows |= _tier(subject, standing, ladder, rules)
    for name, points in standing.balances.items():
        if points:
            rows |= _lot(subject, standing, rules.accounts[name], points, rules)
    for counter in rules.ruleset.programme.counters:
        if counter.name in standing.counters:
            rows |= _counter(subject, counter, standing.counters[counter.name], rules)
    return rows


def _member(standing: Standing, rules: Rules) -> MemberRow:
    return MemberRow(
        v=VERSION,
        member_id=standing.member_id,
        enrolled_at=standing.enrolled_at_ms,
        enrolment=GIVEN,
        locale=standing.locale,
        profile=dict(standing.profile),
        tags=sorted(standing.tags),
        consents=sorted(standing.consents),
        opt_ins=dict.fromkeys(sorted(standing.opted_in), standing.enrolled_at_ms),
        external_ids=[],
        accounts={name: _account(points) for name, points in standing.balances.items()},
        ladders={ladder.name: _place(standing, ladder, rules) for ladder in rules.ruleset.ladders},
    )


def _account(points: int) -> AccountRow:
    books = posted({}, (Posting("issued", "available", points),) if points else ())
    return AccountRow(balance=points, earned=points, books=books)


def _place(standing: Standing, ladder: Ladder, rules: Rules) -> LadderRow:
    """A tier given stands as one that a campaign set: no return takes it back."""
    names = [level.tier for level in ladder.levels]
    tier = standing.tiers.get(ladder.name, names[0])
    zone = rules.ruleset.programme.zone
    counted = standing.progress.get(ladder.name)
    valid = None if ladder.rules is None or number_of(ladder, tier) == 0 else ladder.rules.valid
    term = None if valid is None else term_from(valid, standing.at_ms, zone)
    until = None if term is None else term.until_ms
    since = standing.enrolled_at_ms
    ends = None if term is None else term.ends_ms
    return LadderRow(
        tier=tier,
        since=since,
        until=until,
        qualified={} if counted is None else {period_of(ladder, standing.at_ms, since, zone): counted},
        entered=names[: names.index(tier) + 1],
        steps=[StepRow(tier=tier, since=since, until=until, ends=ends, earned_at=since)],
    )


def _tier(subject: str, standing: Standing, ladder: Ladder, rules: Rules) -> dict[str, Kept]:
    until = _place(standing, ladder, rules)["until"]
    row = TierRow(v=VERSION, ladder=ladder.name, at=None, what="", review=None, turns=0, history=[])
    if until is not None and ladder.rules is not None:
        zone = rules.ruleset.programme.zone
        row["at"], row["what"] = first_turn(until, ladder.rules.at_end, standing.at_ms, zone)
    return {keys.row(subject, "tier", ladder.name): Kept(row, row["at"])}


def _lot(subject: str, standing: Standing, account: Account, points: int, rules: Rules) -> dict[str, Kept]:
    earned = standing.at_ms
    gone = None if account.expires is None else expires_at(earned, account.expires, rules.ruleset.programme.zone)
    lot_id = ids.derive(GIVEN, subject, account.name)
    lot = LotRow(
        v=VERSION,
        lot_id=lot_id,
        member_id=standing.member_id,
        account=account.name,
        awarded=points,
        points=points,
        earned_at=earned,
        active_from=earned,
        expires_at=gone,
        campaign=GIVEN,
        record=GIVEN,
        transaction=None,
    )
    key = keys.row(subject, "lot", account.name, keys.instant(gone), keys.instant(earned), lot_id)
    return {key: Kept(lot, gone)}


def _counter(subject: str, counter: Counter, counted: Sequence[tuple[int, int]], rules: Rules) -> Mapping[str, Kept]:
    draft = Draft(_NoRows(), subject, GIVEN, GIVEN, 0, 0, rules, lambda _: rules)
    rows = CounterRows(draft, counter, rules.definitions[counter.name])
    for when, amount in counted:
        if counter.distinct is None:
            rows.add(when, amount, None)
        else:
            for number in range(amount):
                rows.add(when, 1, f"{GIVEN}-{when}-{number}")
    rows.keep()
    return {key: kept for key, kept in draft.done().rows.items() if kept is not None}


class _NoRows:
    """The rows of a subject of whom nothing is known."""

    def get(self, key: str) -> Row | None:  # noqa: ARG002  # there is none under any key
        return None

    def scan(self, prefix: str) -> Sequence[str]:  # noqa: ARG002  # nor in any collection
        return ()

    def due_ms(self, key: str) -> int | None:  # noqa: ARG002  # nor is any due
        return None

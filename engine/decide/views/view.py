"""A member as a value: all that an app, a till or an operator shows of them, computed from rows and the rules in force.

Pure, and reads only; a step writes none of it. Instants end in `_ms`, milliseconds since 1970 in UTC.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.core import keys
from engine.core.records import Json, Rows
from engine.decide.draft import Draft
from engine.decide.rows.member import MemberRow
from engine.decide.rows.points import SpendRow
from engine.decide.rows.sale import TransactionRow
from engine.decide.views.view_points import (
    AccountView,
    HoldView,
    LotView,
    PendingView,
    accounts_of,
    holds_of,
    lots_of,
    pending_of,
)
from engine.decide.views.view_progress import (
    AchievementView,
    CounterView,
    LimitView,
    TierView,
    achievements_of,
    counters_of,
    limits_of,
    tiers_of,
)
from engine.ruleset.matching import Rules

RECENT = 20


@dataclass(frozen=True, slots=True)
class SaleView:
    """A sale. `points`: what campaigns gave for it, `left` what returns left of that, by account; `returned_minor` came back."""

    at_ms: int
    transaction_id: str
    amount_minor: int
    currency: str
    lines: int
    points: Mapping[str, int]
    left: Mapping[str, int]
    campaigns: tuple[str, ...]
    returned_minor: int
    kind: str = "sale"


@dataclass(frozen=True, slots=True)
class SpendView:
    """Points that were spent; `restored` came back with the sale that they had paid."""

    at_ms: int
    spend_id: str
    account: str
    points: int
    restored: int
    transaction_id: str | None
    kind: str = "spend"


@dataclass(frozen=True, slots=True)
class MemberView:
    """All of a member at an instant. `total` is the sum of the spendable balances (B-1); `waiting`: events that wait for something."""

    member_id: str
    at_ms: int
    enrolled_at_ms: int
    forgotten_at_ms: int | None
    locale: str | None
    profile: Mapping[str, Json]
    tags: tuple[str, ...]
    consents: tuple[str, ...]
    opt_ins_ms: Mapping[str, int]
    total: int
    accounts: tuple[AccountView, ...]
    tiers: tuple[TierView, ...]
    lots: tuple[LotView, ...]
    pending: tuple[PendingView, ...]
    holds: tuple[HoldView, ...]
    achievements: tuple[AchievementView, ...]
    counters: tuple[CounterView, ...]
    limits: tuple[LimitView, ...]
    recent: tuple[SaleView | SpendView, ...]
    waiting: int


def view_of(rows: Rows, member_id: str, rules: Rules, at_ms: int, recent: int = RECENT) -> MemberView | None:
    """The member at an instant, None where there is none; of what happened, the latest `recent`."""
    subject = keys.subject("member", member_id)
    draft = Draft(rows, subject, "", "", at_ms, 0, rules, _no_other_rules)  # only to read by: it is never done
    member: MemberRow | None = draft.get(subject)
    if member is None:
        return None
    lots = lots_of(draft, member)
    accounts = accounts_of(draft, member, lots)
    return MemberView(
        member_id=member_id,
        at_ms=at_ms,
        enrolled_at_ms=member["enrolled_at"],
        forgotten_at_ms=member.get("forgotten"),
        locale=member["locale"],
        profile=member["profile"],
        tags=tuple(member["tags"]),
        consents=tuple(member["consents"]),
        opt_ins_ms=member["opt_ins"],
        total=sum(account.balance for account in accounts if account.spendable),
        accounts=accounts,
        tiers=tiers_of(draft, member),
        lots=lots,
        pending=pending_of(draft),
        holds=holds_of(draft),
        achievements=achievements_of(draft, member),
        counters=counters_of(draft, member),
        limits=limits_of(draft, member),
        recent=_recent(draft, recent),
        waiting=len(draft.scan("parked")) + len(draft.scan("asked")),
    )


def _recent(draft: Draft, most: int) -> tuple[SaleView | SpendView, ...]:
    """Sales and spends, the newest first."""
    happened: list[SaleView | SpendView] = [_sale(draft.get(key)) for key in draft.scan("transaction")]
    happened += [_spend(draft.get(key)) for key in draft.scan("spend")]
    return tuple(sorted(happened, key=lambda each: (-each.at_ms, _name(each)))[:most])


def _name(happened: SaleView | SpendView) -> str:
    return happened.transaction_id if isinstance(happened, SaleView) else happened.spend_id


def _sale(row: TransactionRow) -> SaleView:
    awards, sale = row["awards"], row["sale"]
    own = [award for award in awards if "to" not in award]
    return SaleView(
        at_ms=row["time"],
        transaction_id=sale["transaction_id"],
        amount_minor=sale["amount_minor"],
        currency=sale["currency"],
        lines=len(sale["lines"]),
        points=_by_account([(award["account"], award["points"]) for award in own]),
        left=_by_account([(award["account"], award["left"]) for award in own]),
        campaigns=tuple(dict.fromkeys(award["campaign"] for award in awards)),
        returned_minor=row["returned"]["amount_minor"] if "returned" in row else 0,
    )


def _spend(row: SpendRow) -> SpendView:
    return SpendView(
        row["time"], row["spend_id"], row["account"], row["points"], row["restored"], row["transaction_id"]
    )


def _by_account(points: Sequence[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for account, amount in points:
        sums[account] = sums.get(account, 0) + amount
    return sums


def _no_other_rules(digest: str) -> Rules:
    raise AssertionError(f"a view is of the rules in force, not of {digest}")

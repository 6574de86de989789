"""What a member has, as values: accounts, lots in the order in which they are spent, pending points, holds (B-1 to B-7)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.core import keys
from engine.core.calendar import local_day
from engine.decide.draft import Draft
from engine.decide.rows.member import MemberRow
from engine.decide.rows.points import HoldRow, LotRow


@dataclass(frozen=True, slots=True)
class Expiring:
    """The points of an account that go next, together; `last_day` is the last local day on which they can be used."""

    points: int
    expires_at_ms: int
    last_day: str


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account. `balance` is what can be spent, `deficit` what later points pay first; `pending` and `held` count in neither."""

    account: str
    spendable: bool
    balance: int
    pending: int
    held: int
    deficit: int
    earned: int
    expiring: Expiring | None


@dataclass(frozen=True, slots=True)
class LotView:
    """Points that were earned together; `points` are left of `awarded`. `campaign` is None for points given by hand."""

    account: str
    lot_id: str
    points: int
    awarded: int
    earned_at_ms: int
    expires_at_ms: int | None
    last_day: str | None
    campaign: str | None


@dataclass(frozen=True, slots=True)
class PendingView:
    """Points that cannot be spent yet: active at an instant, or once `waits_for` is done, or else gone at `lapses_at_ms`."""

    account: str
    lot_id: str
    points: int
    earned_at_ms: int
    active_from_ms: int | None
    waits_for: str | None
    lapses_at_ms: int | None
    campaign: str | None


@dataclass(frozen=True, slots=True)
class HoldView:
    """Points that are kept aside, for ever where `held_until_ms` is None."""

    hold_id: str
    account: str
    points: int
    held_at_ms: int
    held_until_ms: int | None


def accounts_of(draft: Draft, member: MemberRow, lots: Sequence[LotView]) -> tuple[AccountView, ...]:
    """All accounts of the programme as declared, then those that only the member still has."""
    declared = draft.rules.accounts
    names = [*declared, *sorted(member["accounts"].keys() - declared.keys())]
    return tuple(_account(draft, member, name, [lot for lot in lots if lot.account == name]) for name in names)


def lots_of(draft: Draft, member: MemberRow) -> tuple[LotView, ...]:
    """All active lots, account by account, each in spend order (B-3)."""
    return tuple(lot for account in sorted(member["accounts"]) for lot in _lots(draft, account))


def pending_of(draft: Draft) -> tuple[PendingView, ...]:
    """All pending lots, account by account, what becomes active first before the rest."""
    return tuple(_pending(key, draft.get(key)) for key in draft.scan("pending"))


def holds_of(draft: Draft) -> tuple[HoldView, ...]:
    """All open holds, the oldest first."""
    rows: list[HoldRow] = [draft.get(key) for key in draft.scan("hold")]
    holds = (HoldView(row["hold_id"], row["account"], row["points"], row["time"], row["held_until"]) for row in rows)
    return tuple(sorted(holds, key=lambda hold: (hold.held_at_ms, hold.hold_id)))


def _account(draft: Draft, member: MemberRow, name: str, lots: Sequence[LotView]) -> AccountView:
    row = member["accounts"].get(name, {"balance": 0, "earned": 0, "books": {}})
    books, declared = row["books"], draft.rules.accounts.get(name)
    return AccountView(
        account=name,
        spendable=declared is not None and declared.spendable,
        balance=row["balance"],
        pending=books.get("pending", 0),
        held=books.get("held", 0),
        deficit=-books.get("deficit", 0),
        earned=row["earned"],
        expiring=_expiring(lots),
    )


def _expiring(lots: Sequence[LotView]) -> Expiring | None:
    ends = [(lot.expires_at_ms, lot.last_day) for lot in lots if lot.expires_at_ms is not None]
    if not ends:
        return None
    first, last_day = min(ends)
    return Expiring(sum(lot.points for lot in lots if lot.expires_at_ms == first), first, last_day or "")


def _lots(draft: Draft, account: str) -> Iterator[LotView]:
    sliding = draft.get(keys.row(draft.subject, "sliding", account))  # lots without an expiry of their own go together
    for key in draft.scan("lot", account):
        row: LotRow = draft.get(key)
        gone = row["expires_at"]
        if gone is None and sliding is not None:
            gone = sliding["expires_at"]
        yield LotView(
            account=account,
            lot_id=row["lot_id"],
            points=row["points"],
            awarded=row["awarded"],
            earned_at_ms=row["earned_at"],
            expires_at_ms=gone,
            last_day=None if gone is None else last_day(gone, draft),
            campaign=row["campaign"],
        )


def _pending(key: str, row: LotRow) -> PendingView:
    due = key.split("/")[3]
    due_ms, waits_for = None if due == keys.NEVER else int(due), row.get("waits_for")
    return PendingView(
        account=row["account"],
        lot_id=row["lot_id"],
        points=row["points"],
        earned_at_ms=row["earned_at"],
        active_from_ms=due_ms if waits_for is None else None,
        waits_for=waits_for,
        lapses_at_ms=None if waits_for is None else due_ms,
        campaign=row["campaign"],
    )


def last_day(ends_ms: int, draft: Draft) -> str:
    """The last local day before an end."""
    return local_day(ends_ms - 1, draft.rules.ruleset.programme.zone).isoformat()

"""Accounts whose points last as long as the member is active (B-4a): one expiry for all lots that have none of their own.

Activities are counted by local day, so that the return of a sale finds what was the last one before it.
"""

from engine.core import keys
from engine.core.calendar import expires_at, local_day, start_of_day
from engine.core.ledger import OF_MEMBER
from engine.decide.draft import Draft
from engine.decide.points.warning import warn_of, withdraw_warnings
from engine.decide.rows.base import KEEP_KEYS_MS, VERSION
from engine.decide.rows.member import MemberRow
from engine.decide.rows.points import ActiveRow, LotRow, SlidingRow
from engine.decide.rows.sale import TransactionRow
from engine.ruleset.model import Account

_CLOCK = ("minutes", "hours")
_SALE = "transaction.completed"


def renew(draft: Draft, kind: str, time_ms: int) -> None:
    """An event renews the accounts that it is an activity for; a late one never moves the expiry back."""
    for account in draft.rules.renewed.get(kind, ()):
        _count(draft, account, time_ms)


def begin(draft: Draft, account: Account) -> None:
    """The first points of an account without any activity yet: its time begins with them."""
    if account.expires is not None and draft.get(_key(draft, account)) is None:
        _count(draft, account, draft.time_ms)


def expiry_of(draft: Draft, account: str) -> int | None:
    """When the lots of an account go that have no expiry of their own; None for never."""
    row: SlidingRow | None = draft.get(keys.row(draft.subject, "sliding", account))
    return None if row is None else row["expires_at"]


def returned(draft: Draft, member: MemberRow, sale: TransactionRow) -> None:
    """A sale came back wholly: its activity counts no more, and the one before it says when points expire.

    To be called after its points were taken back. Where that is past already, they expire as the next due work. By its own rules
    a sale may have renewed nothing (B-21).
    """
    counted = {account.name for account in draft.rules_of(sale["ruleset"]).renewed.get(_SALE, ())}
    for account in draft.rules.renewed.get(_SALE, ()):
        key = _active_key(draft, account, _instant(draft, account, sale["time"]))
        row: ActiveRow | None = draft.get(key)
        if row is None or account.name not in counted:
            continue
        if row["times"] > 1:
            _keep_active(draft, account, key, row["times"] - 1)
        else:
            draft.delete(key)
        _move_back(draft, member, account)


def _count(draft: Draft, account: Account, time_ms: int) -> None:
    at = _instant(draft, account, time_ms)
    key = _active_key(draft, account, at)
    active: ActiveRow | None = draft.get(key)
    _keep_active(draft, account, key, 1 if active is None else active["times"] + 1)
    row: SlidingRow | None = draft.get(_key(draft, account))
    if row is None or at > row["at"]:
        _move(draft, account, at)


def _move(draft: Draft, account: Account, at: int) -> None:
    """Puts the last activity of an account at an instant, and with it the expiry and the warnings before it."""
    key = _key(draft, account)
    before: SlidingRow | None = draft.get(key)
    ends = _ends(draft, account, at)
    if before is not None and before["expires_at"] == ends:
        if before["at"] != at:
            draft.put(key, SlidingRow(**{**before, "at": at}), ends)
        return
    if before is not None:
        withdraw_warnings(draft, account, before["expires_at"])
    row = SlidingRow(v=VERSION, account=account.name, at=at, expires_at=ends, record=draft.record)
    draft.put(key, row, ends)
    warn_of(draft, account, ends, sliding=True)


def _move_back(draft: Draft, member: MemberRow, account: Account) -> None:
    """To the last activity that counts; without any and without points, the time begins anew with the next ones."""
    row: SlidingRow | None = draft.get(_key(draft, account))
    if row is None:
        return
    books = member["accounts"][account.name]["books"] if account.name in member["accounts"] else {}
    if any(bucket in books for bucket in OF_MEMBER) or draft.scan("active", account.name):
        _move(draft, account, _last_activity(draft, account))
    else:
        withdraw_warnings(draft, account, row["expires_at"])
        draft.delete(_key(draft, account))


def _last_activity(draft: Draft, account: Account) -> int:
    """The last activity that counts; without any the last earning of what is there, and without that the present."""
    days = draft.scan("active", account.name)
    if days:
        return int(days[-1].rsplit("/", 1)[1])
    lots: list[LotRow] = [draft.get(key) for key in draft.scan("lot", account.name, keys.NEVER)]
    return _instant(draft, account, max((lot["earned_at"] for lot in lots), default=draft.time_ms))


def _keep_active(draft: Draft, account: Account, key: str, times: int) -> None:
    at = int(key.rsplit("/", 1)[1])
    draft.put(key, ActiveRow(v=VERSION, times=times), _ends(draft, account, at) + KEEP_KEYS_MS)


def _ends(draft: Draft, account: Account, at: int) -> int:
    if account.expires is None:
        raise AssertionError(f"the compiler let through {account.name}, which is renewed and has no expiry")
    return expires_at(at, account.expires, draft.rules.ruleset.programme.zone)


def _instant(draft: Draft, account: Account, time_ms: int) -> int:
    """What tells activities apart: their local day, or the instant where the account counts in hours."""
    if account.expires is not None and account.expires.after.unit in _CLOCK:
        return time_ms
    zone = draft.rules.ruleset.programme.zone
    return start_of_day(local_day(time_ms, zone), zone)


def _key(draft: Draft, account: Account) -> str:
    return keys.row(draft.subject, "sliding", account.name)


def _active_key(draft: Draft, account: Account, at: int) -> str:
    return keys.row(draft.subject, "active", account.name, keys.instant(at))

"""Warnings before points expire: `points.expiring` once per member, account, expiry and lead time (B-8)."""

from engine.core import keys
from engine.core.calendar import Period, local_day
from engine.core.instants import render
from engine.decide.draft import Draft
from engine.decide.membership import finish, known_member
from engine.decide.rows.base import KEEP_KEYS_MS, VERSION
from engine.decide.rows.points import LotRow, WarningRow
from engine.decide.tiers.validity import earlier
from engine.ruleset.model import Account


def warn_of(draft: Draft, account: Account, expires_ms: int, *, sliding: bool = False) -> None:
    """Sees to it that the member is warned before an expiry; not where the time for it is past, or where they were."""
    zone = draft.rules.ruleset.programme.zone
    for lead in account.warn:
        at = earlier(expires_ms, lead, zone)
        key = _key(draft, account, expires_ms, lead)
        if at > draft.time_ms and draft.get(key) is None:
            row = WarningRow(v=VERSION, account=account.name, at=at, expires_at=expires_ms, sliding=sliding, said=False)
            draft.put(key, row, at)


def withdraw_warnings(draft: Draft, account: Account, expires_ms: int) -> None:
    """An expiry moved: nobody is warned of it any more."""
    for key in draft.scan("warning", account.name, keys.instant(expires_ms)):
        row: WarningRow = draft.get(key)
        if row["sliding"] and not row["said"]:
            draft.delete(key)


def due(draft: Draft, key: str) -> None:
    """Says how many points are about to go; what was said is remembered until no event can come that is older."""
    row: WarningRow = draft.get(key)
    if row["said"]:
        draft.delete(key)
        return
    time = draft.rules.ruleset.programme.time
    late_ms = time.late_ms if time.then == "refuse" else KEEP_KEYS_MS
    draft.put(key, WarningRow(**{**row, "said": True}), row["expires_at"] + late_ms)
    expiry = keys.NEVER if row["sliding"] else keys.instant(row["expires_at"])
    lots: list[LotRow] = [draft.get(lot) for lot in draft.scan("lot", row["account"], expiry)]
    if lots:
        _say(draft, row, lots)


def _say(draft: Draft, row: WarningRow, lots: list[LotRow]) -> None:
    member = known_member(draft)
    zone = draft.rules.ruleset.programme.zone
    balance = member["accounts"][row["account"]]["balance"]
    days = local_day(row["expires_at"], zone).toordinal() - local_day(row["at"], zone).toordinal()
    data = {
        "member_id": member["member_id"],
        "campaign": None,
        "account": row["account"],
        "points": sum(lot["points"] for lot in lots),
        "lot_ids": [lot["lot_id"] for lot in lots],
        "balance_before": balance,
        "balance_after": balance,
        "postings": [],
        "expires_at": render(row["expires_at"]),
        "lead_days": days,
        "reason": "expiring",
    }
    draft.happened("points.expiring", data)
    finish(draft, member)


def _key(draft: Draft, account: Account, expires_ms: int, lead: Period) -> str:
    names = (account.name, keys.instant(expires_ms), f"{lead.amount} {lead.unit}")
    return keys.row(draft.subject, "warning", *names)

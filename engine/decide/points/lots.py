"""Lots that come to their end: one `points.expired` each, at 00:00 after the last usable day (B-4, B-4a)."""

from engine.core import ids, keys
from engine.core.records import Json
from engine.decide.draft import Draft
from engine.decide.membership import finish, known_member
from engine.decide.points.ledger import Ledger
from engine.decide.rows.base import KEEP_KEYS_MS
from engine.decide.rows.member import MemberRow
from engine.decide.rows.points import HoldRow, LotRow, PartRow, SlidingRow, SpendRow


def expire(draft: Draft, key: str) -> None:
    """Takes what is left of a lot out of its account."""
    lot: LotRow = draft.get(key)
    if "back" in lot:
        _tell_apart(draft, lot["back"])  # some of it may have expired before these points came back
    member = known_member(draft)
    empty(draft, member, key, "expired")
    finish(draft, member)


def expire_together(draft: Draft, key: str) -> None:
    """Takes all lots of an account that live as long as the member is active; held points follow when they are released."""
    row: SlidingRow = draft.get(key)
    _tell_apart(draft, row["record"])  # an activity may be taken back, and the account come to the same expiry again
    member = known_member(draft)
    for lot in draft.scan("lot", row["account"], keys.NEVER):
        empty(draft, member, lot, "expired")
    _end_parts(draft, row)
    draft.delete(key)
    finish(draft, member)


def empty(draft: Draft, member: MemberRow, key: str, reason: str) -> None:
    """Takes all points of a lot, active or pending, as gone for this reason."""
    lot: LotRow = draft.get(key)
    movement = Ledger(draft, member, lot["account"]).empty(key[len(draft.subject) + 1 :], "expired")
    data: dict[str, Json] = {
        "member_id": lot["member_id"],
        "campaign": lot["campaign"],
        "account": lot["account"],
        "points": movement.points,
        "lot_id": lot["lot_id"],
        **movement.told(),
        "reason": reason,
    }
    draft.happened("points.expired", data)


def _end_parts(draft: Draft, row: SlidingRow) -> None:
    """What is held or spent of such lots comes back expired from now on."""
    for key in draft.scan("hold"):
        hold: HoldRow = draft.get(key)
        if hold["account"] == row["account"]:
            parts = [_ended(part, row["expires_at"]) for part in hold["parts"]]
            draft.put(key, HoldRow(**{**hold, "parts": parts}), hold["held_until"])
    for key in draft.scan("spend"):
        spend: SpendRow = draft.get(key)
        if spend["account"] == row["account"]:
            parts = [_ended(part, row["expires_at"]) for part in spend["parts"]]
            draft.put(key, SpendRow(**{**spend, "parts": parts}), spend["time"] + KEEP_KEYS_MS)


def _ended(part: PartRow, expires_ms: int) -> PartRow:
    lot = part["row"]
    if lot["expires_at"] is not None:
        return part
    return PartRow(lot=part["lot"], row=LotRow(**{**lot, "expires_at": expires_ms}))


def _tell_apart(draft: Draft, what: str) -> None:
    """Due work of the same row at the same instant twice has outcomes of different ids."""
    draft.record = draft.cause = ids.derive(draft.record, what)

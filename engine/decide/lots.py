"""Lots that come to their end: one `points.expired` each, at 00:00 after the last usable day (B-4)."""

from engine.core.records import Json
from engine.decide.draft import Draft
from engine.decide.ledger import Ledger
from engine.decide.membership import finish, known_member
from engine.decide.rows import LotRow


def expire(draft: Draft, key: str) -> None:
    """Takes what is left of a lot out of its account."""
    lot: LotRow = draft.get(key)
    member = known_member(draft)
    movement = Ledger(draft, member, lot["account"]).empty(key[len(draft.subject) + 1 :], "expired")
    data: dict[str, Json] = {
        "member_id": lot["member_id"],
        "campaign": lot["campaign"],
        "account": lot["account"],
        "points": movement.points,
        "lot_id": lot["lot_id"],
        **movement.told(),
        "reason": "expired",
    }
    draft.happened("points.expired", data)
    finish(draft, member)

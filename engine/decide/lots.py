"""Lots that come to their end: one `points.expired` each, at 00:00 after the last usable day (B-4)."""

from engine.core.records import Json
from engine.decide.draft import Draft
from engine.decide.following import follow
from engine.decide.member import member_of
from engine.decide.notifying import notify_of_outcomes
from engine.decide.rows import AccountRow, LotRow


def expire(draft: Draft, key: str) -> None:
    """Takes what is left of a lot out of its account."""
    lot: LotRow = draft.get(key)
    member = member_of(draft)
    assert member is not None, draft.subject  # noqa: S101  # only members have lots
    account = member["accounts"][lot["account"]]
    after = account["balance"] - lot["points"]
    member["accounts"][lot["account"]] = AccountRow(balance=after, earned=account["earned"])
    data: dict[str, Json] = {
        "member_id": lot["member_id"],
        "campaign": lot["campaign"],
        "account": lot["account"],
        "points": lot["points"],
        "lot_id": lot["lot_id"],
        "lot_ids": [lot["lot_id"]],
        "balance_before": account["balance"],
        "balance_after": after,
        "reason": "expired",
    }
    draft.happened("points.expired", data)
    notify_of_outcomes(draft, member)
    follow(draft)
    draft.put(draft.subject, member)
    draft.delete(key)

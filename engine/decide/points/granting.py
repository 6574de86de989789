"""Points that campaigns and tiers give: a lot of its own each, active or pending, on the terms of the effect (B-1, B-5)."""

from typing import NamedTuple

from engine.core.instants import render
from engine.core.records import Json
from engine.decide.draft import Draft
from engine.decide.points.ledger import Ledger
from engine.decide.points.pending import add_terms, terms_of
from engine.decide.points.sliding import expiry_of
from engine.decide.rows.base import VERSION
from engine.decide.rows.member import MemberRow
from engine.decide.rows.points import LotRow
from engine.ruleset.effects import AwardPoints


class Given(NamedTuple):
    """By whom points are given, and when they were earned. `sale`: the key of its row below the member."""

    by: str  # a campaign, or what stands in its place
    lot_id: str
    earned_at_ms: int
    record: str
    sale: str | None = None


def grant(
    draft: Draft, member: MemberRow, effect: AwardPoints, points: int, given: Given
) -> tuple[str, dict[str, Json]]:
    """Posts points into a lot and counts them as earned. Returns its key below the member, and what the outcome says of it."""
    ledger = Ledger(draft, member, effect.account)
    terms = terms_of(effect, ledger.account, given.earned_at_ms, draft.rules.ruleset.programme.zone)
    lot: LotRow = {
        "v": VERSION,
        "lot_id": given.lot_id,
        "member_id": member["member_id"],
        "account": effect.account,
        "awarded": points,
        "points": points,
        "earned_at": given.earned_at_ms,
        "active_from": terms.active_from,
        "expires_at": terms.expires_at,
        "campaign": given.by,
        "record": given.record,
        "transaction": given.sale,
    }
    gone = terms.expires_at
    if terms.pending:
        add_terms(lot, terms)
        key, movement = ledger.credit_pending(lot, terms.due_ms, "issued")
    else:
        key, movement = ledger.credit(lot, "issued")
        if gone is None and ledger.account.renewed_by:
            gone = expiry_of(draft, ledger.name)
    ledger.earn(points)
    return key, {
        "member_id": lot["member_id"],
        "campaign": given.by,
        "account": effect.account,
        "points": points,
        "lot_id": given.lot_id,
        **movement.told(),
        "earned_at": render(given.earned_at_ms),
        "active_from": None if terms.active_from is None else render(terms.active_from),
        "expires_at": None if gone is None else render(gone),
    }

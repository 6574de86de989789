"""Points given or taken by hand; they count neither as earned nor for tiers (B-6)."""

from engine.core import ids
from engine.core.calendar import expires_at
from engine.core.instants import render
from engine.core.records import Event, Json
from engine.decide.draft import Draft
from engine.decide.points.commanding import Asked, command, told
from engine.decide.points.ledger import Movement
from engine.decide.points.sliding import expiry_of
from engine.decide.rows.base import VERSION
from engine.decide.rows.points import LotRow


def adjust(draft: Draft, event: Event, clock_ms: int | None) -> None:
    """An adjustment: above zero adds points, below zero takes some."""
    command(draft, event, clock_ms, _adjust)


def _adjust(asked: Asked) -> str | None:
    if asked.ledger.name not in asked.draft.rules.accounts:
        return "account_unknown"
    points: int = asked.event.data["points"]
    if points > 0:
        _add(asked, points)
    else:
        _take(asked, -points)
    return None


def _add(asked: Asked, points: int) -> None:
    lot = _lot(asked, points)
    movement = asked.ledger.credit(lot, "adjusted")[1]
    gone = lot["expires_at"]
    if asked.ledger.account.renewed_by:
        gone = expiry_of(asked.draft, asked.ledger.name)
    said = _told(asked, movement)
    asked.draft.happened("points.adjusted", {**said, "expires_at": None if gone is None else render(gone)})


def _take(asked: Asked, points: int) -> None:
    movement = asked.ledger.take(points, "adjusted", into_deficit=True)
    said = _told(asked, movement)
    asked.draft.happened("points.adjusted", {**said, "points": -movement.points, "shortfall": movement.shortfall})


def _told(asked: Asked, movement: Movement) -> dict[str, Json]:
    """What is said of an adjustment: it is of no hold, though a command may name one."""
    return {name: value for name, value in told(asked, movement, "adjusted").items() if name != "hold_id"}


def _lot(asked: Asked, points: int) -> LotRow:
    draft, account, earned = asked.draft, asked.ledger.account, asked.event.time_ms
    gone = None
    if account.expires is not None and not account.renewed_by:
        gone = expires_at(earned, account.expires, draft.rules.ruleset.programme.zone)
    return LotRow(
        v=VERSION,
        lot_id=ids.derive(draft.record, draft.subject, "lot", "adjustment"),
        member_id=asked.member["member_id"],
        account=asked.ledger.name,
        awarded=points,
        points=points,
        earned_at=earned,
        active_from=earned,
        expires_at=gone,
        campaign=None,
        record=draft.record,
        transaction=None,
    )

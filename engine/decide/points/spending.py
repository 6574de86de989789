"""Points that are spent, or held until they are (B-3, B-7). A spending never goes into a deficit."""

from collections.abc import Sequence

from engine.core import keys
from engine.core.instants import render
from engine.core.records import Event
from engine.decide.draft import Draft
from engine.decide.membership import finish, known_member
from engine.decide.points.commanding import Asked, command, not_spendable, told
from engine.decide.points.ledger import Ledger, Movement
from engine.decide.rows.base import KEEP_KEYS_MS, VERSION
from engine.decide.rows.member import MemberRow
from engine.decide.rows.points import HoldRow, LotRow, PaidRow, PartRow, SpendRow

INSUFFICIENT = "insufficient_points"
HOLD_EXPIRED = "hold_expired"


def spend(draft: Draft, event: Event, clock_ms: int | None) -> None:
    """Points to be spent: those of a hold where one is named, else in spend order."""
    command(draft, event, clock_ms, _spend)


def hold(draft: Draft, event: Event, clock_ms: int | None) -> None:
    """Points to be kept aside, taken in spend order."""
    command(draft, event, clock_ms, _hold)


def release(draft: Draft, event: Event, clock_ms: int | None) -> None:
    """Held points to be free again: so many of the hold, the rest stays held."""
    command(draft, event, clock_ms, _release)


def time_out(draft: Draft, key: str) -> None:
    """A hold that was neither spent nor released in its time."""
    held: HoldRow = draft.get(key)
    member = known_member(draft)
    draft.delete(key)
    movement = Ledger(draft, member, held["account"]).put_back(held["parts"], "held")
    _say_released(draft, member, held, movement, "timed_out")
    finish(draft, member)


def _spend(asked: Asked) -> str | None:
    if reason := not_spendable(asked):
        return reason
    points: int = asked.event.data["points"]
    if "hold_id" in asked.event.data:
        return _spend_held(asked, points)
    if asked.ledger.balance < points:
        return INSUFFICIENT
    _spent(asked, asked.ledger.take(points, "spent"))
    return None


def _spend_held(asked: Asked, points: int) -> str | None:
    held = _hold_of(asked)
    if held is None:
        return HOLD_EXPIRED
    if held["points"] < points:
        return INSUFFICIENT
    used, rest = _parted(held["parts"], points)
    asked.draft.delete(_hold_key(asked))
    _spent(asked, asked.ledger.move("held", "spent", points, used))
    if rest:
        movement = asked.ledger.put_back(rest, "held")
        _say_released(asked.draft, asked.member, held, movement, "released")
    return None


def _spent(asked: Asked, movement: Movement) -> None:
    """Keeps a spending with its parts, so that what a sale was paid with can come back (B-24)."""
    draft, data, time_ms = asked.draft, asked.event.data, asked.event.time_ms
    spend_id, transaction = data["spend_id"], data.get("transaction_id")
    row = SpendRow(
        v=VERSION,
        spend_id=spend_id,
        account=asked.ledger.name,
        points=movement.points,
        time=time_ms,
        parts=list(movement.parts),
        restored=0,
        transaction_id=transaction,
    )
    forget_ms = time_ms + KEEP_KEYS_MS
    draft.put(keys.row(draft.subject, "spend", spend_id), row, forget_ms)
    if transaction is not None:
        paid = PaidRow(v=VERSION, spend_id=spend_id)
        draft.put(keys.row(draft.subject, "paid", transaction, spend_id), paid, forget_ms)
    draft.happened("points.spent", told(asked, movement, "spent"))


def _hold(asked: Asked) -> str | None:
    if reason := not_spendable(asked):
        return reason
    draft, event, points = asked.draft, asked.event, asked.event.data["points"]
    if asked.ledger.balance < points:
        return INSUFFICIENT
    movement = asked.ledger.take(points, "held")
    stands = asked.ledger.account.hold_for_ms
    until = None if stands is None else event.time_ms + stands
    row = HoldRow(
        v=VERSION,
        hold_id=event.data["hold_id"],
        account=asked.ledger.name,
        points=points,
        time=event.time_ms,
        held_until=until,
        parts=list(movement.parts),
    )
    draft.put(_hold_key(asked), row, until)
    said = told(asked, movement, "held")
    draft.happened("points.held", {**said, "held_until": None if until is None else render(until)})
    return None


def _release(asked: Asked) -> str | None:
    held, points = _hold_of(asked), asked.event.data["points"]
    if held is None:
        return HOLD_EXPIRED
    if held["points"] < points:
        return INSUFFICIENT
    freed, rest = _parted(held["parts"], points)
    if rest:
        kept = HoldRow(**{**held, "points": held["points"] - points, "parts": rest})
        asked.draft.put(_hold_key(asked), kept, held["held_until"])
    else:
        asked.draft.delete(_hold_key(asked))
    asked.draft.happened("points.released", told(asked, asked.ledger.put_back(freed, "held"), "released"))
    return None


def _say_released(draft: Draft, member: MemberRow, held: HoldRow, movement: Movement, reason: str) -> None:
    data = {
        "member_id": member["member_id"],
        "campaign": None,
        "account": held["account"],
        "points": movement.points,
        "hold_id": held["hold_id"],
        **movement.told(),
        "reason": reason,
    }
    draft.happened("points.released", data)


def _hold_of(asked: Asked) -> HoldRow | None:
    """The hold that a command names, in the account that it names; None where none stands any more."""
    held: HoldRow | None = asked.draft.get(_hold_key(asked))
    return held if held is not None and held["account"] == asked.ledger.name else None


def _hold_key(asked: Asked) -> str:
    return keys.row(asked.draft.subject, "hold", asked.event.data["hold_id"])


def _parted(parts: Sequence[PartRow], points: int) -> tuple[list[PartRow], list[PartRow]]:
    """The first so many points of some parts, and the rest."""
    first: list[PartRow] = []
    rest: list[PartRow] = []
    for part in parts:
        whole = part["row"]["points"]
        taken = min(points, whole)
        points -= taken
        if taken:
            first.append(_of(part, taken))
        if whole > taken:
            rest.append(_of(part, whole - taken))
    return first, rest


def _of(part: PartRow, points: int) -> PartRow:
    return PartRow(lot=part["lot"], row=LotRow(**{**part["row"], "points": points}))

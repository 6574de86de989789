"""Points that paid for a sale come back with it, with the expiry they had (B-24)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.core import keys
from engine.core.records import Json
from engine.decide.draft import Draft
from engine.decide.facts import paid_with_points
from engine.decide.kept import Asked, returned_of
from engine.decide.ledger import Ledger, joined, lot_key
from engine.decide.lots import empty
from engine.decide.rows import KEEP_KEYS_MS, LotRow, MemberRow, PartRow, SpendRow, TransactionRow

POINTS = "points"


class Restored(NamedTuple):
    """What of the points that paid is back, over all returns: points, and the minor units of their payments."""

    points: int
    minor: int


def restore(
    draft: Draft, member: MemberRow, sale: TransactionRow, asked: Asked, data: Mapping[str, Json], reason: str
) -> Restored:
    """Gives points back: as many as `refunds` says, else in proportion to what came back, the rest with the last return."""
    spends = _spends_of(draft, sale)
    earlier = returned_of(sale)
    total = sum(spend["points"] for spend in spends)
    paid = paid_with_points(sale["sale"])
    whole = sum(line["amount_minor"] for line in sale["sale"]["lines"])
    refunds = [refund for refund in data.get("refunds") or () if refund["method"] == POINTS or "points" in refund]
    points = earlier["restored"] + _refunded(refunds, total, paid)
    minor = earlier["points_minor"] + _refunded_minor(refunds, total, paid)
    if not refunds:
        points = total if asked.gone else total * asked.amount_minor // whole if whole else 0
        minor = paid if asked.gone else paid * asked.amount_minor // whole if whole else 0
    restored = Restored(
        max(min(points, total), earlier["restored"]),
        paid if asked.gone else max(min(minor, paid), earlier["points_minor"]),
    )
    _give(draft, member, spends, restored.points - earlier["restored"], data, reason)
    return restored


def _refunded(refunds: Sequence[Mapping[str, Json]], total: int, paid: int) -> int:
    """The points that refunds name, or their share where they name an amount only."""
    return sum(
        refund["points"] if "points" in refund else total * refund.get("amount_minor", 0) // paid if paid else 0
        for refund in refunds
    )


def _refunded_minor(refunds: Sequence[Mapping[str, Json]], total: int, paid: int) -> int:
    """The minor units that refunds name, or the share of their points in what points paid."""
    return sum(
        refund["amount_minor"] if "amount_minor" in refund else paid * refund["points"] // total if total else 0
        for refund in refunds
    )


def _give(
    draft: Draft, member: MemberRow, spends: Sequence[SpendRow], points: int, data: Mapping[str, Json], reason: str
) -> None:
    for spend in spends:
        amount = min(points, spend["points"] - spend["restored"])
        if amount <= 0:
            continue
        points -= amount
        parts = [_with_grace(draft, part) for part in _slice(spend["parts"], spend["restored"], amount)]
        gone = [part for part in parts if _past(draft, part)]
        ledger = Ledger(draft, member, spend["account"])
        movement = ledger.put_back([part for part in parts if part not in gone], "spent")
        if gone:
            movement = joined(movement, ledger.put_back(gone, "spent", pays=False))
        key = keys.row(draft.subject, "spend", spend["spend_id"])
        after = SpendRow(**{**spend, "restored": spend["restored"] + amount})
        draft.put(key, after, spend["time"] + KEEP_KEYS_MS)
        told: dict[str, Json] = {
            "member_id": member["member_id"],
            "campaign": None,
            "account": spend["account"],
            "points": amount,
            **movement.told(),
            "reason": reason,
            "spend_id": spend["spend_id"],
        }
        if "return_id" in data:
            told["return_id"] = data["return_id"]
        if spend["transaction_id"] is not None:
            told["transaction_id"] = spend["transaction_id"]
        draft.happened("points.restored", told)
        for part in gone:
            empty(draft, member, f"{draft.subject}/{lot_key(part['row'])}", "expired")


def _past(draft: Draft, part: PartRow) -> bool:
    """Whether points are past their expiry by now; such ones pay for nothing any more, no deficit and no return."""
    expires_at = part["row"]["expires_at"]
    return expires_at is not None and expires_at <= max(draft.time_ms, draft.clock_ms or draft.time_ms)


def _slice(parts: Sequence[PartRow], skip: int, points: int) -> list[PartRow]:
    """The parts that hold so many points, in spend order, after those that came back before."""
    found: list[PartRow] = []
    for part in parts:
        there = part["row"]["points"]
        passed = min(skip, there)
        skip -= passed
        taken = min(there - passed, points)
        points -= taken
        if taken:
            found.append({"lot": part["lot"], "row": LotRow(**{**part["row"], "points": taken})})
    return found


def _with_grace(draft: Draft, part: PartRow) -> PartRow:
    """What is past its expiry gets the programme's grace from now on; without one it expires at once."""
    returns = draft.rules.ruleset.programme.returns
    grace_ms = 0 if returns is None else returns.spent_points_grace_ms
    if not grace_ms or not _past(draft, part):
        return part
    return {"lot": part["lot"], "row": LotRow(**{**part["row"], "expires_at": draft.time_ms + grace_ms})}


def _spends_of(draft: Draft, sale: TransactionRow) -> list[SpendRow]:
    """The spends that paid for a sale: those that its payments name, and those that named it."""
    named = [payment["spend_id"] for payment in sale["sale"].get("payments") or () if "spend_id" in payment]
    listed = draft.scan("paid", sale["sale"]["transaction_id"])
    named += [row["spend_id"] for row in map(draft.get, listed)]
    rows = [draft.get(keys.row(draft.subject, "spend", name)) for name in dict.fromkeys(named)]
    found: list[SpendRow] = [row for row in rows if row is not None]
    return sorted(found, key=lambda spend: (spend["time"], spend["spend_id"]))

"""Points that paid for a sale come back with it, with the expiry they had (B-24)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.core import keys
from engine.core.records import Json
from engine.decide.draft import Draft
from engine.decide.facts import paid_with_points
from engine.decide.points.ledger import Ledger, joined, lot_key
from engine.decide.points.lots import empty
from engine.decide.returns.kept import Asked, returned_of
from engine.decide.rows.base import KEEP_KEYS_MS
from engine.decide.rows.member import MemberRow
from engine.decide.rows.points import LotRow, PartRow, SpendRow
from engine.decide.rows.sale import TransactionRow

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
    whole = sum(line["amount_minor"] for line in sale["sale"]["lines"]) or sale["sale"]["amount_minor"]
    refunds = [refund for refund in data.get("refunds") or () if _says_points(refund)]
    if refunds:
        points, minor = _refunded(
            refunds, Restored(earlier["restored"], earlier["points_minor"]), Restored(total, paid)
        )
    else:
        points = total if asked.gone else total * asked.amount_minor // whole if whole else 0
        minor = paid if asked.gone else paid * asked.amount_minor // whole if whole else 0
    restored = Restored(
        max(min(points, total), earlier["restored"]),
        paid if asked.gone else max(min(minor, paid), earlier["points_minor"]),
    )
    _give(draft, member, spends, restored.points - earlier["restored"], data, reason)
    return restored


def _says_points(refund: Mapping[str, Json]) -> bool:
    """Whether a refund says how much of the points that paid it gives back."""
    return "points" in refund or (refund["method"] == POINTS and "amount_minor" in refund)


def _refunded(refunds: Sequence[Mapping[str, Json]], so_far: Restored, whole: Restored) -> Restored:
    """What is back with these refunds. Where one names only points, or only what they paid, the other is in proportion.

    All of the one is all of the other, in however many parts it comes.
    """
    points, minor = so_far
    for refund in refunds:
        more, worth = refund.get("points"), refund.get("amount_minor")
        if refund["method"] != POINTS and not more:
            continue  # money, and it says so
        if more is None:
            more = _share(whole.points, minor, worth or 0, whole.minor)
        if worth is None:
            worth = _share(whole.minor, points, more, whole.points)
        points, minor = points + more, minor + worth
    return Restored(points, minor)


def _share(of: int, so_far: int, more: int, whole: int) -> int:
    """What `more` of a whole, after `so_far` of it, is of another; the parts add up to all of it."""
    return of * (so_far + more) // whole - of * so_far // whole if whole else 0


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

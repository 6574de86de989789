"""Goods that come back: a return, a cancellation, a sale sent again without them. Reads top to bottom (B-20 to B-26)."""

from typing import Any

from engine.core.instants import DAY_MS
from engine.core.records import Event, Json
from engine.core.returns import Back
from engine.decide.admission import refusal
from engine.decide.counters import uncounting
from engine.decide.draft import Draft
from engine.decide.facts import facts_of
from engine.decide.members.member import decide_campaigns, finish_input
from engine.decide.membership import member_of
from engine.decide.parking import forget_waited, park, park_return
from engine.decide.points import sliding
from engine.decide.repeats import natural_key, sale_key, seen_before, take_key, taken
from engine.decide.returns.kept import Asked, all_back, asked_back, difference, kept_payload, returned_of
from engine.decide.returns.restoring import restore
from engine.decide.returns.reversing import reverse
from engine.decide.rows.base import KEEP_KEYS_MS
from engine.decide.rows.member import MemberRow
from engine.decide.rows.sale import ReturnedRow, TransactionRow
from engine.decide.settling import refused, settled
from engine.decide.tiers.progress import returned as progress_returned

RETURNED, CANCELLED, REPLACED = "transaction.returned", "transaction.cancelled", "transaction.replaced"
EVENTS = (RETURNED, CANCELLED, REPLACED)

_REASONS = {RETURNED: "return", CANCELLED: "cancellation", REPLACED: "replacement"}
_ACCEPT_FOR_MS = 400 * DAY_MS


def come_back(draft: Draft, event: Event, clock_ms: int | None) -> None:
    """Something of a sale comes back: refused, parked for its member or its sale, or decided."""
    if seen_before(draft, event):
        return
    if reason := refusal(event, draft.rules.ruleset.programme, clock_ms):
        refused(draft, event, reason)
    elif (member := member_of(draft)) is None:
        park(draft, event)
    else:
        take_up(draft, event, member)


def take_up(draft: Draft, event: Event, member: MemberRow, *, waited_out: bool = False) -> None:
    """An admitted return of a known member. `waited_out`: it waited for its sale as long as it may."""
    if waited_out:
        forget_waited(draft, member)
    key = natural_key(draft, event)
    if taken(draft, event, key):
        return
    of = sale_key(draft, event)
    sale: TransactionRow | None = draft.get(of)
    if sale is None and waited_out:
        refused(draft, event, "transaction_unknown")
    elif sale is None or "asked" in sale:
        park_return(draft, member, event, of, unsettled=sale is not None)
    elif reason := _refusal(draft, event, sale):
        refused(draft, event, reason)
    else:
        _decide(draft, event, member, sale, key)


def _refusal(draft: Draft, event: Event, sale: TransactionRow) -> str:
    returns = draft.rules.ruleset.programme.returns
    accept_for_ms = _ACCEPT_FOR_MS if returns is None else returns.accept_for_ms
    if returned_of(sale)["gone"]:
        return "already_returned"
    if event.time_ms - sale["time"] > accept_for_ms:
        return "return_too_late"
    return ""


def _decide(draft: Draft, event: Event, member: MemberRow, sale: TransactionRow, key: str | None) -> None:
    asked = _asked(event, sale)
    so_far = returned_of(sale)
    if not asked.gone and asked.amount_minor == so_far["amount_minor"] and _rows(asked) == so_far["lines"]:
        refused(draft, event, "already_returned" if asked.back_already(sale) else "quantity_exceeded")
        return
    take_key(draft, event, key)
    facts = facts_of(event, member, draft.rules, as_at_enrolment=False)
    _take_back(draft, event, member, sale, asked)
    campaigns, _ = decide_campaigns(draft, event, member, sale_key=None, facts=facts)
    finish_input(draft, event, member)
    settled(draft, event, campaigns, {f"quantity_exceeded.{line}": True for line in asked.refused})


def _asked(event: Event, sale: TransactionRow) -> Asked:
    match event.type:
        case "transaction.returned":
            return asked_back(sale, event.data["lines"])
        case "transaction.cancelled":
            return all_back(sale)
        case _:
            return difference(sale, event.data)


def _take_back(draft: Draft, event: Event, member: MemberRow, sale: TransactionRow, asked: Asked) -> None:
    """Points that paid come back first, so that what is taken back can be taken from them; then awards, counters, tiers."""
    reason = _REASONS[event.type]
    restored = restore(draft, member, sale, asked, event.data, reason)
    returned = ReturnedRow(
        lines=_rows(asked),
        amount_minor=asked.amount_minor,
        restored=restored.points,
        points_minor=restored.minor,
        gone=asked.gone,
    )
    kept = kept_payload(sale, returned)
    awards, proposed, gone = reverse(draft, member, sale, kept, event.data, reason)
    counted = uncounting.give_back(draft, event, member, sale, kept)
    after: dict[str, Any] = {**sale, "awards": awards, "proposed": proposed, "counted": counted, "returned": returned}
    if kept is not None:
        after["kept"] = kept
    draft.put(sale_key(draft, event), after, sale["time"] + KEEP_KEYS_MS)
    progress_returned(draft, member, gone, sale["time"], reason)
    if asked.gone:
        sliding.returned(draft, member, sale)


def _rows(asked: Asked) -> dict[str, list[Json]]:
    return {name: list(Back(*back)) for name, back in sorted(asked.lines.items())}

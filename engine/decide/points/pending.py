"""Points that cannot be spent yet (B-5): until when they wait, how they become active, how they lapse."""

from typing import NamedTuple

from engine.core.calendar import Expiry, Period, Zone, expires_at
from engine.core.instants import render
from engine.core.records import Json
from engine.core.windows import ahead
from engine.decide.draft import Draft
from engine.decide.membership import finish, known_member
from engine.decide.points.ledger import Ledger
from engine.decide.points.lots import empty
from engine.decide.rows.base import KEEP_KEYS_MS
from engine.decide.rows.member import MemberRow
from engine.decide.rows.points import LotRow
from engine.decide.rows.sale import AwardRow, TransactionRow
from engine.ruleset.effects import AwardPoints
from engine.ruleset.model import Account


class Terms(NamedTuple):
    """From when points count and when they are gone. `expiry`: what is counted from their activation; None for no end of their own.

    `due_ms`: when pending points become active, or lapse where they wait for an activity. `pending`: whether they wait at all.
    """

    active_from: int | None
    expires_at: int | None
    expiry: Expiry | None
    pending: bool = False
    due_ms: int | None = None
    waits_for: str | None = None


def terms_of(effect: AwardPoints, account: Account, earned_ms: int, zone: Zone) -> Terms:
    """The terms of what an effect awards; where activities renew the account, only an effect gives an end of their own."""
    expiry = effect.expires or (None if account.renewed_by else account.expires)
    waiting = effect.pending
    if waiting is None:
        return Terms(earned_ms, _gone(earned_ms, expiry, zone), expiry)
    if waiting.period is not None:
        active = ahead(earned_ms, waiting.period, zone)
        return Terms(active, _gone(active, expiry, zone), expiry, pending=True, due_ms=active)
    lapses = None if waiting.or_lapse is None else ahead(earned_ms, waiting.or_lapse, zone)
    return Terms(None, None, expiry, pending=True, due_ms=lapses, waits_for=waiting.until_activity)


def add_terms(lot: LotRow, terms: Terms) -> None:
    """Keeps with a pending lot what its activation needs."""
    if terms.expiry is not None:
        after = terms.expiry.after
        lot["expiry"] = {"amount": after.amount, "unit": after.unit, "round": terms.expiry.round}
    if terms.waits_for is not None:
        lot["waits_for"] = terms.waits_for


def due(draft: Draft, key: str) -> None:
    """The end of waiting: the points count from now on, or lapse where the activity did not come."""
    lot: LotRow = draft.get(key)
    member = known_member(draft)
    if "waits_for" in lot:
        empty(draft, member, key, "lapsed")
    else:
        _activate(draft, member, key, lot)
    finish(draft, member)


def activate_waiting(draft: Draft, member: MemberRow, activity: str) -> None:
    """An activity makes all points count that waited for it, but for those which it earned itself."""
    for key in draft.scan("pending"):
        lot: LotRow = draft.get(key)
        if lot.get("waits_for") == activity and lot["record"] != draft.record:
            _activate(draft, member, key, lot)


def _activate(draft: Draft, member: MemberRow, key: str, waiting: LotRow) -> None:
    now = draft.time_ms
    gone = _gone(now, _expiry_of(waiting), draft.rules.ruleset.programme.zone)
    lot = LotRow(**{**waiting, "active_from": now, "expires_at": gone})
    lot.pop("expiry", None)
    lot.pop("waits_for", None)
    below = key[len(draft.subject) + 1 :]
    active, movement = Ledger(draft, member, lot["account"]).activate(below, lot)
    _follow(draft, lot["transaction"], below, active)
    data: dict[str, Json] = {
        "member_id": lot["member_id"],
        "campaign": lot["campaign"],
        "account": lot["account"],
        "points": movement.points,
        "lot_id": lot["lot_id"],
        **movement.told(),
        "active_from": render(now),
        "expires_at": None if gone is None else render(gone),
        "reason": "activated",
    }
    draft.happened("points.activated", data)


def _follow(draft: Draft, sale_key: str | None, before: str, after: str) -> None:
    """The award of a sale goes with its lot, so that a return finds it."""
    key = f"{draft.subject}/{sale_key}"
    sale: TransactionRow | None = None if sale_key is None else draft.get(key)
    if sale is not None:
        awards = [AwardRow(**{**award, "lot": after}) if award["lot"] == before else award for award in sale["awards"]]
        draft.put(key, TransactionRow(**{**sale, "awards": awards}), sale["time"] + KEEP_KEYS_MS)


def _expiry_of(lot: LotRow) -> Expiry | None:
    expiry = lot.get("expiry")
    return None if expiry is None else Expiry(Period(expiry["amount"], expiry["unit"]), expiry["round"])


def _gone(from_ms: int, expiry: Expiry | None, zone: Zone) -> int | None:
    return None if expiry is None else expires_at(from_ms, expiry, zone)

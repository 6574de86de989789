"""Whose record an input is in the journal: one table from the type to the subjects it may belong to, the first that it names."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.core import keys

Payload = Mapping[str, Any]
SaleKey = Sequence[str]  # the fields of a sale that name it: `transaction_id`, `outlet_code`, ...
Route = Callable[[Payload, SaleKey], str | None]

CLOCK = "clock"


def _named(kind: str, field: str) -> Route:
    """The subject that a field names."""

    def route(payload: Payload, _: SaleKey) -> str | None:
        name = payload.get(field)
        return None if name is None else keys.subject(kind, name)

    return route


def _external(payload: Payload, _: SaleKey) -> str | None:
    external = payload.get("external_id")
    return None if external is None else keys.subject("external", external["hash"])


def _user(payload: Payload, _: SaleKey) -> str | None:
    user = payload.get("user") or {}
    if "hash" in user:
        return keys.subject("external", user["hash"])
    return keys.subject("member", user["value"]) if user.get("value") else None


def _sale(payload: Payload, sale_key: SaleKey) -> str | None:
    return keys.subject("transaction", keys.natural(payload[field] for field in sale_key))


def _sold(payload: Payload, sale_key: SaleKey) -> str | None:
    return keys.subject("transaction", keys.natural(payload[original_field(field, payload)] for field in sale_key))


def _clock(_: Payload, __: SaleKey) -> str | None:
    return CLOCK


_member = _named("member", "member_id")
_voucher = _named("voucher", "voucher_id")
_code = _named("code", "code")
_list = _named("list", "list_id")
_request = _named("request", "request_id")
_reference = _named("reference", "provider_reference")

ROUTES: dict[str, tuple[Route, ...]] = {
    "member.enrolled": (_member,),
    "member.updated": (_member,),
    "member.opted_in": (_member,),
    "member.opted_out": (_member,),
    "member.linked": (_member,),
    "member.merged": (_member,),
    "member.forgotten": (_member,),
    "transaction.completed": (_member, _external),
    "transaction.cancelled": (_member, _external, _sale),
    "transaction.replaced": (_member, _external),
    "transaction.returned": (_member, _external, _sold),
    "voucher.redemption_requested": (_member, _voucher, _code),
    "voucher.reservation_requested": (_member, _voucher, _code),
    "voucher.reservation_released": (_named("reservation", "reservation_id"),),
    "voucher.redemption_rolled_back": (_named("redemption", "redemption_id"),),
    "promo_code.entered": (_member,),
    "feedback.submitted": (_user, _named("feedback", "feedback_id")),
    "activity.recorded": (_member,),
    "reward.purchase_requested": (_member,),
    "points.spend_requested": (_member,),
    "points.hold_requested": (_member,),
    "points.hold_release_requested": (_member,),
    "points.adjustment_requested": (_member,),
    "voucher.issue_requested": (_member,),
    "voucher.revoke_requested": (_member, _voucher),
    "promo_code_list.create_requested": (_list,),
    "promo_code_list.update_requested": (_list,),
    "promo_codes.imported": (_list,),
    "pool.codes_imported": (_named("pool", "pool_id"),),
    "outlet.upserted": (_named("outlet", "outlet_code"),),
    "clock.advance_requested": (_clock,),
    "voucher.provider_issued": (_request, _reference),
    "voucher.provider_failed": (_request, _reference),
    "voucher.provider_redeemed": (_reference, _request),
    "voucher.provider_expired": (_reference, _request),
}

_OF_RETURN = {"transaction_id": "original_transaction_id", "outlet_code": "original_outlet_code"}


def subject_of(routes: Sequence[Route], payload: Payload, sale_key: SaleKey) -> str:
    """The subject of a normalised payload. That one of its type's routes leads somewhere is what its model asks for."""
    for route in routes:
        subject = route(payload, sale_key)
        if subject is not None:
            return subject
    raise AssertionError("a model lets a payload pass that belongs to nobody")


def original_field(field: str, payload: Payload) -> str:
    """Where a return names that field of its sale; it was sold where it came back unless it says otherwise."""
    named = _OF_RETURN.get(field, field)
    return named if named in payload else field


def missing_of_sale(event_type: str, payload: Payload, sale_key: SaleKey) -> str | None:
    """The first field that the programme's sales are named by and that this one, or its return, leaves out."""
    for field in sale_key:
        at = original_field(field, payload) if event_type == "transaction.returned" else field
        if payload.get(at) is None:
            return field
    return None

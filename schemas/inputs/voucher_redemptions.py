"""The topic `voucher-redemptions`: vouchers and codes that somebody wants to use."""

from pydantic import model_validator

from schemas.parts import Line
from schemas.scalars import (
    Code,
    Currency,
    Id,
    Minor,
    Outlet,
    Payload,
    Positive,
    Text,
    any_of,
    distinct,
    needs_one_of,
)


class VoucherRedemptionRequested(Payload):
    """A till asks to redeem a voucher. `amount_minor` and `lines` are those of the sale."""

    model_config = any_of("code", "voucher_id")

    redemption_id: Id
    code: Code | None = None
    voucher_id: Id | None = None
    member_id: Id | None = None
    transaction_id: Id | None = None
    reservation_id: Id | None = None
    outlet_code: Outlet = None
    channel: Id | None = None
    currency: Currency | None = None
    amount_minor: Minor | None = None
    lines: list[Line] | None = None

    _voucher = model_validator(mode="after")(needs_one_of("code", "voucher_id"))
    _lines_differ = model_validator(mode="after")(distinct("lines", "line_id"))


class VoucherReservationRequested(Payload):
    """A till asks to keep a voucher for `seconds`, so that nobody else redeems it meanwhile."""

    model_config = any_of("code", "voucher_id")

    reservation_id: Id
    code: Code | None = None
    voucher_id: Id | None = None
    member_id: Id | None = None
    seconds: Positive | None = None

    _voucher = model_validator(mode="after")(needs_one_of("code", "voucher_id"))


class VoucherReservationReleased(Payload):
    """A reservation that is not needed any more."""

    reservation_id: Id


class VoucherRedemptionRolledBack(Payload):
    """A redemption that did not happen after all."""

    redemption_id: Id
    reason: Text | None = None


class PromoCodeEntered(Payload):
    """A member typed a promo code."""

    entry_id: Id
    code: Code
    member_id: Id
    channel: Id | None = None

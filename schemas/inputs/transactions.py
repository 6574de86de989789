"""The topic `transactions`: sales, and what became of them as a whole."""

from pydantic import model_validator

from schemas.parts import ExternalId, Line
from schemas.scalars import (
    Code,
    Currency,
    FlatMap,
    Id,
    Minor,
    Outlet,
    Payload,
    Text,
    any_of,
    distinct,
    needs_one_of,
)


class Payment(Payload):
    """How a part of a sale was paid. `spend_id` names the spending of points that paid it."""

    method: Id
    amount_minor: Minor
    spend_id: Id | None = None


class TransactionCompleted(Payload):
    """A sale. `amount_minor` is what the customer owes after the seller's own discounts; the lines need not add up to it.

    A sale sent again without what came back (`transaction.replaced`) has the same fields.
    """

    model_config = any_of("member_id", "external_id")

    transaction_id: Id
    member_id: Id | None = None
    external_id: ExternalId | None = None
    currency: Currency
    amount_minor: Minor
    lines: list[Line]
    outlet_code: Outlet = None
    merchant_id: Id | None = None
    channel: Id | None = None
    payments: list[Payment] | None = None
    voucher_codes: list[Code] | None = None
    promo_codes: list[Code] | None = None
    attributes: FlatMap | None = None

    _owner = model_validator(mode="after")(needs_one_of("member_id", "external_id"))
    _lines_differ = model_validator(mode="after")(distinct("lines", "line_id"))


class TransactionCancelled(Payload):
    """A sale that is undone as a whole."""

    transaction_id: Id
    outlet_code: Outlet = None
    member_id: Id | None = None
    external_id: ExternalId | None = None
    reason: Text | None = None

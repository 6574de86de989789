"""The topic `returns`: what came back of a sale."""

from typing import Annotated

from pydantic import Field, model_validator

from schemas.parts import ExternalId
from schemas.scalars import Count, Id, Minor, Outlet, Payload, Points, distinct


class ReturnedLine(Payload):
    """How many pieces of a line came back. `amount_minor`: what was given back for them, else their share of the line."""

    line_id: Id
    quantity: Count
    amount_minor: Minor | None = None


class Refund(Payload):
    """How a part of a return was paid back, in money or in points."""

    method: Id
    amount_minor: Minor | None = None
    points: Points | None = None


class TransactionReturned(Payload):
    """Lines of a sale that came back; a line stands once. `original_outlet_code`: where it was sold, if not at `outlet_code`."""

    return_id: Id
    original_transaction_id: Id
    lines: Annotated[list[ReturnedLine], Field(min_length=1)]
    member_id: Id | None = None
    external_id: ExternalId | None = None
    outlet_code: Outlet = None
    original_outlet_code: Id | None = None
    refunds: list[Refund] | None = None

    _lines_differ = model_validator(mode="after")(distinct("lines", "line_id"))

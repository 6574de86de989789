"""Parts that stand in the payloads of several topics."""

from typing import Annotated

from schemas.marks import Mark
from schemas.scalars import Count, FlatMap, Id, Minor, Payload


class ExternalIdGiven(Payload):
    """An id that another system knows the member by. `kind`: `email`, `phone`, `loyalty_card`, ..."""

    kind: Id
    value: Id


ExternalId = Annotated[ExternalIdGiven, Mark.EXTERNAL_ID]


class Measure(Payload):
    """What is not counted in pieces: thousandths of a unit."""

    unit: Id
    amount_milli: Count


class Line(Payload):
    """A line of a sale. `amount_minor` is for all its pieces, after the seller's own discounts."""

    line_id: Id
    sku: Id
    quantity: Count
    amount_minor: Minor
    discount_minor: Minor | None = None
    category: Id | None = None
    brand: Id | None = None
    measure: Measure | None = None
    attributes: FlatMap | None = None

"""The topic `provider-requests`: vouchers that a provider makes on demand."""

from schemas.scalars import Currency, FlatMap, Id, Instant, Minor, Payload, Positive


class VoucherProviderRequested(Payload):
    """A voucher is asked of a provider. `request_id` is the same in every attempt; after `deadline` the request is given up."""

    request_id: Id
    provider: Id
    voucher: Id
    voucher_id: Id
    attempt: Positive
    deadline: Instant | None
    pool_id: Id | None = None
    amount_minor: Minor | None = None
    currency: Currency | None = None
    benefit: FlatMap | None = None

"""The topic `issuances`: the life of vouchers, promo codes and the pools that they come from."""

from typing import Literal

from schemas.scalars import (
    Code,
    Count,
    Currency,
    Day,
    DayOrInstant,
    FlatMap,
    Id,
    Instant,
    Minor,
    Payload,
    Positive,
    Text,
)

VoucherStatus = Literal["requested", "issued", "reserved", "redeemed", "expired", "revoked"]


class VoucherOutcome(Payload):
    """What all steps of a voucher's life carry. `voucher` is its kind, `voucher_id` this one."""

    voucher_id: Id
    voucher: Id
    member_id: Id | None = None
    campaign: Id | None = None
    reason: Id | None = None
    transaction_id: Id | None = None


class VoucherRequested(VoucherOutcome):
    """A voucher was asked of a pool or a provider; `status` says whether it waits for codes."""

    status: Literal["requested", "queued"]
    request_id: Id | None = None
    provider: Id | None = None
    pool_id: Id | None = None
    line_ids: list[Id] | None = None


class VoucherIssued(VoucherOutcome):
    """A member has a voucher: its code, or the `provider_reference` by which the code is shown."""

    issuer: Id | None
    provider: Id | None
    pool_id: Id | None
    batch_id: Id | None
    unit_cost_minor: Minor | None
    currency: Currency | None
    valid_until: DayOrInstant | None
    line_ids: list[Id]
    name: Text | None = None
    description: Text | None = None
    redemption_end_date: Day | None = None
    valid_from: DayOrInstant | None = None
    code: Code | None = None
    provider_reference: Id | None = None
    uses: Positive | None = None


class VoucherReserved(VoucherOutcome):
    """Nobody else can redeem it until `reserved_until`."""

    reservation_id: Id
    reserved_until: Instant


class VoucherReleased(VoucherOutcome):
    """A reservation ended without a redemption."""

    reservation_id: Id


class VoucherRedeemed(VoucherOutcome):
    """A voucher was used. `desired_minor`: what its benefit is; `discount_minor`: what of it this sale could take."""

    is_valid: Literal[True]
    reason: Id | None
    message: Text | None
    reference_id: Id
    status: VoucherStatus
    discount_minor: Minor
    desired_minor: Minor
    line_ids: list[Id]
    redemption_id: Id | None = None
    currency: Currency | None = None
    outlet_code: Id | None = None
    uses_left: Count | None = None
    redeemed_at: Instant | None = None


class VoucherRejected(Payload):
    """A voucher may not be used, issued, reserved, revoked or given back; `reason` says why not."""

    is_valid: Literal[False]
    reason: Id
    message: Text | None
    reference_id: Id
    status: VoucherStatus | None
    discount_minor: Minor
    desired_minor: Minor
    line_ids: list[Id]
    voucher_id: Id | None = None
    voucher: Id | None = None
    code: Code | None = None
    member_id: Id | None = None
    campaign: Id | None = None
    redemption_id: Id | None = None
    reservation_id: Id | None = None
    request_id: Id | None = None
    purchase_id: Id | None = None
    transaction_id: Id | None = None
    currency: Currency | None = None
    outlet_code: Id | None = None


class VoucherRestored(VoucherOutcome):
    """A used voucher can be used again."""

    redemption_id: Id | None = None
    valid_until: DayOrInstant | None = None


class VoucherExpiring(VoucherOutcome):
    """A voucher ends in `lead_days`."""

    valid_until: DayOrInstant
    lead_days: Count


class VoucherExpired(VoucherOutcome):
    """A voucher ended unused."""

    valid_until: DayOrInstant


class VoucherRevoked(VoucherOutcome):
    """A voucher was taken away. `shortfall_minor`: its value where it had been used or handed out."""

    request_id: Id | None = None
    actor: Id | None = None
    shortfall_minor: Minor | None = None


class VoucherIssueFailed(VoucherOutcome):
    """No voucher came; the price or the stock was given back."""

    reason: Id
    request_id: Id | None = None
    provider: Id | None = None
    pool_id: Id | None = None


class VoucherProviderOrphaned(Payload):
    """A provider's answer that came after its request was given up."""

    request_id: Id
    provider: Id | None
    provider_reference: Id | None
    kept_in_pool: Id | None


class PromoCodeIssued(Payload):
    """A member was given a code of a list."""

    list_id: Id
    code: Code
    member_id: Id
    campaign: Id | None = None
    valid_until: DayOrInstant | None = None


class PromoCodeAccepted(Payload):
    """A member claimed a code."""

    entry_id: Id
    list_id: Id
    code: Code
    member_id: Id
    claims: Count | None = None


class PromoCodeRejected(Payload):
    """A code was not accepted. `locked_until`: when the member may try again."""

    entry_id: Id
    member_id: Id
    reason: Id
    code: Code | None = None
    list_id: Id | None = None
    locked_until: Instant | None = None


class PromoCodeListChanged(Payload):
    """A list was made, changed or filled, with its fields before and after."""

    list_id: Id
    status: Literal["pending", "active", "completed"]
    before: FlatMap | None
    after: FlatMap
    actor: Id | None = None
    request_id: Id | None = None
    batch_id: Id | None = None


class PromoCodeListRejected(Payload):
    """A change of a list that may not be done."""

    list_id: Id
    reason: Id
    request_id: Id | None = None
    batch_id: Id | None = None
    actor: Id | None = None


class PoolOutcome(Payload):
    """What all steps of a pool carry. `left`: codes not handed out yet."""

    pool_id: Id
    left: Count


class PoolLow(PoolOutcome):
    """A pool came below its `low_at`."""

    low_at: Count


class PoolExhausted(PoolOutcome):
    """A pool handed out its last code. `waiting`: requests in its queue."""

    waiting: Count | None = None


class PoolRefilled(PoolOutcome):
    """A batch is usable. `repeated`: codes in it that were known already."""

    batch_id: Id
    added: Count
    repeated: Count


class PoolFallbackUsed(PoolOutcome):
    """A voucher came from another pool, because this one was empty."""

    fallback_pool_id: Id
    voucher_id: Id

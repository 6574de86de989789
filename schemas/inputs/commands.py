"""The topic `commands`: what apps and administrators ask for, and reference data that changes while the programme runs."""

from typing import Annotated, Literal

from pydantic import AliasChoices, Field, model_validator

from schemas.scalars import (
    Adjustment,
    Code,
    Count,
    Day,
    Id,
    Instant,
    Latitude,
    Longitude,
    Minor,
    Payload,
    Positive,
    SomePoints,
    Text,
    at_most,
)


class RewardPurchaseRequested(Payload):
    """A member wants to buy a voucher of the reward store."""

    purchase_id: Id
    member_id: Id
    voucher: Id


class PointsSpendRequested(Payload):
    """Points to be spent, those of a hold where `hold_id` names one."""

    spend_id: Id
    member_id: Id
    account: Id
    points: SomePoints
    hold_id: Id | None = None
    transaction_id: Id | None = None
    reason: Text | None = None
    actor: Id | None = None


class PointsHoldRequested(Payload):
    """Points to be kept aside until they are spent, released, or the account's time for holds is over."""

    hold_id: Id
    member_id: Id
    account: Id
    points: SomePoints
    transaction_id: Id | None = None
    reason: Text | None = None
    actor: Id | None = None


class PointsHoldReleaseRequested(Payload):
    """Held points to be given free again."""

    hold_id: Id
    member_id: Id
    account: Id
    points: SomePoints
    transaction_id: Id | None = None
    reason: Text | None = None
    actor: Id | None = None


class PointsAdjustmentRequested(Payload):
    """Points to be added, or taken away where `points` is below zero."""

    adjustment_id: Id
    member_id: Id
    account: Id
    points: Adjustment
    hold_id: Id | None = None
    transaction_id: Id | None = None
    reason: Text | None = None
    actor: Id | None = None


class VoucherIssueRequested(Payload):
    """A voucher to be given to a member by hand."""

    request_id: Id
    member_id: Id
    voucher: Id
    reason: Text | None = None
    actor: Id | None = None


class VoucherRevokeRequested(Payload):
    """A voucher to be taken away."""

    request_id: Id
    voucher_id: Id
    member_id: Id | None = None
    reason: Text | None = None
    actor: Id | None = None


class ClaimLimit(Payload):
    """How often a member may claim a code of the list, in each period or ever."""

    times: Positive
    each: Literal["day", "week", "month", "quarter", "year"] | None = None


class PromoCodeListCreateRequested(Payload):
    """A list of promo codes to be made. `generate` codes after `pattern`, or none where codes are imported; `cap`: claims in all."""

    request_id: Id
    list_id: Id
    type: Literal["single_use", "multi_use", "third_party"]
    title: Text | None = None
    from_day: Day | None = None
    until_day: Day | None = None
    generate: Count | None = None
    pattern: Id | None = None
    compare: Literal["folded", "exact"] | None = None
    cap: Count | None = None
    limits: list[ClaimLimit] | None = None
    actor: Id | None = None


class PromoCodeListUpdateRequested(Payload):
    """Fields of a list to be changed from now on; what is not named stays."""

    request_id: Id
    list_id: Id
    title: Text | None = None
    from_day: Day | None = None
    until_day: Day | None = None
    cap: Count | None = None
    limits: list[ClaimLimit] | None = None
    actor: Id | None = None


Codes = Annotated[list[Code], Field(min_length=1, max_length=10_000)]


class PromoCodesImported(Payload):
    """One chunk of a batch of codes for a list; the batch is usable when chunks 1 to `chunks` are in."""

    list_id: Id
    batch_id: Id
    chunk: Positive
    chunks: Positive
    codes: Codes
    unit_cost_minor: Minor | None = None

    _chunk_exists = model_validator(mode="after")(at_most("chunk", "chunks"))


class PoolCodesImported(Payload):
    """One chunk of a batch of codes for a pool; the batch is usable when chunks 1 to `chunks` are in."""

    pool_id: Id
    batch_id: Id
    chunk: Positive
    chunks: Positive
    codes: Codes
    unit_cost_minor: Minor | None = None

    _chunk_exists = model_validator(mode="after")(at_most("chunk", "chunks"))


class OutletUpserted(Payload):
    """Where an outlet is and who runs it. `zone`: its time zone, such as `America/New_York`."""

    outlet_code: Annotated[Id, Field(validation_alias=AliasChoices("outlet_code", "store_id"))]
    merchant_id: Id | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    radius_m: Positive | None = None
    zone: Id | None = None


class ClockAdvanceRequested(Payload):
    """Time goes on to this instant; only where the programme's clock is `events`."""

    to: Instant

"""The topic `merchant-alerts`: what customers report of outlets, and when it becomes too much."""

from typing import Literal

from schemas.scalars import Code, Count, Id, Instant, Payload


class FeedbackAccepted(Payload):
    """A report that counts. `person` is the member or the keyed user; `claim` is what our own records say to it."""

    feedback_id: Id
    person: Id
    verified: bool
    feedback_type: Id
    issuer_code: Id
    outlet_code: Id
    location_verified: Literal["true", "false", "unknown"]
    claim: Literal["confirmed", "contradicted", "unverified"]
    member_id: Id | None = None
    merchant_id: Id | None = None
    voucher: Id | None = None
    offer_code: Code | None = None
    counted: bool | None = None


class FeedbackRejected(Payload):
    """A report that does not count. `field` is what is missing where `reason` is `missing_value`."""

    feedback_id: Id
    reason: Id
    field: Id | None = None
    outlet_code: Id | None = None
    issuer_code: Id | None = None


class MerchantAlert(Payload):
    """Reports of one outlet, merchant, offer or issuer crossed a level. `people` reported it between `from_at` and `until_at`."""

    alert_id: Id
    of: Literal["outlet", "merchant", "offer", "issuer"]
    name: Id
    alert_class: Literal["training", "possible_fraud"]
    people: Count
    confirmed: Count
    from_at: Instant
    until_at: Instant
    issuer_code: Id | None = None
    evidence_ids: list[Id] | None = None

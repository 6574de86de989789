"""The topic `provider-events`: what voucher providers answer and report."""

from pydantic import model_validator

from schemas.scalars import Code, Id, Instant, Payload, Text, any_of, needs_one_of


class ProviderEvent(Payload):
    """About the request that we made (`request_id`), or a voucher as the provider knows it (`provider_reference`)."""

    model_config = any_of("request_id", "provider_reference")

    request_id: Id | None = None
    provider_reference: Id | None = None
    code: Code | None = None
    redeemed_at: Instant | None = None
    location: Text | None = None
    reason: Text | None = None

    _named = model_validator(mode="after")(needs_one_of("request_id", "provider_reference"))

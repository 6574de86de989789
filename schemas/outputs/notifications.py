"""The topic `notifications`: messages that somebody else words and sends."""

from schemas.scalars import FlatMap, Id, Instant, Payload


class NotificationRequested(Payload):
    """A message for a member; `variables` fill its template. One `dedupe_key` is sent once, between `not_before` and `expires_at`."""

    trigger: Id
    template: Id
    member_id: Id
    locale: Id | None
    consents: list[Id]
    variables: FlatMap
    dedupe_key: Id
    not_before: Instant | None
    expires_at: Instant | None

"""The topic `emissions`: the programme's own events."""

from schemas.scalars import FlatMap, Id, Payload


class CustomEmitted(Payload):
    """An event that a campaign emits as `custom.<name>`."""

    name: Id
    member_id: Id
    campaign: Id
    attributes: FlatMap | None = None

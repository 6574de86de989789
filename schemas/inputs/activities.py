"""The topic `activities`: what members do besides buying."""

from schemas.scalars import FlatMap, Id, Payload


class ActivityRecorded(Payload):
    """A member did something. `name`: `review_written`, `social_share`, `stay_completed`, ..."""

    activity_id: Id
    member_id: Id
    name: Id
    attributes: FlatMap | None = None

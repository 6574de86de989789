"""The topic `feedback`: what customers report of an offer at an outlet.

Only `feedback_id` is required here: feedback with another value missing is readable, and is refused by that field's name,
because its sender waits for the answer.
"""

from typing import Annotated, Literal

from schemas.marks import Mark
from schemas.scalars import Comment, Entered, Id, Latitude, Longitude, Outlet, Payload


class FeedbackUserGiven(Payload):
    """Who reports: a member id, an e-mail address or a device id."""

    kind: Literal["member", "email", "device"] | None = None
    value: Entered | None = None


FeedbackUser = Annotated[FeedbackUserGiven, Mark.USER]


class FeedbackSubmitted(Payload):
    """A report. All but `comment` must be given to be accepted. `issuer_code`: the bank or network of the offer."""

    feedback_id: Id
    user: FeedbackUser | None = None
    feedback_type: Entered | None = None
    offer_code: Annotated[Entered, Mark.CODE] | None = None
    issuer_code: Entered | None = None
    outlet_code: Outlet = None
    user_latitude: Latitude | None = None
    user_longitude: Longitude | None = None
    comment: Comment | None = None

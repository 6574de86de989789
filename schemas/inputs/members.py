"""The topic `members`: who takes part, what is known of them, and what they agreed to."""

from typing import Annotated

from schemas.marks import Mark
from schemas.parts import ExternalId
from schemas.scalars import Id, Payload, Profile, ProfileChange


class MemberEnrolled(Payload):
    """Somebody joined the programme. `referred_by` is a member id or a referral code."""

    member_id: Id
    external_ids: list[ExternalId] | None = None
    profile: Profile | None = None
    opt_ins: list[Id] | None = None
    consents: list[Id] | None = None
    locale: Id | None = None
    referred_by: Annotated[Id, Mark.REFERRER] | None = None


class MemberUpdated(Payload):
    """What changed of a member; what is not named stays. `consents` replaces all earlier ones."""

    member_id: Id
    profile: ProfileChange | None = None
    tags_added: list[Id] | None = None
    tags_removed: list[Id] | None = None
    consents: list[Id] | None = None
    locale: Id | None = None


class MemberOpted(Payload):
    """A member opted in to a campaign, or out of it."""

    member_id: Id
    campaign: Id


class MemberLinked(Payload):
    """A member is also known by this external id."""

    member_id: Id
    external_id: ExternalId


class MemberMerged(Payload):
    """Two members are one person: `member_id` stays, `merged_member_id` becomes its alias."""

    merge_id: Id
    member_id: Id
    merged_member_id: Id


class MemberForgotten(Payload):
    """A member asked for their personal data to be deleted."""

    member_id: Id

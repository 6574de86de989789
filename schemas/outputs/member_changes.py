"""The topic `member-changes`: what is recorded about members, their achievements and referrals."""

from schemas.scalars import Count, Id, Payload, Positive, Scalar


class MemberTagged(Payload):
    """A tag was added to a member, or removed."""

    member_id: Id
    tag: Id
    campaign: Id | None = None


class MemberAttributeSet(Payload):
    """An attribute of a member has a new value; null where it was removed."""

    member_id: Id
    attribute: Id
    value: Scalar | None
    campaign: Id | None = None


class MemberOptRecorded(Payload):
    """A member opted in to a campaign, or out of it."""

    member_id: Id
    campaign: Id


class KeyedExternalId(Payload):
    """An external id under the deployment's secret."""

    kind: Id
    hash: Id


class MemberLinkRecorded(Payload):
    """A member is known by one more external id."""

    member_id: Id
    external_id: KeyedExternalId


class MemberMergeRecorded(Payload):
    """A member was merged into another; the old id stays an alias."""

    merge_id: Id
    member_id: Id
    merged_member_id: Id


class MemberForgetRecorded(Payload):
    """A member's keys are deleted; what they sealed cannot be read any more."""

    member_id: Id


class MemberRejected(Payload):
    """A change of a member that may not be done. `kind`: of the external id that belongs to somebody else."""

    member_id: Id
    reason: Id
    kind: Id | None = None
    campaign: Id | None = None
    merge_id: Id | None = None


class AchievementOutcome(Payload):
    """Where a member stands: `count` of `target`, completed `times`."""

    member_id: Id
    achievement: Id
    count: Count
    target: Positive
    times: Count


class ReferralCompleted(Payload):
    """Somebody who was referred did what was asked for. `cause` names both sides' awards."""

    referrer_member_id: Id
    member_id: Id
    cause: Id
    campaign: Id | None = None

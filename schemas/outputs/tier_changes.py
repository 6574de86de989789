"""The topic `tier-changes`: where a member stands on a ladder."""

from schemas.scalars import DayOrInstant, Id, Payload, Points


class TierOutcome(Payload):
    """A step on a ladder, or progress towards the next: `missing` more `unit` until `tier_next`, which is null at the top."""

    member_id: Id
    ladder: Id
    tier_before: Id | None
    tier_after: Id
    tier_next: Id | None
    qualified: Points
    missing: Points
    unit: Id
    valid_until: DayOrInstant | None
    campaign: Id | None = None
    reason: Id | None = None

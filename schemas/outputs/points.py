"""The topic `points`: every change of a member's points. `balance_before` and `balance_after` are the account's spendable points."""

from typing import Literal

from schemas.scalars import Count, Id, Instant, Payload, Points, Positive, SignedPoints, Text

Bucket = Literal["available", "pending", "held", "deficit", "issued", "spent", "expired", "reversed", "adjusted"]


class Posting(Payload):
    """Points that went from one bucket of the account to another; over all time the buckets of an account sum to zero."""

    debit: Bucket
    credit: Bucket
    points: Positive


class PointsOutcome(Payload):
    """What all of them carry. `campaign`: by what the points were earned; null for those that no campaign gave."""

    member_id: Id
    campaign: Id | None
    account: Id
    points: Points
    lot_ids: list[Id]
    balance_before: SignedPoints
    balance_after: SignedPoints
    reason: Id
    postings: list[Posting]
    line_ids: list[Id] | None = None
    expires_at: Instant | None = None
    transaction_id: Id | None = None


class CommandedOutcome(PointsOutcome):
    """What somebody asked for: who, and what they said of it."""

    actor: Id | None = None
    note: Text | None = None


class PointsAwarded(PointsOutcome):
    """Points were earned. They count from `active_from` on (null: from an activity on) and are gone at `expires_at`.

    `paid_by`: who pays the campaign's budget, where it says so.
    """

    lot_id: Id
    line_ids: list[Id]
    expires_at: Instant | None
    earned_at: Instant
    active_from: Instant | None
    paid_by: Id | None = None


class PointsActivated(PointsOutcome):
    """Pending points became spendable."""

    lot_id: Id
    active_from: Instant


class PointsSpent(CommandedOutcome):
    """Points were spent."""

    spend_id: Id
    hold_id: Id | None = None


class PointsHeld(CommandedOutcome):
    """Points are kept aside until `held_until`."""

    hold_id: Id
    held_until: Instant | None


class PointsReleased(CommandedOutcome):
    """Held points are free again."""

    hold_id: Id


class PointsReversed(PointsOutcome):
    """Points were taken back; `shortfall` is what was not there any more. Written also when `points` is 0."""

    shortfall: Points
    return_id: Id | None = None


class PointsRestored(PointsOutcome):
    """Points that had paid came back with their old expiry."""

    return_id: Id | None = None
    spend_id: Id | None = None


class PointsExpiring(PointsOutcome):
    """Points will be gone at `expires_at`, in `lead_days`."""

    expires_at: Instant
    lead_days: Count


class PointsExpired(PointsOutcome):
    """The points of one lot are gone."""

    lot_id: Id


class PointsAdjusted(CommandedOutcome):
    """Points were added or taken away by hand; `points` is below zero where they were taken away.

    `shortfall`: what was to be taken away and was not there.
    """

    points: SignedPoints
    adjustment_id: Id
    shortfall: Points | None = None


class PointsRejected(Payload):
    """A command about points that may not be done; `points` are those asked for."""

    member_id: Id
    reason: Id
    account: Id | None = None
    points: SignedPoints | None = None
    spend_id: Id | None = None
    hold_id: Id | None = None
    adjustment_id: Id | None = None
    purchase_id: Id | None = None
    transaction_id: Id | None = None
    balance_before: SignedPoints | None = None
    balance_after: SignedPoints | None = None

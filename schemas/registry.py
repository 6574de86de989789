"""Every event type of the public contract: its topic, its model and the model's version. A new type is a new line here."""

from typing import NamedTuple

from schemas.inputs.activities import ActivityRecorded
from schemas.inputs.commands import (
    ClockAdvanceRequested,
    OutletUpserted,
    PointsAdjustmentRequested,
    PointsHoldReleaseRequested,
    PointsHoldRequested,
    PointsSpendRequested,
    PoolCodesImported,
    PromoCodeListCreateRequested,
    PromoCodeListUpdateRequested,
    PromoCodesImported,
    RewardPurchaseRequested,
    VoucherIssueRequested,
    VoucherRevokeRequested,
)
from schemas.inputs.feedback import FeedbackSubmitted
from schemas.inputs.members import (
    MemberEnrolled,
    MemberForgotten,
    MemberLinked,
    MemberMerged,
    MemberOpted,
    MemberUpdated,
)
from schemas.inputs.provider_events import ProviderEvent
from schemas.inputs.returns import TransactionReturned
from schemas.inputs.transactions import TransactionCancelled, TransactionCompleted
from schemas.inputs.voucher_redemptions import (
    PromoCodeEntered,
    VoucherRedemptionRequested,
    VoucherRedemptionRolledBack,
    VoucherReservationReleased,
    VoucherReservationRequested,
)
from schemas.outputs.dead_letters import RecordRejected
from schemas.outputs.decisions import DecisionRecorded
from schemas.outputs.emissions import CustomEmitted
from schemas.outputs.issuances import (
    PoolExhausted,
    PoolFallbackUsed,
    PoolLow,
    PoolRefilled,
    PromoCodeAccepted,
    PromoCodeIssued,
    PromoCodeListChanged,
    PromoCodeListRejected,
    PromoCodeRejected,
    VoucherExpired,
    VoucherExpiring,
    VoucherIssued,
    VoucherIssueFailed,
    VoucherProviderOrphaned,
    VoucherRedeemed,
    VoucherRejected,
    VoucherReleased,
    VoucherRequested,
    VoucherReserved,
    VoucherRestored,
    VoucherRevoked,
)
from schemas.outputs.member_changes import (
    AchievementOutcome,
    MemberAttributeSet,
    MemberForgetRecorded,
    MemberLinkRecorded,
    MemberMergeRecorded,
    MemberOptRecorded,
    MemberRejected,
    MemberTagged,
    ReferralCompleted,
)
from schemas.outputs.merchant_alerts import FeedbackAccepted, FeedbackRejected, MerchantAlert
from schemas.outputs.notifications import NotificationRequested
from schemas.outputs.points import (
    PointsActivated,
    PointsAdjusted,
    PointsAwarded,
    PointsExpired,
    PointsExpiring,
    PointsHeld,
    PointsRejected,
    PointsReleased,
    PointsRestored,
    PointsReversed,
    PointsSpent,
)
from schemas.outputs.provider_requests import VoucherProviderRequested
from schemas.outputs.tier_changes import TierOutcome
from schemas.scalars import Payload


class Entry(NamedTuple):
    """Where events of a type lie (topic without the deployment's prefix) and what their `data` is."""

    topic: str
    model: type[Payload]
    version: int


CUSTOM = "custom"  # stands for every `custom.<name>`

INPUTS: dict[str, Entry] = {
    "member.enrolled": Entry("members", MemberEnrolled, 1),
    "member.updated": Entry("members", MemberUpdated, 1),
    "member.opted_in": Entry("members", MemberOpted, 1),
    "member.opted_out": Entry("members", MemberOpted, 1),
    "member.linked": Entry("members", MemberLinked, 1),
    "member.merged": Entry("members", MemberMerged, 1),
    "member.forgotten": Entry("members", MemberForgotten, 1),
    "transaction.completed": Entry("transactions", TransactionCompleted, 1),
    "transaction.cancelled": Entry("transactions", TransactionCancelled, 1),
    "transaction.replaced": Entry("transactions", TransactionCompleted, 1),
    "transaction.returned": Entry("returns", TransactionReturned, 1),
    "voucher.redemption_requested": Entry("voucher-redemptions", VoucherRedemptionRequested, 1),
    "voucher.reservation_requested": Entry("voucher-redemptions", VoucherReservationRequested, 1),
    "voucher.reservation_released": Entry("voucher-redemptions", VoucherReservationReleased, 1),
    "voucher.redemption_rolled_back": Entry("voucher-redemptions", VoucherRedemptionRolledBack, 1),
    "promo_code.entered": Entry("voucher-redemptions", PromoCodeEntered, 1),
    "feedback.submitted": Entry("feedback", FeedbackSubmitted, 1),
    "activity.recorded": Entry("activities", ActivityRecorded, 1),
    "reward.purchase_requested": Entry("commands", RewardPurchaseRequested, 1),
    "points.spend_requested": Entry("commands", PointsSpendRequested, 1),
    "points.hold_requested": Entry("commands", PointsHoldRequested, 1),
    "points.hold_release_requested": Entry("commands", PointsHoldReleaseRequested, 1),
    "points.adjustment_requested": Entry("commands", PointsAdjustmentRequested, 1),
    "voucher.issue_requested": Entry("commands", VoucherIssueRequested, 1),
    "voucher.revoke_requested": Entry("commands", VoucherRevokeRequested, 1),
    "promo_code_list.create_requested": Entry("commands", PromoCodeListCreateRequested, 1),
    "promo_code_list.update_requested": Entry("commands", PromoCodeListUpdateRequested, 1),
    "promo_codes.imported": Entry("commands", PromoCodesImported, 1),
    "pool.codes_imported": Entry("commands", PoolCodesImported, 1),
    "outlet.upserted": Entry("commands", OutletUpserted, 1),
    "clock.advance_requested": Entry("commands", ClockAdvanceRequested, 1),
    "voucher.provider_issued": Entry("provider-events", ProviderEvent, 1),
    "voucher.provider_failed": Entry("provider-events", ProviderEvent, 1),
    "voucher.provider_redeemed": Entry("provider-events", ProviderEvent, 1),
    "voucher.provider_expired": Entry("provider-events", ProviderEvent, 1),
}

OUTPUTS: dict[str, Entry] = {
    "points.awarded": Entry("points", PointsAwarded, 1),
    "points.activated": Entry("points", PointsActivated, 1),
    "points.spent": Entry("points", PointsSpent, 1),
    "points.held": Entry("points", PointsHeld, 1),
    "points.released": Entry("points", PointsReleased, 1),
    "points.reversed": Entry("points", PointsReversed, 1),
    "points.restored": Entry("points", PointsRestored, 1),
    "points.expiring": Entry("points", PointsExpiring, 1),
    "points.expired": Entry("points", PointsExpired, 1),
    "points.adjusted": Entry("points", PointsAdjusted, 1),
    "points.rejected": Entry("points", PointsRejected, 1),
    "voucher.requested": Entry("issuances", VoucherRequested, 1),
    "voucher.issued": Entry("issuances", VoucherIssued, 1),
    "voucher.reserved": Entry("issuances", VoucherReserved, 1),
    "voucher.released": Entry("issuances", VoucherReleased, 1),
    "voucher.redeemed": Entry("issuances", VoucherRedeemed, 1),
    "voucher.rejected": Entry("issuances", VoucherRejected, 1),
    "voucher.restored": Entry("issuances", VoucherRestored, 1),
    "voucher.expiring": Entry("issuances", VoucherExpiring, 1),
    "voucher.expired": Entry("issuances", VoucherExpired, 1),
    "voucher.revoked": Entry("issuances", VoucherRevoked, 1),
    "voucher.issue_failed": Entry("issuances", VoucherIssueFailed, 1),
    "voucher.provider_orphaned": Entry("issuances", VoucherProviderOrphaned, 1),
    "promo_code.issued": Entry("issuances", PromoCodeIssued, 1),
    "promo_code.accepted": Entry("issuances", PromoCodeAccepted, 1),
    "promo_code.rejected": Entry("issuances", PromoCodeRejected, 1),
    "promo_code_list.changed": Entry("issuances", PromoCodeListChanged, 1),
    "promo_code_list.rejected": Entry("issuances", PromoCodeListRejected, 1),
    "pool.low": Entry("issuances", PoolLow, 1),
    "pool.exhausted": Entry("issuances", PoolExhausted, 1),
    "pool.refilled": Entry("issuances", PoolRefilled, 1),
    "pool.fallback_used": Entry("issuances", PoolFallbackUsed, 1),
    "tier.joined": Entry("tier-changes", TierOutcome, 1),
    "tier.upgraded": Entry("tier-changes", TierOutcome, 1),
    "tier.downgraded": Entry("tier-changes", TierOutcome, 1),
    "tier.retained": Entry("tier-changes", TierOutcome, 1),
    "tier.will_downgrade": Entry("tier-changes", TierOutcome, 1),
    "tier.progress_changed": Entry("tier-changes", TierOutcome, 1),
    "member.tagged": Entry("member-changes", MemberTagged, 1),
    "member.untagged": Entry("member-changes", MemberTagged, 1),
    "member.attribute_set": Entry("member-changes", MemberAttributeSet, 1),
    "member.opt_in_recorded": Entry("member-changes", MemberOptRecorded, 1),
    "member.opt_out_recorded": Entry("member-changes", MemberOptRecorded, 1),
    "member.link_recorded": Entry("member-changes", MemberLinkRecorded, 1),
    "member.merge_recorded": Entry("member-changes", MemberMergeRecorded, 1),
    "member.forget_recorded": Entry("member-changes", MemberForgetRecorded, 1),
    "member.rejected": Entry("member-changes", MemberRejected, 1),
    "achievement.progressed": Entry("member-changes", AchievementOutcome, 1),
    "achievement.completed": Entry("member-changes", AchievementOutcome, 1),
    "achievement.rolled_back": Entry("member-changes", AchievementOutcome, 1),
    "referral.completed": Entry("member-changes", ReferralCompleted, 1),
    CUSTOM: Entry("emissions", CustomEmitted, 1),
    "notification.requested": Entry("notifications", NotificationRequested, 1),
    "feedback.accepted": Entry("merchant-alerts", FeedbackAccepted, 1),
    "feedback.rejected": Entry("merchant-alerts", FeedbackRejected, 1),
    "merchant.alert_raised": Entry("merchant-alerts", MerchantAlert, 1),
    "merchant.alert_cleared": Entry("merchant-alerts", MerchantAlert, 1),
    "voucher.provider_requested": Entry("provider-requests", VoucherProviderRequested, 1),
    "decision.recorded": Entry("decisions", DecisionRecorded, 1),
    "record.rejected": Entry("dead-letters", RecordRejected, 1),
}


def output_of(event_type: str) -> Entry:
    """The entry of an output type, of `custom.<name>` too. Raises KeyError for a type that is none."""
    return OUTPUTS[CUSTOM if event_type.startswith(f"{CUSTOM}.") else event_type]


def dataschema(event_type: str, version: int) -> str:
    """The `dataschema` attribute of events of that type and version."""
    return f"guerdon/{event_type}/{version}"

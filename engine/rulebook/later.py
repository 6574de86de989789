"""What the language has and the worker does not decide yet. The only such list: building one removes its line here.

Keys: `<file>`, `<record>.<key>`, `<choice>=<word>`, `<choice>={}` for a map where a word stands, `effect:`, `field:` and `test:`;
`*` stands for the rest of a name. What is not here and not in the language's tables is unknown.
"""

from collections.abc import Mapping

OUTCOMES = ("points.awarded", "tier.joined", "tier.upgraded", "tier.progress_changed")  # that messages speak of
_EVENTS = {
    "transaction.cancelled": "cancellations",
    "transaction.returned": "returns",
    "transaction.replaced": "sales sent again",
    "member.updated": "changes of a member",
    "member.opted_in": "opting in",
    "member.opted_out": "opting out",
    "points.awarded": "campaigns on outcomes",
    "points.activated": "pending points",
    "points.spent": "spending",
    "points.reversed": "returns",
    "points.expiring": "warnings before points expire",
    "points.expired": "expiry as an event",
    "tier.joined": "campaigns on outcomes",
    "tier.upgraded": "campaigns on outcomes",
    "tier.progress_changed": "campaigns on outcomes",
    "tier.downgraded": "validity of tiers",
    "tier.retained": "validity of tiers",
    "tier.will_downgrade": "validity of tiers",
    "voucher.issued": "vouchers",
    "voucher.redeemed": "vouchers",
    "voucher.expiring": "vouchers",
    "voucher.expired": "vouchers",
    "voucher.revoked": "vouchers",
    "voucher.issue_failed": "vouchers",
    "promo_code.entered": "promo codes",
    "promo_code.accepted": "promo codes",
    "promo_code.rejected": "promo codes",
    "feedback.submitted": "feedback",
    "feedback.accepted": "feedback",
    "reward.purchase_requested": "the reward store",
    "achievement.progressed": "achievements",
    "achievement.completed": "achievements",
    "referral.completed": "referrals",
    "custom.*": "the programme's own events",
}

LATER: Mapping[str, str] = {
    # files
    "achievements/*.yaml": "achievements",
    "vouchers/*.yaml": "vouchers",
    "pools/*.yaml": "pools of codes",
    "promo-codes/*.yaml": "promo code lists",
    "feedback.yaml": "feedback",
    "lists/*.csv": "lists",
    "outlets.csv": "outlet data",
    "rates.csv": "rates",
    # programme
    "programme.counters": "counters",
    "programme.groups": "groups of campaigns",
    "programme.returns": "how long returns are accepted",
    "programme.lockout": "lockout",
    "account.warn": "warnings before points expire",
    "negative=allowed": "negative balances",
    "account.hold_for": "holds",
    "account.limits": "limits of accounts",
    "expires.without": "sliding expiry",
    "time.week_starts": "the first day of the week",
    "promo_codes=on": "promo codes",
    "reward_store=on": "the reward store",
    "feedback=on": "feedback",
    # campaigns
    "campaign.limits": "limits of campaigns",
    "campaign.group": "groups of campaigns",
    "campaign.on_return": "what a return does to a campaign",
    "on={}": "schedules",
    **{f"on={event}": what for event, what in _EVENTS.items()},
    "award_points.every": "awards in whole steps",
    "award_points.for_each": "bundles",
    "award_points.at_most": "bundles",
    "award_points.times_base": "multiples of base earn",
    "award_points.pending_for": "pending points",
    "award_points.pending_until": "pending points",
    "award_points.or_lapse": "pending points",
    "award_points.each_line": "awards floored line by line",
    "award_points.to": "awards to the referrer",
    "effect:issue_voucher": "vouchers",
    "effect:issue_code": "promo codes",
    "effect:add_tag": "tags by campaign",
    "effect:remove_tag": "tags by campaign",
    "effect:set_attribute": "attributes by campaign",
    "effect:set_tier": "tiers by campaign",
    "effect:emit": "the programme's own events",
    # conditions
    "field:outlet.*": "outlet data",
    "field:payments.*": "payments in conditions",
    "field:return.*": "returns in conditions",
    "field:redemption.*": "redemptions in conditions",
    "field:feedback.*": "feedback in conditions",
    "field:counter.*": "counters",
    "field:achievement.*": "achievements",
    "field:voucher.*": "vouchers",
    "field:code.*": "promo codes",
    "field:member.birthday_in_days": "birthdays",
    "field:member.referred": "referrals",
    "test:in": "lists",
    # tiers
    "tiers.valid": "validity of tiers",
    "tiers.on_reaching": "what reaching a tier does to progress",
    "tiers.at_end": "the end of a tier's validity",
    "tiers.on_return": "what a return does to a tier",
    "tiers.on_entering": "entry benefits",
    "qualify.last": "qualifying in a moving window",
    "within=membership_year": "qualifying in the year of membership",
    "within={}": "qualifying in a moving window",
    "level.stay": "thresholds to stay",
    "level.for_life": "tiers for life",
    "level.from.any": "several ways to a tier",
    "level.from.all": "several ways to a tier",
    "level.from.counter.*": "counters",
    # messages
    "messages.quiet": "quiet hours",
    **{f"trigger={event}": what for event, what in _EVENTS.items() if event not in OUTCOMES},
}


def later(kind: str, name: str) -> str | None:
    """What is not decided yet under this name, None where the language has no such thing."""
    whole = f"{kind}{name}"
    if whole in LATER:
        return LATER[whole]
    for key, what in LATER.items():
        if key.endswith(".*") and whole.startswith(key[:-1]) and len(whole) >= len(key):
            return what
    return None


def not_decided_yet(what: str) -> str:
    """What an author is told."""
    return f"the language has this, but {what} cannot be decided yet"

"""Some campaigns of a candidate taken into the rules in force, as a ruleset of its own; the rest of the candidate stays out."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from engine.errors import UsageError
from engine.rulebook.emit import order
from engine.ruleset.codec import sealed
from engine.ruleset.effects import IssueCode, IssueVoucher, Notify, SetTier
from engine.ruleset.model import Campaign, Ruleset
from engine.trying.beside import of_both


def promoted(in_force: Ruleset, candidate: Ruleset, names: Collection[str]) -> Ruleset:
    """The rules in force with these campaigns as the candidate has them, and the accounts, counters and groups that it has besides.

    Raises UsageError where one is not in shadow, or gives what only the whole candidate has.
    """
    known = {campaign.name: campaign for campaign in in_force.campaigns}
    changed = {campaign.name: campaign for campaign in candidate.campaigns if known.get(campaign.name) != campaign}
    missing = sorted(set(names) - changed.keys())
    if missing:
        raise UsageError(f"not in shadow: {', '.join(missing)}; there are {', '.join(sorted(changed))}")
    taken = {name: changed[name] for name in names}
    for campaign in taken.values():
        for what in _wanting(campaign, in_force):
            raise UsageError(
                f"{campaign.name} gives {what}, which the rules in force do not have: promote the whole candidate"
            )
    return sealed(
        replace(
            in_force,
            programme=of_both(in_force.programme, candidate.programme),
            campaigns=tuple(sorted({**known, **taken}.values(), key=order)),
        )
    )


def _wanting(campaign: Campaign, ruleset: Ruleset) -> Iterator[str]:
    """What a campaign gives that a ruleset does not have."""
    messages = {each.name for each in ruleset.messages}
    vouchers = {each.name for each in ruleset.vouchers}
    codes = {each.name for each in ruleset.promo_codes}
    tiers = {(ladder.name, level.tier) for ladder in ruleset.ladders for level in ladder.levels}
    for effect in (*campaign.then, *campaign.otherwise):
        match effect:
            case Notify(message) if message not in messages:
                yield f"the message {message}"
            case IssueVoucher(voucher=voucher) if voucher not in vouchers:
                yield f"the voucher {voucher}"
            case IssueCode(name) if name not in codes:
                yield f"codes of {name}"
            case SetTier(ladder, tier) if (ladder, tier) not in tiers:
                yield f"the tier {tier}"
            case _:
                pass

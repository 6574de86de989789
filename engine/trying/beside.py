"""A candidate's new and changed campaigns in shadow beside the rules in force, as a ruleset of its own."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from engine.errors import UsageError
from engine.ruleset.codec import sealed
from engine.ruleset.conditions import AllOf, AnyOf, Condition, NoneOf, Test
from engine.ruleset.model import Campaign, Programme, Ruleset
from engine.ruleset.published import CANDIDATE

T = TypeVar("T")


def beside(in_force: Ruleset, candidate: Ruleset) -> Ruleset:
    """The rules in force and, in shadow, what the candidate has new or changed.

    Counters, groups and accounts that those need are added; where one of the same name is defined otherwise, or where
    nothing would run in shadow, UsageError says so. Tiers, messages and all else stay as in force.
    """
    known = {campaign.name: campaign for campaign in in_force.campaigns}
    shadows = [
        _shadow(campaign, campaign.name + CANDIDATE if campaign.name in known else campaign.name)
        for campaign in candidate.campaigns
        if known.get(campaign.name) != campaign and campaign.state != "paused"
    ]
    if not shadows:
        raise UsageError("no campaign is new or changed: there is nothing to run in shadow")
    return sealed(
        replace(
            in_force,
            programme=of_both(in_force.programme, candidate.programme),
            campaigns=(*in_force.campaigns, *shadows),
        )
    )


def _shadow(campaign: Campaign, name: str) -> Campaign:
    """The campaign in shadow; members opted in to it under the name that its author gave it."""
    return replace(
        campaign,
        name=name,
        state="shadow",
        audience=_opted_in_to(campaign.name, campaign.audience),
        when=_opted_in_to(campaign.name, campaign.when),
    )


def _opted_in_to(name: str, condition: Condition | None) -> Condition | None:
    match condition:
        case Test("member.opted_in", _, "one_of", (bool(wanted),)):
            return Test("member.opt_ins", "set", "has" if wanted else "has_none", (name,))
        case AllOf(parts):
            return AllOf(_parts(name, parts))
        case AnyOf(parts, at_least):
            return AnyOf(_parts(name, parts), at_least)
        case NoneOf(parts):
            return NoneOf(_parts(name, parts))
        case _:
            return condition


def _parts(name: str, parts: Iterable[Condition]) -> tuple[Condition, ...]:
    changed = (_opted_in_to(name, part) for part in parts)
    return tuple(part for part in changed if part is not None)


def of_both(in_force: Programme, candidate: Programme) -> Programme:
    """The programme in force with the accounts, counters and groups that the candidate has besides. Raises UsageError."""
    if (in_force.currency, in_force.zone) != (candidate.currency, candidate.zone):
        raise UsageError("the candidate has another zone or currency; that cannot run beside the rules in force")
    return replace(
        in_force,
        accounts=_joined("account", in_force.accounts, candidate.accounts, lambda account: account.name),
        counters=_joined("counter", in_force.counters, candidate.counters, lambda counter: counter.name),
        derived=_joined("count", in_force.derived, candidate.derived, lambda derived: derived.field),
        groups=_joined("group", in_force.groups, candidate.groups, lambda group: group.name),
    )


def _joined(kind: str, old: Sequence[T], new: Sequence[T], name_of: Callable[[T], str]) -> tuple[T, ...]:
    known = {name_of(each): each for each in old}
    for each in new:
        if known.setdefault(name_of(each), each) != each:
            raise UsageError(
                f"the candidate defines the {kind} {name_of(each)} otherwise than the rules in force;"
                " it cannot be both at once, so this change cannot run in shadow"
            )
    return tuple(known.values())

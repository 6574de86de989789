"""The seam between deciding and matching: what is asked of a matcher, and what it is asked with."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

from engine.core.ids import derive
from engine.ruleset.conditions import AllOf, AnyOf, Condition, LineSet, NoneOf, Test
from engine.ruleset.ladders import LadderAsks, asks_of
from engine.ruleset.limits import Derived, Group
from engine.ruleset.model import Account, Campaign, MessageRule, Ruleset
from engine.ruleset.timetable import Timetable, timetable_of

T = TypeVar("T")

Line = Mapping[
    str, Any
]  # a transaction line as in the journal: line_id, sku, quantity, amount_minor, category, attributes, ...


class Facts(NamedTuple):
    """What conditions are asked about. A field that is not in `fields` is missing.

    `fields` maps a field's name (`transaction.channel`, `member.profile.city`, `time.weekday`) to text, integer, boolean or,
    for sets, a tuple of texts. The measures of line sets (`coffee.pieces`) are computed from `lines` by the matcher.
    """

    on: str  # the type of the event being decided
    time_ms: int
    fields: Mapping[str, Any]
    lines: Sequence[Line] = ()
    earning: Sequence[Line] = ()  # the lines that may earn, as `Matcher.earning_lines` gives them


class Verdict(NamedTuple):
    """One campaign that was a candidate. `reason` names the first condition that failed: "" where it holds."""

    campaign: Campaign
    eligible: bool  # the audience holds
    holds: bool  # audience and `when` hold
    reason: str


class Matcher(Protocol):
    """Answers for one ruleset; every implementation gives the same answers."""

    def candidates(self, facts: Facts) -> Sequence[Verdict]:
        """The running campaigns on this event, in the ruleset's order. One that the index rules out may be left out.

        "Running": `state` is not paused and `time_ms` lies within the campaign's `from_ms` and `until_ms`.
        """

    def holds(self, condition: Condition | None, facts: Facts) -> bool:
        """Whether a condition holds; None always does."""

    def select(self, lines: LineSet, facts: Facts) -> Sequence[Line]:
        """The lines of the event that are in the set, in their order."""

    def earning_lines(self, facts: Facts) -> Sequence[Line]:
        """The lines that may earn: those which the programme's `earning.excluding` does not match."""


class Asked(NamedTuple):
    """The fields that some condition of a ruleset asks for, so that facts need not hold any other.

    `profile`, `attributes` (of sales), `outlet` and `payments` are names without their prefix; `time`, `member`, `balance`:
    whether any is asked.
    """

    time: bool
    member: bool
    balance: bool
    profile: tuple[str, ...]
    attributes: tuple[str, ...]
    outlet: tuple[str, ...]
    payments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """A ruleset in force with its matcher, as a step is given it. `salt` is the activation's (64 hex digits)."""

    ruleset: Ruleset
    matcher: Matcher
    salt: str = ""
    asked: Asked = field(init=False, repr=False)
    messages_on: Mapping[str, tuple[MessageRule, ...]] = field(init=False, repr=False)
    derived_of: Mapping[str, tuple[Derived, ...]] = field(init=False, repr=False)  # by counter
    definitions: Mapping[str, str] = field(init=False, repr=False)  # a digest of each counter's
    groups: Mapping[str, Group] = field(init=False, repr=False)
    accounts: Mapping[str, Account] = field(init=False, repr=False)
    renewed: Mapping[str, tuple[Account, ...]] = field(init=False, repr=False)  # by the type that renews them (B-4a)
    followed: frozenset[str] = field(init=False, repr=False)  # types that campaigns, counters or expiries are on
    campaigns: Mapping[str, Campaign] = field(init=False, repr=False)
    standing: Mapping[str, tuple[str, ...]] = field(
        init=False, repr=False
    )  # by campaign, what `when` asks and a sale does not say
    ladders: Mapping[str, LadderAsks] = field(init=False, repr=False)
    timetable: Timetable = field(init=False, repr=False)

    def __post_init__(self) -> None:
        programme = self.ruleset.programme
        computed = {
            "asked": _asked(self.ruleset),
            "messages_on": _by(self.ruleset.messages, lambda rule: rule.on),
            "derived_of": _by(programme.derived, lambda derived: derived.counter),
            "definitions": {counter.name: derive(repr(counter)) for counter in programme.counters},
            "groups": {group.name: group for group in programme.groups},
            "accounts": {account.name: account for account in programme.accounts},
            "renewed": _renewed(programme.accounts),
            "followed": frozenset(
                {campaign.on for campaign in self.ruleset.campaigns}
                | {counter.on for counter in programme.counters}
                | _renewed(programme.accounts).keys()
            ),
            "campaigns": {campaign.name: campaign for campaign in self.ruleset.campaigns},
            "standing": {campaign.name: _standing(campaign) for campaign in self.ruleset.campaigns},
            "ladders": {ladder.name: asks_of(ladder) for ladder in self.ruleset.ladders},
            "timetable": timetable_of(self.ruleset),
        }
        for name, value in computed.items():
            object.__setattr__(self, name, value)


def _by(values: Iterable[T], key: Callable[[T], str]) -> dict[str, tuple[T, ...]]:
    found: dict[str, tuple[T, ...]] = {}
    for value in values:
        found[key(value)] = (*found.get(key(value), ()), value)
    return found


def _renewed(accounts: Iterable[Account]) -> dict[str, tuple[Account, ...]]:
    found: dict[str, tuple[Account, ...]] = {}
    for account in accounts:
        for kind in dict.fromkeys(account.renewed_by):
            found[kind] = (*found.get(kind, ()), account)
    return found


def _asked(ruleset: Ruleset) -> Asked:
    asked: set[str] = set()
    for campaign in ruleset.campaigns:
        asked.update(fields_of(campaign.audience))
        asked.update(fields_of(campaign.when))
    for counter in ruleset.programme.counters:
        asked.update(fields_of(counter.when), () if counter.distinct is None else (counter.distinct,))
    return Asked(
        time=any(name.startswith("time.") for name in asked),
        member=any(name.startswith("member.") for name in asked),
        balance=any(name.startswith("balance.") for name in asked),
        profile=_below("member.profile.", asked),
        attributes=_below("transaction.attributes.", asked),
        outlet=_below("outlet.", asked),
        payments=_below("payments.", asked),
    )


def fields_of(condition: Condition | None) -> Iterator[str]:
    """The fields that a condition asks for."""
    match condition:
        case Test(field=name):
            yield name
        case AllOf(conditions) | NoneOf(conditions) | AnyOf(conditions):
            for part in conditions:
                yield from fields_of(part)


def _standing(campaign: Campaign) -> tuple[str, ...]:
    """The fields of `when` that are known neither from the sale nor from the rules: they stand as at the purchase (B-22)."""
    of_sale = {"transaction", "payments", "time", "outlet", *campaign.line_sets}
    asked = {name for name in fields_of(campaign.when) if name.split(".", 1)[0] not in of_sale}
    if "member.opted_in" in asked:
        asked = asked - {"member.opted_in"} | {"member.opt_ins"}
    return tuple(sorted(asked | {campaign.times} - {""}))


def _below(prefix: str, names: set[str]) -> tuple[str, ...]:
    return tuple(sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix)))

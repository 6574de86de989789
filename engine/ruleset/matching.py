"""The seam between deciding and matching: what is asked of a matcher, and what it is asked with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from engine.ruleset.model import AllOf, AnyOf, Campaign, Condition, LineSet, MessageRule, NoneOf, Ruleset, Test

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

    `profile` and `attributes` (of sales) are names without their prefix; `time`, `member`, `balance`: whether any is asked.
    """

    time: bool
    member: bool
    balance: bool
    profile: tuple[str, ...]
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """A ruleset in force with its matcher, as a step is given it. `salt` is the activation's (64 hex digits)."""

    ruleset: Ruleset
    matcher: Matcher
    salt: str = ""
    asked: Asked = field(init=False, repr=False)
    messages_on: Mapping[str, tuple[MessageRule, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "asked", _asked(self.ruleset))
        by_type: dict[str, tuple[MessageRule, ...]] = {}
        for rule in self.ruleset.messages:
            by_type[rule.on] = (*by_type.get(rule.on, ()), rule)
        object.__setattr__(self, "messages_on", by_type)


def _asked(ruleset: Ruleset) -> Asked:
    asked: set[str] = set()
    for campaign in ruleset.campaigns:
        asked.update(fields_of(campaign.audience))
        asked.update(fields_of(campaign.when))
    return Asked(
        time=any(name.startswith("time.") for name in asked),
        member=any(name.startswith("member.") for name in asked),
        balance=any(name.startswith("balance.") for name in asked),
        profile=_below("member.profile.", asked),
        attributes=_below("transaction.attributes.", asked),
    )


def fields_of(condition: Condition | None) -> Iterator[str]:
    """The fields that a condition asks for."""
    match condition:
        case Test(field=name):
            yield name
        case AllOf(conditions) | NoneOf(conditions) | AnyOf(conditions):
            for part in conditions:
                yield from fields_of(part)


def _below(prefix: str, names: set[str]) -> tuple[str, ...]:
    return tuple(sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix)))

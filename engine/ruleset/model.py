"""A compiled ruleset: every name resolved, every amount in minor units, every local time with its zone's table.

Values only; whoever reads one need not look anything up elsewhere. Campaigns stand in the total order of behaviour B-10.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.core.calendar import Expiry, Zone
from engine.ruleset.conditions import Condition, FieldType, LineSet
from engine.ruleset.effects import Effect
from engine.ruleset.limits import Counter, Derived, Group, Limit

SEMANTICS = 1  # version of the rules of deciding that a ruleset is compiled for


@dataclass(frozen=True, slots=True)
class Account:
    """What points are kept in."""

    name: str
    spendable: bool
    expires: Expiry | None
    worth_micro: int | None  # millionths of a minor unit that one point is worth; None where not said
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """A declared profile attribute."""

    name: str
    type: FieldType
    personal: bool


@dataclass(frozen=True, slots=True)
class TimeRules:
    """The programme's clock (B-16); all in milliseconds."""

    clock: Literal["wall", "events"]
    late_ms: int
    then: Literal["refuse", "accept"]
    ahead_ms: int
    week_starts: str = "monday"


@dataclass(frozen=True, slots=True)
class Earning:
    """What base amounts are counted on (B-12); `excluding` picks the lines that never earn."""

    on: Literal["amount", "amount_before_discounts"]
    excluding: Condition | None


@dataclass(frozen=True, slots=True)
class Programme:
    """The deployment's one programme."""

    name: str
    zone: Zone
    currency: str
    minor_digits: int
    accounts: tuple[Account, ...]  # the first one declared is the default
    attributes: tuple[Attribute, ...]
    earning: Earning
    time: TimeRules
    transaction_key: tuple[str, ...]
    modules: tuple[str, ...]  # those that are on
    counters: tuple[Counter, ...] = ()
    derived: tuple[Derived, ...] = ()
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign; `from_ms` and `until_ms` are half-open, None is open."""

    name: str
    title: str
    on: str  # an input type
    from_ms: int | None
    until_ms: int | None
    audience: Condition | None
    line_sets: Mapping[str, LineSet]
    when: Condition | None
    then: tuple[Effect, ...]
    otherwise: tuple[Effect, ...]
    base: bool
    priority: int
    state: Literal["live", "shadow", "paused"]
    group: str = ""  # "" for none
    limits: tuple[Limit, ...] = ()
    times: str = ""  # the derived field that says how many times over the effects are given (`every: 10`); "" for once


@dataclass(frozen=True, slots=True)
class Level:
    """A tier of a ladder, reached with `qualified` points earned in the ladder's account (0 for the lowest)."""

    tier: str
    qualified: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """Tiers in ascending order, by points earned in `account` in the period of their earning."""

    name: str
    account: str
    within: Literal["ever", "calendar_year"]
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class MessageRule:
    """A notification sent for each input or outcome of type `on` that `when` holds for.

    Of a tier event, `when` may ask for `tier.after`, `tier.before`, `tier.next` and `tier.ladder`.
    """

    name: str  # the trigger, and the template's name
    on: str
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Ruleset:
    """All rules of a programme. `digest` is of the canonical bytes without it and without `sources`."""

    digest: str
    semantics: int
    programme: Programme
    campaigns: tuple[Campaign, ...]
    ladders: tuple[Ladder, ...]
    messages: tuple[MessageRule, ...]

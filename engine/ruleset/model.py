"""A compiled ruleset: every name resolved, every amount in minor units, every local time with its zone's table.

Values only; whoever reads one need not look anything up elsewhere. Campaigns stand in the total order of behaviour B-10.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.core.calendar import Expiry, Zone

SEMANTICS = 1  # version of the rules of deciding that a ruleset is compiled for

Scalar = str | int | bool
FieldType = Literal["money", "points", "int", "text", "day", "month_day", "bool", "set"]
Op = Literal[
    "one_of",
    "not_one_of",
    "at_least",
    "at_most",
    "more_than",
    "less_than",
    "from",
    "before",
    "has",
    "has_any",
    "has_all",
    "has_none",
    "starts_with",
    "exists",
]


@dataclass(frozen=True, slots=True)
class Test:
    """One field against what it must be; does not hold where the field is missing (B-15), `exists: false` apart."""

    field: str
    type: FieldType
    op: Op
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of them holds."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least `at_least` of them hold (1 for `any`)."""

    conditions: tuple["Condition", ...]
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class NoneOf:
    """None of them holds; a test on a missing field counts as not holding."""

    conditions: tuple["Condition", ...]


Condition = Test | AllOf | AnyOf | NoneOf


@dataclass(frozen=True, slots=True)
class LineSet:
    """Lines that match, less those that `excluding` matches; `None` matches all, or excludes none. Fields are line fields: `category`, `attributes.x`."""

    including: Condition | None
    excluding: Condition | None


@dataclass(frozen=True, slots=True)
class Account:
    """What points are kept in."""

    name: str
    spendable: bool
    expires: Expiry | None
    worth_micro: int | None  # millionths of a minor unit that one point is worth; None where not said


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


@dataclass(frozen=True, slots=True)
class AwardPoints:
    """Fixed: `points`. A rate: `points` per `per_minor` of the amount of the lines in `of` (None: the whole transaction), floored once."""

    points: int
    account: str
    per_minor: int | None = None
    of: str | None = None  # a name in the campaign's line_sets
    expires: Expiry | None = None  # None: the account's own


@dataclass(frozen=True, slots=True)
class Notify:
    """Ask the messaging service for the message `message`."""

    message: str


Effect = AwardPoints | Notify


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
    """A notification sent for each input or outcome of type `on` that `when` holds for (fields `tier.after`, `tier.before`, `tier.next`, `tier.ladder`)."""

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

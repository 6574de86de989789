"""A compiled ruleset: every name resolved, every amount in minor units, every local time with its zone's table.

Values only; whoever reads one need not look anything up elsewhere. Campaigns stand in the total order of behaviour B-10.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.core.calendar import Expiry, Period, Zone
from engine.ruleset.achievements import Achievement
from engine.ruleset.conditions import Condition, FieldType, LineSet
from engine.ruleset.effects import Effect
from engine.ruleset.feedback import Feedback
from engine.ruleset.limits import Counter, Derived, Group, Limit
from engine.ruleset.promo_codes import PromoCodes
from engine.ruleset.reference import CurrencyRate, Quiet
from engine.ruleset.schedules import Schedule
from engine.ruleset.tiers import Criteria, LadderRules
from engine.ruleset.vouchers import Pool, Voucher

SEMANTICS = 2  # version of the rules of deciding that a ruleset is compiled for
UNREACHED = 1 << 62  # more than anybody earns


@dataclass(frozen=True, slots=True)
class Account:
    """What points are kept in."""

    name: str
    spendable: bool
    expires: Expiry | None
    worth_micro: int | None  # millionths of a minor unit that one point is worth; None where not said
    limits: tuple[Limit, ...] = ()
    renewed_by: tuple[str, ...] = ()  # sliding expiry (B-4a): these events move it; none: each lot has its own
    warn: tuple[Period, ...] = ()  # how long before they expire `points.expiring` says so (B-8)
    negative: Literal["never", "allowed"] = "never"  # B-6
    hold_for_ms: int | None = None  # how long a hold stands unless released or spent (B-7)


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
class Returns:
    """How long after a sale a return is accepted, and the grace that points get which come back past their expiry (B-24).

    `find_by`: whether a return may name the receipt alone, which costs a message a sale, or must name the member.
    """

    accept_for_ms: int
    spent_points_grace_ms: int
    find_by: Literal["receipt", "member"] = "receipt"


@dataclass(frozen=True, slots=True)
class Lockout:
    """Wrong codes in a row or in total that lock a member out for a time (B-42); None where that is not counted."""

    in_a_row: int | None
    in_total: int | None
    for_ms: int


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
    returns: Returns | None = None
    lockout: Lockout | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign; `from_ms` and `until_ms` are half-open, None is open. `on` is "schedule" where `schedule` says when."""

    name: str
    title: str
    on: str  # an input type, an outcome type, or `schedule`
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
    schedule: Schedule | None = None
    on_return: Literal["reverse", "keep"] = "reverse"  # B-22


@dataclass(frozen=True, slots=True)
class Level:
    """A tier of a ladder, reached with `qualified` points earned in the ladder's account (0 for the lowest).

    `reach` is all that reaches it where `qualified` alone does not say it, `stay` what keeps it at the end of its validity (None:
    what reaches it), `for_life` what keeps it for ever. A level that points of that account alone do not reach has UNREACHED.
    """

    tier: str
    qualified: int
    reach: Criteria | None = None
    stay: Criteria | None = None
    for_life: Criteria | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """Tiers in ascending order, by points earned in `account` ("" for none) in the period of their earning.

    `last` is the length of a moving window, `rules` what happens to a tier once it is reached.
    """

    name: str
    account: str
    within: Literal["ever", "calendar_year", "membership_year", "last"]
    levels: tuple[Level, ...]
    last: Period | None = None
    rules: LadderRules | None = None


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
    """All rules of a programme. `digest` is of the canonical bytes without it and without `sources`.

    `lists` are the values by name (where a condition asks `in` one, they stand written out in its test), `outlets` the texts by
    outlet code and column, `zones` the tables of the zones that outlets and quiet hours name.
    """

    digest: str
    semantics: int
    programme: Programme
    campaigns: tuple[Campaign, ...]
    ladders: tuple[Ladder, ...]
    messages: tuple[MessageRule, ...]
    achievements: tuple[Achievement, ...] = ()
    vouchers: tuple[Voucher, ...] = ()
    pools: tuple[Pool, ...] = ()
    promo_codes: tuple[PromoCodes, ...] = ()
    feedback: Feedback | None = None
    quiet: Quiet | None = None
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outlets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rates: tuple[CurrencyRate, ...] = ()
    zones: Mapping[str, Zone] = field(default_factory=dict)

"""How often and how much: limits of campaigns, groups that choose between campaigns, counters with their windows."""

from dataclasses import dataclass
from typing import Literal

from engine.core.calendar import Period
from engine.ruleset.conditions import Condition, LineSet

CalendarUnit = Literal["day", "week", "month", "quarter", "year"]


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a count looks back on.

    `last` a period, `this` calendar unit, `during` the campaign (between its bounds), `since` the member's enrolment, tier start or
    opt-in, or `ever`. Bounds are half-open instants.
    """

    kind: Literal["last", "this", "during", "since", "ever"]
    period: Period | None = None  # of `last`
    unit: CalendarUnit | None = None  # of `this`
    since: Literal["enrolment", "tier_start", "opt_in"] | None = None
    campaign: str | None = None  # whose runs, or whose opt-in
    from_ms: int | None = None  # of `during`
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Counter:
    """What is counted of a member's events. `distinct` counts different values of a field; else `add` says what each event adds."""

    name: str
    on: str
    lines: LineSet | None
    when: Condition | None
    add: Literal["one", "pieces", "count", "amount", "points"]
    distinct: str | None
    keep: Period


@dataclass(frozen=True, slots=True)
class Derived:
    """A field that is computed from a counter before conditions are asked, the event being decided included.

    `value`: the count in the window. `before`: the count without this event. `passed`: how many multiples of `argument`
    this event passed, against the highest count ever reached (B-17a). `streak`: for how many calendar units in a row, this
    one included, the count of each was at least `argument`.
    """

    field: str
    counter: str
    kind: Literal["value", "before", "passed", "streak"]
    window: Window
    argument: int = 0


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `amount` times, points or minor units of budget, for each `per`, in each `window`; or not again within a period.

    A `times` limit is the whole campaign's, the others are of its awards. `over`: give what is left, or nothing of that award.
    """

    kind: Literal["times", "points", "budget", "not_within"]
    amount: int
    per: Literal["member", "campaign", "outlet", "referrer", "code", "list"]
    window: Window
    over: Literal["refuse", "clamp"]
    not_within: Period | None = None
    paid_by: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Which of its campaigns give (B-11): all, the first in order, or the one worth most or least; as a whole or line by line."""

    name: str
    keep: Literal["all", "first", "highest", "lowest"]
    scope: Literal["transaction", "line"]
    limits: tuple[Limit, ...] = ()

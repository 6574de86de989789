"""What reaches a tier, how long it stands, and what happens at its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.core.calendar import Period
from engine.ruleset.effects import Effect


@dataclass(frozen=True, slots=True)
class Criterion:
    """`at_least` points earned in an account, or counted by a counter, in the ladder's period."""

    of: Literal["account", "counter"]
    name: str
    at_least: int


@dataclass(frozen=True, slots=True)
class Criteria:
    """Met where all criteria of one of the ways are."""

    ways: tuple[tuple[Criterion, ...], ...]


@dataclass(frozen=True, slots=True)
class Validity:
    """A tier reached stands until the end of this year or the next, or for a period, rounded up; `plus` is added."""

    until: Literal["end_of_year", "end_of_next_year"] | None
    period: Period | None
    round: Literal["none", "end_of_month", "end_of_quarter", "end_of_year"] = "none"
    plus: Period | None = None


@dataclass(frozen=True, slots=True)
class AtEnd:
    """Where a tier that was not qualified for again goes, after a grace; `warn` is how long before the end that is said (B-29)."""

    move: Literal["one_down", "to_qualifying", "hold"]
    grace: Period | None = None
    warn: tuple[Period, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """What entering a tier gives, once per member and level, or `again` each time."""

    effects: tuple[Effect, ...]
    again: bool = False


@dataclass(frozen=True, slots=True)
class LadderRules:
    """What happens to a tier once it is reached; `valid` of None is for ever."""

    valid: Validity | None = None
    on_reaching: Literal["keep", "restart", "carry_excess"] = "keep"
    at_end: AtEnd = AtEnd("one_down")
    on_return: Literal["reverse_upgrade", "at_period_end", "never"] = "reverse_upgrade"
    on_entering: Mapping[str, Entry] | None = None

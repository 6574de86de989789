"""Feedback on offers at outlets: how claims are checked, who counts once, and when a merchant is reported."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.ruleset.limits import CalendarUnit

Check = Literal["attempts", "validity", "none"]


@dataclass(frozen=True, slots=True)
class FeedbackType:
    """How a claim is checked (B-48); `within_ms` is how far back redemption attempts are looked for."""

    check: Check
    within_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """Raised once where so many people in the last `last_ms` say so of one outlet, merchant, offer or issuer (B-49).

    `confirmed_percent` of the claims must be confirmed; it is cleared below `clear_below` people.
    """

    of: Literal["outlet", "merchant", "offer", "issuer"]
    people: int
    last_ms: int
    clear_below: int
    alert_class: Literal["training", "possible_fraud"]
    confirmed_percent: int = 0
    types: tuple[str, ...] = ()  # of feedback; none: all


@dataclass(frozen=True, slots=True)
class Feedback:
    """Types by name; one person counts once per `once_per` and `once_each` (None: once for ever)."""

    types: Mapping[str, FeedbackType]
    radius_m: int
    once_per: tuple[Literal["person", "offer", "outlet"], ...]
    once_each: CalendarUnit | None
    alerts: tuple[Alert, ...]

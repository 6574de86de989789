"""A test beside the rules as values: what is given, what comes step by step, and what must happen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.decide.members.standing import Standing
from engine.rulebook.diagnostics import Place


class Thing(NamedTuple):
    """Something that can happen, in the words of the language: `award_points` into `points`, `issue_voucher` of `free-refill`."""

    effect: str
    what: str = ""
    campaign: str = ""  # "" where it does not matter which, or none did


Things = Mapping[Thing, int]  # points, or how many times


@dataclass(frozen=True, slots=True)
class Expected:
    """What a step must cause, completely.

    `because`: the first condition, limit or group that stood against a campaign. `refused`: why the event may not be done.
    `by_campaign`: whether things are told apart by their campaigns.
    """

    place: Place
    things: Things
    because: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    by_campaign: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """An event, or where `type` is "" only time that passes. `awaits`: later work that it needs, by name.

    `expected` of None is a step that only prepares the next.
    """

    place: Place
    said: str  # the step as its author calls it: `transaction`, `after 31 days`
    at_ms: int
    type: str
    payload: Mapping[str, Any]
    expected: Expected | None
    awaits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One example. `member` is None where nobody is enrolled at its beginning."""

    place: Place
    name: str
    member: Standing | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one file: of one campaign alone, or with `campaign` of "" of the whole programme."""

    path: str
    campaign: str
    cases: tuple[Case, ...]

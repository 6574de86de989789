"""The seam between deciding and matching: what is asked of a matcher, and what it is asked with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from engine.ruleset.model import Campaign, Condition, LineSet, Ruleset

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


@dataclass(frozen=True, slots=True)
class Rules:
    """A ruleset in force with its matcher, as a step is given it. `salt` is the activation's (64 hex digits)."""

    ruleset: Ruleset
    matcher: Matcher
    salt: str = ""

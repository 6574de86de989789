"""A matcher that tells what it was asked about, so that a decision can be explained."""

from collections.abc import Sequence

from engine.ruleset.conditions import Condition, LineSet
from engine.ruleset.matching import Facts, Line, Matcher, Verdict


class Watching:
    """A matcher that remembers what it was asked about; answers as the one it stands for."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self.asked: list[Facts] = []

    def candidates(self, facts: Facts) -> Sequence[Verdict]:
        """The campaigns that are candidates."""
        self.asked.append(facts)
        return self._matcher.candidates(facts)

    def holds(self, condition: Condition | None, facts: Facts) -> bool:
        """Whether a condition holds."""
        return self._matcher.holds(condition, facts)

    def select(self, lines: LineSet, facts: Facts) -> Sequence[Line]:
        """The lines of the event that are in the set."""
        return self._matcher.select(lines, facts)

    def earning_lines(self, facts: Facts) -> Sequence[Line]:
        """The lines that may earn."""
        return self._matcher.earning_lines(facts)

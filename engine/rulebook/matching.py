"""What is worth saying of how campaigns are matched, once they are compiled."""

from collections.abc import Callable

from engine.rulebook.compiler import Compiled
from engine.rulebook.diagnostics import Diagnostic, Place, Report
from engine.ruleset.model import Campaign


def left_to_plain(compiled: Compiled, unsuitable: Callable[[Campaign], str | None]) -> tuple[Diagnostic, ...]:
    """An info for each campaign whose shape durable-rules is not given; `unsuitable` says why, or None where it is."""
    report = Report()
    for campaign in () if compiled.ruleset is None else compiled.ruleset.campaigns:
        if reason := unsuitable(campaign):
            message = f"the plain matcher keeps this campaign to itself: {reason}"
            report.add("rete-left-to-plain", Place(f"campaigns/{campaign.name}.yaml"), message)
    return report.sorted()

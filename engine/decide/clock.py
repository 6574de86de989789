"""The programme's clock by command: only where it follows the events, in imports, demos and tests."""

from engine.core.records import Event
from engine.decide.draft import Draft
from engine.decide.repeats import seen_before
from engine.decide.settling import refused, settled

ADVANCE = "clock.advance_requested"


def advance(draft: Draft, event: Event) -> None:
    """Asks every partition's clock to go on to an instant, working off what is due by then."""
    if seen_before(draft, event):
        return
    if draft.rules.ruleset.programme.time.clock != "events":
        refused(draft, event, "module_disabled")
        return
    draft.advance_to_ms = event.data["to"]
    settled(draft, event)

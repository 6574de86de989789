"""Feedback and alerts."""

from engine.core.instants import HOUR_MS
from engine.rulebook.emission.conditions import entries, given, values
from engine.rulebook.shapes import Part
from engine.ruleset.feedback import Alert, Feedback, FeedbackType

_RADIUS_M = 300
_PERCENT = 100  # hundredths of a percent in one
_ONCE_PER = ("person", "offer", "outlet")


def feedback(part: Part) -> Feedback:
    """The file of feedback."""
    alerts = part.get("alerts")
    return Feedback(
        types={name: _type(named.part) for name, named in sorted(entries(part.get("feedback"), "types").items())},
        radius_m=given(part.read("feedback", "radius"), value=_RADIUS_M),
        once_per=values(part, "feedback", "once", "per") or _ONCE_PER,
        once_each=part.read("feedback", "once", "each"),
        alerts=tuple(_alert(each) for each in alerts.items) if alerts else (),
    )


def _type(part: Part) -> FeedbackType:
    check = part.read("check")
    return FeedbackType(check, given(part.read("within"), value=2 * HOUR_MS) if check == "attempts" else None)


def _alert(part: Part) -> Alert:
    return Alert(
        of=part.read("of"),
        people=part.read("people"),
        last_ms=part.read("last"),
        clear_below=part.read("clear_below"),
        alert_class=part.read("class"),
        confirmed_percent=(part.read("confirmed_percent") or 0) // _PERCENT,
        types=values(part, "types"),
    )

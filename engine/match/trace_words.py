"""A condition that was asked, in words: what it saw, and what it asks of its parts."""

from engine.match.trace import Traced
from engine.ruleset.conditions import AllOf, AnyOf, NoneOf, Test
from engine.ruleset.wording.words import Words


def seen_text(traced: Traced, words: Words) -> str:
    """The value that a test saw."""
    if not isinstance(traced.condition, Test):
        return ""
    text = f"seen: {words.value(traced.condition, traced.value)}"
    if traced.lines is not None:
        text += f" (lines {', '.join(traced.lines)})" if traced.lines else " (no line)"
    return text


def heading(traced: Traced) -> str:
    """What a condition asks of its parts; "" of a test."""
    match traced.condition:
        case AllOf():
            return "all of"
        case NoneOf():
            return "none of"
        case AnyOf(at_least=1):
            return "any of"
        case AnyOf(at_least=count):
            return f"at least {count} of"
        case _:
            return ""

"""Which matcher a ruleset gets. Both give the same answers, so workers need not agree on one."""

from typing import Literal

from engine.errors import UsageError
from engine.match.plain import PlainMatcher
from engine.match.rete import MISSING, ReteMatcher, installed
from engine.ruleset.matching import Matcher
from engine.ruleset.model import Ruleset

Setting = Literal["auto", "rete", "plain"]


def matcher_for(ruleset: Ruleset, setting: Setting) -> Matcher:
    """The matcher of a ruleset. Raises UsageError where `rete` is asked for and durable-rules is not installed.

    `auto` takes whichever `make bench` shows to be faster for the shape of the rules: plain, for every shape measured (ADR 10).
    """
    return ReteMatcher(ruleset) if setting == "rete" else PlainMatcher(ruleset)


def said_of(setting: Setting) -> str:
    """What a worker says once of its matcher as it starts. Raises UsageError as `matcher_for` does."""
    if setting == "rete" and not installed():
        raise UsageError(MISSING)
    match setting:
        case "auto" if installed():
            return "matcher plain: auto takes the faster one"
        case "auto":
            return "matcher plain: auto takes the faster one, and durable-rules is not installed"
        case _:
            return f"matcher {setting}, as set"

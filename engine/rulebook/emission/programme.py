"""The programme and what it declares."""

from collections.abc import Mapping
from typing import Any

from engine.core.calendar import Period
from engine.core.instants import DAY_MS, MINUTE_MS
from engine.rulebook.currencies import DIGITS
from engine.rulebook.emission.conditions import condition, entries, expiry, given, limits, line_set, values
from engine.rulebook.emission.context import Context
from engine.rulebook.shapes import Part
from engine.rulebook.zones import zone_table
from engine.ruleset.limits import Counter, Group
from engine.ruleset.model import Account, Attribute, Earning, Lockout, Programme, Returns, TimeRules

_KEPT = Period(24, "months")  # what a counter remembers unless it says otherwise
_ACCEPTED_DAYS = 400
_ADD: Mapping[str, Any] = {"1": "one"}  # what the model calls the word of the file


def programme(part: Part, context: Context) -> Programme:
    """The programme; `derived` is what was collected so far, so it is made last."""
    currency = part.read("currency")
    key = part.get("transaction_key")
    counters = tuple(counter(name, named.part, context) for name, named in sorted(entries(part, "counters").items()))
    return Programme(
        name=part.read("programme"),
        zone=zone_table(part.read("zone")),
        currency=currency,
        minor_digits=DIGITS[currency],
        accounts=tuple(account(name, named.part) for name, named in entries(part, "accounts").items()),
        attributes=tuple(attribute(name, named.part) for name, named in sorted(entries(part, "attributes").items())),
        earning=earning(part.get("earning"), context),
        time=time_rules(part.get("time")),
        transaction_key=tuple(item.value for item in key.items) if key else ("transaction_id",),
        modules=tuple(sorted(name for name, named in entries(part, "modules").items() if named.part.value == "on")),
        counters=counters,
        derived=tuple(context.derived[name] for name in sorted(context.derived)),
        groups=tuple(group(name, named.part) for name, named in sorted(entries(part, "groups").items())),
        returns=_returns(part.get("returns")),
        lockout=_lockout(part.get("lockout")),
    )


def account(name: str, part: Part) -> Account:
    """An account of the programme."""
    return Account(
        name,
        spendable=given(part.read("spendable"), value=True),
        expires=expiry(part.get("expires")),
        worth_micro=part.read("worth"),
        limits=limits(part.get("limits")),
        renewed_by=values(part, "expires", "without"),
        warn=values(part, "warn"),
        negative=part.read("negative") or "never",
        hold_for_ms=part.read("hold_for"),
    )


def attribute(name: str, part: Part) -> Attribute:
    """A declared attribute of the profile."""
    return Attribute(name, part.read("type"), personal=given(part.read("personal"), value=False))


def counter(name: str, part: Part, context: Context) -> Counter:
    """A counter."""
    lines = part.get("lines")
    add = part.read("add") or "1"
    return Counter(
        name=name,
        on=part.read("on"),
        lines=None if lines is None else line_set(lines, context),
        when=condition(part.read("when"), context),
        add=_ADD.get(add, add),
        distinct=part.read("distinct"),
        keep=part.read("keep") or _KEPT,
    )


def group(name: str, part: Part) -> Group:
    """A group of campaigns."""
    return Group(name, part.read("keep"), part.read("scope") or "transaction", limits(part.get("limits")))


def earning(part: Part | None, context: Context) -> Earning:
    """What base amounts are counted on."""
    if part is None:
        return Earning("amount", None)
    return Earning(part.read("on") or "amount", condition(part.read("except"), context))


def time_rules(part: Part | None) -> TimeRules:
    """The programme's clock."""
    if part is None:
        return TimeRules("wall", 30 * DAY_MS, "refuse", 15 * MINUTE_MS)
    return TimeRules(
        part.read("clock") or "wall",
        given(part.read("late"), value=30 * DAY_MS),
        part.read("then") or "refuse",
        given(part.read("ahead"), value=15 * MINUTE_MS),
        part.read("week_starts") or "monday",
    )


def _returns(part: Part | None) -> Returns | None:
    if part is None:
        return None
    accepted = given(part.read("accept_for"), value=_ACCEPTED_DAYS * DAY_MS)
    return Returns(accepted, part.read("spent_points_grace") or 0, part.read("find_by") or "receipt")


def _lockout(part: Part | None) -> Lockout | None:
    return Lockout(part.read("in_a_row"), part.read("in_total"), part.read("for")) if part else None

"""Compiled values in words: amounts, times and conditions as their authors write them.

What has no words of its own is shown field by field, so that nothing of a ruleset is ever left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from engine.core.calendar import Expiry, Period, Zone
from engine.ruleset.conditions import AllOf, AnyOf, Condition, LineSet, NoneOf, Test
from engine.ruleset.effects import (
    AddTag,
    AwardPoints,
    Bundle,
    Effect,
    Emit,
    Fixed,
    How,
    IssueCode,
    IssueVoucher,
    Multiple,
    Notify,
    Pending,
    Rate,
    RemoveTag,
    SetAttribute,
    SetTier,
    Steps,
)
from engine.ruleset.limits import Limit, Window
from engine.ruleset.model import Programme
from engine.ruleset.schedules import After, Every, Silent, Yearly
from engine.ruleset.tiers import Criteria
from engine.ruleset.wording.parts import criteria, schedule
from engine.ruleset.wording.texts import duration, expiry, local_text, period, plain

_OPS = {
    "at_least": "at least",
    "at_most": "at most",
    "more_than": "more than",
    "less_than": "less than",
    "from": "from",
    "before": "before",
    "has": "has",
    "has_any": "has any of",
    "has_all": "has all of",
    "has_none": "has none of",
    "starts_with": "starts with",
}
_MINUTES = 60
_THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Words:
    """Says values of one programme: its currency's digits and its zone decide how they look."""

    programme: Programme

    # -- single values

    def money(self, minor: int) -> str:
        """Minor units as people write them: 2400 is 24.00."""
        digits = self.programme.minor_digits
        if not digits:
            return str(minor)
        whole, rest = divmod(abs(minor), 10**digits)
        return f"{'-' if minor < 0 else ''}{whole}.{rest:0{digits}d}"

    def time(self, instant_ms: int) -> str:
        """An instant in the programme's zone: the day alone at midnight."""
        return local_text(instant_ms, self.programme.zone)

    def last_day(self, until_ms: int) -> str:
        """The end of a run as it is written: the last day inside, or the local time."""
        text = self.time(until_ms)
        return text if "T" in text else self.time(until_ms - 1)[: len("2026-11-01")]

    def value(self, test: Test, value: Any) -> str:  # noqa: ANN401 - whatever an event carries
        """A value as one that is compared with this test's."""
        if value is None:
            return "missing"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, tuple | list):
            return ", ".join(map(str, value)) if value else "none"
        if test.type == "money" and isinstance(value, int):
            return self.money(value)
        if test.field.endswith(".clock") and isinstance(value, int):
            return f"{value // _MINUTES:02d}:{value % _MINUTES:02d}"
        return str(value)

    # -- conditions

    def asked(self, test: Test) -> str:
        """What a test asks of its field."""
        if test.op == "exists":
            return "is there" if test.values[0] else "is missing"
        # an attribute that nothing declares is compared as text and as what it looks like: the same words once
        said = dict.fromkeys(self.value(test, value) for value in test.values)
        values, several = ", ".join(said), len(said) > 1
        match test.op:
            case "one_of":
                return f"one of {values}" if several else f"is {values}"
            case "not_one_of":
                return f"none of {values}" if several else f"is not {values}"
            case op:
                return f"{_OPS.get(op, op.replace('_', ' '))} {values}"

    def condition(self, condition: Condition | None) -> str:
        """A whole condition on one line."""
        match condition:
            case None:
                return "always"
            case Test(field):
                return f"{field} {self.asked(condition)}"
            case AllOf(parts):
                return " and ".join(map(self._inner, parts))
            case AnyOf(parts, 1):
                return " or ".join(map(self._inner, parts))
            case AnyOf(parts, at_least):
                return f"at least {at_least} of: {'; '.join(map(self.condition, parts))}"
            case NoneOf(parts):
                return f"none of: {'; '.join(map(self.condition, parts))}"
            case other:
                return self.anything(other)

    def _inner(self, condition: Condition) -> str:
        text = self.condition(condition)
        return text if isinstance(condition, Test) else f"({text})"

    def lines(self, lines: LineSet) -> str:
        """A set of lines."""
        text = "all lines" if lines.including is None else self.condition(lines.including)
        return text if lines.excluding is None else f"{text}, except {self.condition(lines.excluding)}"

    # -- effects and limits

    def effect(self, effect: Effect) -> str:
        """An effect with all that it says."""
        match effect:
            case AwardPoints():
                return self._award(effect)
            case AddTag(tag):
                return f"add_tag {tag}"
            case RemoveTag(tag):
                return f"remove_tag {tag}"
            case SetAttribute(attribute, value):
                return f"set_attribute {attribute} to {self.anything(value)}"
            case Notify(message):
                return f"notify {message}"
            case Emit(name, data):
                said = ", ".join(f"{key} {self.anything(value)}" for key, value in sorted(data.items()))
                return f"emit {name}{f' with {said}' if said else ''}"
            case IssueVoucher(voucher, after, one_of):
                when = "" if after is None else f" after {period(after)}"
                return f"issue_voucher {voucher}{when}{f' with a chance of 1 of {one_of}' if one_of > 1 else ''}"
            case IssueCode(name):
                return f"issue_code of {name}"
            case SetTier(ladder, tier, until):
                return f"set_tier {ladder} {tier}{'' if until is None else f' for {period(until)}'}"
            case other:
                return self.anything(other)

    def _award(self, effect: AwardPoints) -> str:
        parts = [f"{effect.account} {self.how(effect.how)}"]
        if effect.expires is not None:
            parts.append(f"expiring {expiry(effect.expires)}")
        if effect.pending is not None:
            parts.append(self._pending(effect.pending))
        if effect.to != "member":
            parts.append(f"to the {effect.to}")
        return ", ".join(parts)

    def how(self, how: How) -> str:
        """How many points."""
        match how:
            case Fixed(points):
                return str(points)
            case Rate(points, per_minor, of, each_line):
                return f"{points} per {self.money(per_minor)}{_of(of)}{', line by line' if each_line else ''}"
            case Steps(points, every_minor, of):
                return f"{points} for every full {self.money(every_minor)}{_of(of)}"
            case Bundle(points, pieces, at_most):
                bundle = " and ".join(f"{count} of {name}" for name, count in sorted(pieces.items()))
                return f"{points} for each {bundle}{'' if at_most is None else f', at most {at_most} times'}"
            case Multiple(thousandths, of):
                whole, rest = divmod(thousandths, _THOUSAND)
                return f"{whole}{f'.{rest:03d}'.rstrip('0') if rest else ''} times base{_of(of)}"
            case other:
                return self.anything(other)

    def _pending(self, pending: Pending) -> str:
        if pending.period is not None:
            return f"pending for {period(pending.period)}"
        lapse = "" if pending.or_lapse is None else f", lapsing after {period(pending.or_lapse)}"
        return f"pending until {pending.until_activity}{lapse}"

    def limit(self, limit: Limit) -> str:
        """A limit."""
        paid = f", paid by {limit.paid_by}" if limit.paid_by else ""
        if limit.not_within is not None:
            return f"not again within {period(limit.not_within)} per {limit.per}{paid}"
        amount = self.money(limit.amount) if limit.kind == "budget" else str(limit.amount)
        usual = "refuse" if limit.kind == "times" else "clamp"
        over = "" if limit.over == usual else f", over: {limit.over}"
        return f"at most {amount} {limit.kind} per {limit.per}{self.window(limit.window)}{over}{paid}"

    def window(self, window: Window) -> str:
        """The time that a count looks back on, beginning with a blank; "" for ever."""
        match window.kind:
            case "this":
                return f" each {window.unit}"
            case "last" if window.period is not None:
                return f" in the last {period(window.period)}"
            case "since":
                return f" since {(window.since or '').replace('_', ' ')}"
            case "during":
                return f" during {window.campaign or 'the campaign'}"
            case _:
                return ""

    # -- all else

    def anything(self, value: Any) -> str:  # noqa: ANN401 - any value of a ruleset
        """Any value of the model; one without words of its own field by field."""
        match value:
            case None | () | "":
                return "none"
            case bool():
                return "true" if value else "false"
            case Mapping():
                return ", ".join(f"{key}: {self.anything(each)}" for key, each in sorted(value.items())) or "none"
            case tuple() | list():
                return "; ".join(map(self.anything, value))
            case _ if is_dataclass(value):
                return self._dataclass(value)
            case _:
                return str(value)

    def _dataclass(self, value: Any) -> str:  # noqa: ANN401 - any dataclass of the model
        match value:
            case Zone(name=name):
                return name
            case Period():
                return period(value)
            case Expiry():
                return expiry(value)
            case LineSet():
                return self.lines(value)
            case Test() | AllOf() | AnyOf() | NoneOf():
                return self.condition(value)
            case Limit():
                return self.limit(value)
            case Criteria():
                return criteria(value)
            case Every() | Yearly() | Silent() | After():
                return schedule(value)
            case _:
                return self._fields(value)

    def field(self, name: str, value: Any) -> str:  # noqa: ANN401 - any value of a ruleset
        """A value of the model by the unit that its field's name ends with."""
        if isinstance(value, int) and not isinstance(value, bool):
            if name.endswith("_minor"):
                return self.money(value)
            if name in ("late_ms", "ahead_ms"):
                return duration(value)
            if name == "worth_micro":
                digits = self.programme.minor_digits + 6
                return f"{value // 10**digits}.{value % 10**digits:0{digits}d}".rstrip("0").rstrip(".")
            if name == "until_ms":
                return self.last_day(value)
            if name.endswith("_ms"):
                return self.time(value)
        return self.anything(value)

    def _fields(self, value: Any) -> str:  # noqa: ANN401 - any dataclass of the model
        said = [
            f"{plain(each.name)} {self.field(each.name, getattr(value, each.name))}"
            for each in fields(value)
            if getattr(value, each.name) not in (None, (), "", {})
        ]
        return ", ".join(said) or type(value).__name__


def _of(name: str | None) -> str:
    return "" if name is None else f" of {name}"

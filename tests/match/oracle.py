"""What a matcher must answer, written as plainly as can be: no closures, no index, everything looked up anew."""

from collections.abc import Mapping
from typing import Any

from engine.ruleset.conditions import AllOf, AnyOf, Condition, LineSet, NoneOf, Test
from engine.ruleset.matching import Facts, Line
from engine.ruleset.model import Campaign


def running(campaign: Campaign, facts: Facts) -> bool:
    return (
        campaign.state != "paused"
        and campaign.on == facts.on
        and (campaign.from_ms is None or campaign.from_ms <= facts.time_ms)
        and (campaign.until_ms is None or facts.time_ms < campaign.until_ms)
    )


def verdict(campaign: Campaign, facts: Facts) -> tuple[bool, bool]:
    """Eligible, and holds."""
    eligible = holds(campaign.audience, facts, campaign)
    return eligible, eligible and holds(campaign.when, facts, campaign)


def holds(condition: Condition | None, facts: Facts, campaign: Campaign) -> bool:
    match condition:
        case None:
            return True
        case Test():
            return passes(condition, event_value(condition.field, facts, campaign))
        case AllOf(parts):
            return all(holds(part, facts, campaign) for part in parts)
        case AnyOf(parts, at_least):
            return sum(holds(part, facts, campaign) for part in parts) >= at_least
        case NoneOf(parts):
            return not any(holds(part, facts, campaign) for part in parts)


def event_value(field: str, facts: Facts, campaign: Campaign) -> Any:
    if field == "member.opted_in":
        opt_ins = facts.fields.get("member.opt_ins")
        return None if opt_ins is None else campaign.name in opt_ins
    name, _, measure = field.rpartition(".")
    if name in campaign.line_sets:
        lines = [line for line in facts.lines if in_set(campaign.line_sets[name], line)]
        return {
            "pieces": sum(line["quantity"] for line in lines),
            "count": len(lines),
            "amount": sum(line["amount_minor"] for line in lines),
            "distinct_skus": len({line["sku"] for line in lines}),
        }[measure]
    return facts.fields.get(field)


def in_set(lines: LineSet, line: Line) -> bool:
    included = lines.including is None or line_holds(lines.including, line)
    return included and not (lines.excluding is not None and line_holds(lines.excluding, line))


def line_holds(condition: Condition, line: Line) -> bool:
    match condition:
        case Test(field):
            return passes(condition, line_value(field, line))
        case AllOf(parts):
            return all(line_holds(part, line) for part in parts)
        case AnyOf(parts, at_least):
            return sum(line_holds(part, line) for part in parts) >= at_least
        case NoneOf(parts):
            return not any(line_holds(part, line) for part in parts)


def line_value(field: str, line: Line) -> Any:
    attributes: Mapping[str, Any] = line.get("attributes") or {}
    if field.startswith("attributes."):
        return attributes.get(field.split(".", 1)[1])
    if field == "unit_price":
        return line["amount_minor"] // line["quantity"] if line["quantity"] else None
    return line.get({"pieces": "quantity", "amount": "amount_minor", "discount": "discount_minor"}.get(field, field))


def passes(test: Test, value: Any) -> bool:
    if test.op == "exists":
        return (value is not None) == test.values[0]
    if value is None:
        return False
    same = [type(value) is type(wanted) and value == wanted for wanted in test.values]
    match test.op:
        case "one_of":
            return any(same)
        case "not_one_of":
            return not any(same)
        case "starts_with":
            return isinstance(value, str) and any(value.startswith(str(wanted)) for wanted in test.values)
        case "has" | "has_any":
            return isinstance(value, tuple) and any(wanted in value for wanted in test.values)
        case "has_all":
            return isinstance(value, tuple) and all(wanted in value for wanted in test.values)
        case "has_none":
            return isinstance(value, tuple) and not any(wanted in value for wanted in test.values)
        case _:
            return ordered(test, value)


def ordered(test: Test, value: Any) -> bool:
    bound: Any = test.values[0]
    if type(value) is not (str if test.type in ("text", "day", "month_day") else int):
        return False
    results: dict[str, bool] = {
        "at_least": value >= bound,
        "from": value >= bound,
        "at_most": value <= bound,
        "more_than": value > bound,
        "less_than": value < bound,
        "before": value < bound,
    }
    return results[test.op]

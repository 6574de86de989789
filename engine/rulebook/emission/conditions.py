"""Conditions, sets of lines and limits."""

from dataclasses import replace
from typing import Any

from engine.core.calendar import Expiry
from engine.rulebook.drafts import Counted, Draft, FieldDraft, GroupDraft, IsDraft
from engine.rulebook.emission.context import Context
from engine.rulebook.shapes import Part
from engine.ruleset.conditions import AllOf, AnyOf, Condition, LineSet, NoneOf, Test
from engine.ruleset.limits import Limit, Window


def condition(draft: Draft | None, context: Context) -> Condition | None:
    """The condition, names under `define` written out; None for none."""
    match draft:
        case None:
            return None
        case IsDraft(name):
            return condition(context.definitions[name.text], context)
        case FieldDraft(counted=counted) if counted is not None:
            return _counted(draft, counted, context)
        case FieldDraft(tests=tests, around=around):
            if len(tests) == 1:
                return tests[0]
            return AnyOf(tests) if around else AllOf(tests)
        case GroupDraft(kind, _, parts, needed):
            made = [each for each in (condition(part, context) for part in parts) if each is not None]
            return _group(kind, made, needed)


def _counted(draft: FieldDraft, counted: Counted, context: Context) -> Condition:
    match counted.how:
        case "reaches":
            before, value = context.derive(counted, "before"), context.derive(counted, "value")
            return AllOf(
                (
                    Test(before, "int", "less_than", (counted.argument,)),
                    Test(value, "int", "at_least", (counted.argument,)),
                )
            )
        case "every":
            return Test(context.derive(counted, "passed"), "int", "at_least", (1,))
        case "streak":
            return Test(context.derive(counted, "streak"), "int", "at_least", (counted.needed,))
        case "value":
            field = context.derive(counted, "value")
            tests = tuple(replace(test, field=field) for test in draft.tests)
            return tests[0] if len(tests) == 1 else AllOf(tests)


def multiples(draft: Draft | None, context: Context) -> str:
    """The field of the `every` that a condition asks for, which says how many times the effects are given; "" for none."""
    match draft:
        case FieldDraft(counted=counted) if counted is not None and counted.how == "every":
            return context.derive(counted, "passed")
        case GroupDraft(parts=parts):
            return next((found for part in parts if (found := multiples(part, context))), "")
        case IsDraft(name):
            return multiples(context.definitions[name.text], context)
        case _:
            return ""


def _group(kind: str, parts: list[Condition], needed: int) -> Condition:
    match kind:
        case "all" if len(parts) == 1:
            return parts[0]
        case "all":
            return AllOf(
                tuple(inner for part in parts for inner in (part.conditions if isinstance(part, AllOf) else (part,)))
            )
        case "any":
            return AnyOf(tuple(parts), needed)
        case _:
            return NoneOf(tuple(parts))


def line_set(part: Part | None, context: Context) -> LineSet:
    """A set of lines; None is all of them."""
    if part is None:
        return LineSet(None, None)
    including, excluding = part.value
    return LineSet(condition(including, context), condition(excluding, context))


def expiry(part: Part | None) -> Expiry | None:
    """When points expire; None for never, or for as the account says."""
    return Expiry(part.read("after"), part.read("round") or "none") if part else None


def limits(part: Part | None) -> tuple[Limit, ...]:
    """Limits; a member's where they do not say whose."""
    return tuple(_limit(each) for each in part.items) if part else ()


def _limit(part: Part) -> Limit:
    kinds = ("times", "points", "budget", "not_within")
    kind = next(each for each in kinds if part.get(each) is not None)
    each, last = part.read("each"), part.read("last")
    window = Window("this", unit=each) if each else Window("last", period=last) if last else Window("ever")
    counted = kind in ("points", "budget")
    return Limit(
        kind=kind,  # type: ignore[arg-type] # one of them
        amount=1 if kind == "not_within" else part.read(kind),
        per=part.read("per") or "member",
        window=window,
        over=part.read("over") or ("clamp" if counted else "refuse"),
        not_within=part.read("not_within"),
        paid_by=part.read("paid_by"),
    )


def given(read: Any, *, value: Any) -> Any:  # noqa: ANN401 - of whatever type the value is
    """What was read, or the default where nothing was."""
    return value if read is None else read


def entries(part: Part | None, key: str) -> dict[str, Any]:
    """The entries of the map under a key; none where it is not there."""
    inner = part.get(key) if part else None
    return dict(inner.entries) if inner else {}


def values(part: Part | None, *path: str) -> tuple[Any, ...]:
    """The values of the list under these keys; none where it is not there."""
    listed = part.get(*path) if part else None
    return tuple(item.value for item in listed.items) if listed else ()

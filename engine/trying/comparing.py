"""What a step caused against what was expected of it: every difference as a sentence."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from engine.rulebook.diagnostics import Place
from engine.trying.cases import Expected, Step, Thing, Things
from engine.trying.observed import Observed

_REFUSED = "refused: "
NOT_BUILT = "module_disabled"  # the status of an input whose kind is decided by later work
_POINTS = ("award_points", "points_expired")


class Problem(NamedTuple):
    """A difference in the step of this number; `place` is where the expectation stands."""

    step: int
    place: Place
    said: str


def compared(step: Step, number: int, seen: Observed) -> list[Problem]:
    """The differences of one step; none where all is as expected."""
    expected = step.expected
    place = step.place if expected is None else expected.place
    if seen.unreadable:
        return [Problem(number, step.place, f"this is no event that intake reads: {seen.unreadable}")]
    said = list(_of_status(step, seen))
    if expected is not None:
        said += _of_things(step, expected, seen)
        said += _of_reasons(expected, seen)
    return [Problem(number, place, each) for each in said]


def things_text(things: Things) -> str:
    """Things in a row: `award_points 24, issue_voucher free-refill`."""
    return ", ".join(_text(thing, count) for thing, count in sorted(things.items())) or "nothing"


def _of_status(step: Step, seen: Observed) -> Iterable[str]:
    if not step.type:
        return
    wanted = "" if step.expected is None else step.expected.refused
    refused = seen.status.removeprefix(_REFUSED) if seen.status.startswith(_REFUSED) else ""
    if not seen.status:
        yield "the event was not decided: it waits for its member"
    elif refused == NOT_BUILT and step.awaits:
        return
    elif refused != wanted and refused:
        yield f"the event was refused: {refused}" + (f", not {wanted}" if wanted else "")
    elif refused != wanted:
        yield f"the event was decided, not refused: {wanted}"


def _of_things(step: Step, expected: Expected, seen: Observed) -> Iterable[str]:
    """Missing things are forgiven only for later work that leaves no trace in the decision, such as a schedule."""
    told = seen.things if expected.by_campaign else _merged(seen.things)
    happened = Counter(told)
    for name, things in seen.carried.items():
        carried = things if expected.by_campaign else _merged(things)
        if name in step.awaits:
            happened.update(carried)
        else:
            yield f"{things_text(carried)} awaits {name}: say `awaits: {name}` in this step"
            happened.update({thing: count for thing, count in carried.items() if thing in expected.things})
    missing = _less(expected.things, happened)
    beyond = _less(happened, expected.things)
    silent = [name for name in step.awaits if name not in seen.carried]
    if beyond or (missing and not silent):
        yield f"expected {things_text(expected.things)}; happened {things_text(happened)}"
    built = not seen.status.endswith(NOT_BUILT)
    if silent and not missing and not beyond and built and not expected.refused and expected.things:
        yield f"nothing here awaits {', '.join(silent)} any more: leave `awaits` out"


def _of_reasons(expected: Expected, seen: Observed) -> Iterable[str]:
    """A counter may be named without its window: `counter.coffees` for `counter.coffees[this month]`."""
    for campaign, reason in expected.because.items():
        if campaign in seen.fired:
            yield f"{campaign} fired, although {reason} should have stood against it"
        elif reason not in ((found := seen.reasons.get(campaign, "")), found.partition("[")[0]):
            yield f"{campaign} did not fire because of {found or 'nothing that is known'}, not {reason}"


def _merged(things: Things) -> Counter[Thing]:
    merged: Counter[Thing] = Counter()
    for thing, count in things.items():
        merged[thing._replace(campaign="")] += count
    return merged


def _less(things: Mapping[Thing, int], others: Mapping[Thing, int]) -> dict[Thing, int]:
    return {thing: count for thing, count in things.items() if count > others.get(thing, 0)}


def _text(thing: Thing, count: int) -> str:
    whose = f"{thing.campaign}: " if thing.campaign else ""
    if thing.effect in _POINTS:
        return f"{whose}{thing.effect} {count} {thing.what}"
    return f"{whose}{thing.effect}{f' {thing.what}' if thing.what else ''}{f' ({count})' if count != 1 else ''}"

"""Texts for small values: lengths of time, instants of a zone, and two texts of which one became the other."""

from collections.abc import Sequence

from engine.core.calendar import Expiry, Period, Zone, local_ms
from engine.core.instants import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, render

_UNITS = (("day", DAY_MS), ("hour", HOUR_MS), ("minute", MINUTE_MS), ("second", SECOND_MS))


def plain(field_name: str) -> str:
    """A field of the model as people call it, without its unit."""
    for unit in ("_minor", "_ms", "_micro"):
        field_name = field_name.removesuffix(unit)
    return field_name.replace("_", " ")


def period(length: Period) -> str:
    """A length of time, as written."""
    return f"{length.amount} {length.unit.removesuffix('s') if length.amount == 1 else length.unit}"


def duration(length_ms: int) -> str:
    """A fixed length of time in the largest unit that fits."""
    for unit, unit_ms in _UNITS:
        if length_ms % unit_ms == 0 and length_ms:
            count = length_ms // unit_ms
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{length_ms} milliseconds"


def expiry(value: Expiry) -> str:
    """When points expire."""
    rounded = "" if value.round == "none" else f", {value.round.replace('_', ' ')}"
    return f"after {period(value.after)}{rounded}"


def local_text(instant_ms: int, zone: Zone) -> str:
    """An instant in a zone as rules write it: `2026-11-03`, or `2026-11-03T09:00`."""
    text = render(local_ms(instant_ms, zone))
    day, clock = text[:10], text[11:-1].removesuffix(".000").removesuffix(":00")
    return day if clock == "00:00" else f"{day}T{clock}"


def changed(before: str, after: str) -> str:
    """Two texts as one, with what differs marked: `points 1 -> 2 per 1.00`."""
    old, new = before.split(" "), after.split(" ")
    start = _alike(old, new)
    end = _alike(old[start:][::-1], new[start:][::-1])
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    if not middle_old or not middle_new:
        return f"{before} -> {after}"
    both = f"{' '.join(middle_old)} -> {' '.join(middle_new)}"
    return " ".join([*old[:start], both, *old[len(old) - end :]])


def _alike(first: Sequence[str], second: Sequence[str]) -> int:
    """How many words at the beginning are the same."""
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count

"""Achievements: what an app shows as "3 of 5"."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Achievement:
    """Completed each time that the derived field `field` reaches another multiple of `target`, at most `repeats` times."""

    name: str
    title: str
    counter: str
    field: str
    target: int
    repeats: int

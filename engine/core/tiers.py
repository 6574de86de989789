"""Ladders: which tier a progress reaches, and what is missing to the next (B-26 to B-28)."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Level(Protocol):
    """A tier and the progress that it asks for."""

    @property
    def tier(self) -> str:
        """Its name."""

    @property
    def qualified(self) -> int:
        """The progress from which on it is reached."""


class Standing(NamedTuple):
    """Where a progress stands on a ladder; `next_tier` is None and `missing` 0 at the top."""

    level: int
    tier: str
    next_tier: str | None
    missing: int


def reached(levels: Sequence[Level], qualified: int) -> int:
    """The number of the highest level that a progress reaches; the lowest asks for nothing."""
    index = 0
    for at, level in enumerate(levels):
        if qualified >= level.qualified:
            index = at
    return index


def standing(levels: Sequence[Level], level: int, qualified: int) -> Standing:
    """What an app shows to a member of that level: "600 points to gold"."""
    if level + 1 == len(levels):
        return Standing(level, levels[level].tier, None, 0)
    following = levels[level + 1]
    return Standing(level, levels[level].tier, following.tier, max(following.qualified - qualified, 0))

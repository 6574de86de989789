"""Ladders: which tier a progress reaches, and what is missing to the next (B-26 to B-28)."""

from collections.abc import Sequence
from typing import NamedTuple


class Step(NamedTuple):
    """A tier and the progress that it asks for."""

    tier: str
    qualified: int


class Standing(NamedTuple):
    """Where a progress stands on a ladder; `next_tier` is None and `missing` 0 at the top."""

    index: int
    tier: str
    next_tier: str | None
    missing: int


def reached(levels: Sequence[Step], qualified: int) -> int:
    """The index of the highest level that a progress reaches; the lowest asks for nothing."""
    index = 0
    for at, level in enumerate(levels):
        if qualified >= level.qualified:
            index = at
    return index


def standing(levels: Sequence[Step], index: int, qualified: int) -> Standing:
    """What an app shows to a member of level `index`: "600 points to gold"."""
    if index + 1 == len(levels):
        return Standing(index, levels[index].tier, None, 0)
    following = levels[index + 1]
    return Standing(index, levels[index].tier, following.tier, max(following.qualified - qualified, 0))

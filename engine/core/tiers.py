"""Ladders: which tier a progress reaches, what is missing to the next, and which of several ways is nearest (B-26 to B-28)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar


class Level(Protocol):
    """A tier and the progress that it asks for."""

    @property
    def tier(self) -> str:
        """Its name."""

    @property
    def qualified(self) -> int:
        """The progress from which on it is reached."""


class Asking(Protocol):
    """One thing that a tier asks for."""

    @property
    def at_least(self) -> int:
        """How much of it."""


Thing = TypeVar("Thing", bound=Asking)
Ways = Sequence[Sequence[Thing]]  # one of them is enough, all things of it are needed; a way without any is always met
Have = Callable[[Thing], int]


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


def met(ways: Ways[Thing], have: Have[Thing]) -> bool:
    """Whether one of the ways is gone to its end."""
    return any(all(have(thing) >= thing.at_least for thing in way) for way in ways)


def nearest(ways: Ways[Thing], have: Have[Thing]) -> tuple[Thing, int] | None:
    """What a member is told of several ways: of the way that is nearest to being met, the thing that is furthest from it.

    A way is as near as that thing. Fractions are compared exactly, and the first of equals is taken. None where nothing is asked.
    """
    best: tuple[Thing, int] | None = None
    for way in ways:
        furthest: tuple[Thing, int] | None = None
        for thing in way:
            seen = (thing, have(thing))
            if furthest is None or _nearer(furthest, seen):
                furthest = seen
        if furthest is not None and (best is None or _nearer(furthest, best)):
            best = furthest
    return best


def _nearer(one: tuple[Thing, int], other: tuple[Thing, int]) -> bool:
    """Whether more of the one is done than of the other; more than all counts as all."""
    done, asked = min(one[1], one[0].at_least), one[0].at_least
    other_done, other_asked = min(other[1], other[0].at_least), other[0].at_least
    return done * other_asked > other_done * asked

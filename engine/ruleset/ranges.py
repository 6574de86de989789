"""Finds the ranges that a value lies in, without looking at the others."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

Ordered: TypeAlias = Any  # integers, or texts; never both

FILED = 32  # so many segments a range is filed under at most, on average, so that memory stays bounded
FEW = 1_024  # so many entries there may be in any case


class Range(NamedTuple):
    """Bounds, both inclusive, None where open; and what is found."""

    low: Ordered | None
    high: Ordered | None
    item: int


class Ranges:
    """Ranges over texts, or over integers.

    Those open at one end are kept by their bound and found exactly. The others are kept by segments of the values: what is found
    may lie beside the value, but nothing that the value lies in is missed.
    """

    def __init__(self, ranges: Iterable[Range]) -> None:
        closed: list[tuple[Any, Any, int]] = []
        floors, ceilings = [], []
        for low, high, item in ranges:
            if high is None:
                floors.append((low, item))
            elif low is None:
                ceilings.append((high, item))
            elif low <= high:
                closed.append((low, high, item))
        self._floors, self._above = _by_bound(floors)
        self._ceilings, self._below = _by_bound(ceilings)
        self._cuts = _cuts([(low, high) for low, high, _ in closed])
        segments: list[list[int]] = [[] for _ in self._cuts]
        for low, high, item in closed:
            for segment in segments[_touched(self._cuts, low, high)]:
                segment.append(item)
        self._segments = [[], *segments]  # nothing lies below the first cut

    def find(self, value: Ordered, found: list[int]) -> None:
        """Adds the items whose ranges the value lies in, and perhaps some beside it."""
        if self._floors:
            found += self._above[: bisect_right(self._floors, value)]
        if self._ceilings:
            found += self._below[bisect_left(self._ceilings, value) :]
        found += self._segments[bisect_right(self._cuts, value)]


def _by_bound(bounds: Iterable[tuple[Ordered, int]]) -> tuple[list[Ordered], list[int]]:
    ascending = sorted(bounds)
    return [bound for bound, _ in ascending], [item for _, item in ascending]


def _cuts(closed: Sequence[tuple[Ordered, Ordered]]) -> list[Ordered]:
    """Where segments begin: at each bound, or at fewer where ranges are so wide that they would be filed too often."""
    cuts = sorted({low for low, _ in closed} | {high + 1 if isinstance(high, int) else high for _, high in closed})
    while (
        sum(len(range(*_touched(cuts, low, high).indices(len(cuts)))) for low, high in closed)
        > FILED * len(closed) + FEW
    ):
        cuts = cuts[::2]
    return cuts


def _touched(cuts: Sequence[Ordered], low: Ordered, high: Ordered) -> slice:
    return slice(bisect_right(cuts, low) - 1, bisect_right(cuts, high))

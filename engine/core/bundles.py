"""Bundles: how many times so many pieces of each of several sets can be taken, each piece once (`for_each`)."""

from collections.abc import Collection, Sequence
from typing import NamedTuple


class Bundles(NamedTuple):
    """How many bundles there are, and from which lines their pieces come."""

    number: int
    used: frozenset[str]


def bundles_of(
    stock: Sequence[tuple[str, int]], demands: Sequence[tuple[Collection[str], int]], at_most: int | None
) -> Bundles:
    """The most bundles that a stock allows. `stock`: (line, pieces), those to take first in front; `demands`: (lines, pieces).

    A line may be in several sets; then its pieces go where they allow most bundles.
    """
    pieces = dict(stock)
    most = min((sum(count for line, count in stock if line in lines) // needed for lines, needed in demands), default=0)
    if at_most is not None:
        most = min(most, at_most)
    low, best = 0, _NOTHING
    while low < most:  # more bundles never become possible where fewer are not
        middle = (low + most + 1) // 2
        taken = _allot([line for line, _ in stock], pieces, [(lines, needed * middle) for lines, needed in demands])
        if taken is None:
            most = middle - 1
        else:
            low, best = middle, Bundles(middle, taken)
    return best


_NOTHING = Bundles(0, frozenset())


def _allot(
    order: Sequence[str], pieces: dict[str, int], demands: Sequence[tuple[Collection[str], int]]
) -> frozenset[str] | None:
    """Allots pieces of lines to demands, moving earlier ones where it helps; None where not all can be met."""
    given = [dict.fromkeys(order, 0) for _ in demands]
    left = dict(pieces)
    for demand, (_, needed) in enumerate(demands):
        missing = needed
        while missing > 0:
            path = _path(demand, order, left, demands, given)
            if path is None:
                return None
            missing -= _push(path, missing, left, given)
    return frozenset(line for each in given for line, count in each.items() if count > 0)


def _path(
    start: int,
    order: Sequence[str],
    left: dict[str, int],
    demands: Sequence[tuple[Collection[str], int]],
    given: list[dict[str, int]],
) -> list[tuple[int, str]] | None:
    """Demands and lines in turn that end at a line with pieces left: each demand takes from its line what the next gives up."""
    waiting: list[list[tuple[int, str]]] = [[(start, line)] for line in order if line in demands[start][0]]
    seen = {line for line in order if line in demands[start][0]}
    while waiting:
        path = waiting.pop(0)
        line = path[-1][1]
        if left[line] > 0:
            return path
        for other, taken in enumerate(given):
            if taken[line] == 0:
                continue
            for further in order:
                if further in demands[other][0] and further not in seen:
                    seen.add(further)
                    waiting.append([*path, (other, further)])
    return None


def _push(path: list[tuple[int, str]], missing: int, left: dict[str, int], given: list[dict[str, int]]) -> int:
    room = min([missing, left[path[-1][1]]] + [given[path[at + 1][0]][path[at][1]] for at in range(len(path) - 1)])
    for at, (demand, line) in enumerate(path):
        given[demand][line] += room
        if at + 1 < len(path):
            given[path[at + 1][0]][line] -= room
    left[path[-1][1]] -= room
    return room

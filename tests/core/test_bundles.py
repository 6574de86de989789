"""Bundles, held against trying everything."""

import itertools
import random

import pytest

from engine.core.bundles import bundles_of


@pytest.mark.parametrize(
    ("stock", "demands", "at_most", "count"),
    [
        ([("a", 2), ("b", 3)], [({"a"}, 1), ({"b"}, 1)], None, 2),
        ([("a", 2), ("b", 3)], [({"a"}, 1), ({"b"}, 1)], 1, 1),
        ([("a", 5)], [({"a"}, 2)], None, 2),
        ([("a", 1)], [({"a"}, 1), ({"a"}, 1)], None, 0),
        ([("a", 2), ("b", 1)], [({"a", "b"}, 1), ({"a"}, 1)], None, 1),
        ([("a", 0)], [({"a"}, 1)], None, 0),
        ([], [({"a"}, 1)], None, 0),
    ],
)
def test_bundles_take_each_piece_once(
    stock: list[tuple[str, int]], demands: list[tuple[set[str], int]], at_most: int | None, count: int
) -> None:
    assert bundles_of(stock, demands, at_most).number == count


def test_the_lines_to_take_first_are_taken_first() -> None:
    assert bundles_of([("dear", 1), ("cheap", 1)], [({"dear", "cheap"}, 1)], 1).used == {"dear"}


def naive(stock: list[tuple[str, int]], demands: list[tuple[set[str], int]]) -> int:
    """Tries every way to hand each piece to one demand or none."""
    pieces = [line for line, count in stock for _ in range(count)]
    best = 0
    for owners in itertools.product(range(-1, len(demands)), repeat=len(pieces)):
        got = [0] * len(demands)
        for piece, owner in zip(pieces, owners, strict=True):
            if owner >= 0 and piece in demands[owner][0]:
                got[owner] += 1
        best = max(best, min(have // needed for have, (_, needed) in zip(got, demands, strict=True)))
    return best


def test_overlapping_sets_give_as_many_bundles_as_trying_everything() -> None:
    seed = 20261121
    print("seed", seed)
    made = random.Random(seed)
    for _ in range(150):
        stock = [(line, made.randrange(3)) for line in "abc"]
        demands = [
            (set(made.sample("abc", made.randrange(1, 4))), made.randrange(1, 3)) for _ in range(made.randrange(1, 4))
        ]
        assert bundles_of(stock, demands, None).number == naive(stock, demands), (stock, demands)

"""A journal copied into another number of partitions: every subject's rows come out the same, and nothing is sent twice."""

from collections import Counter

import pytest

from tests.support.copies import Clock, Decided, busy, copy_of, messages_of
from tests.support.recorded import Remembered, remember
from tests.support.shop import grocer, shop

SEEDS = (1, 7, 20261121)
COUNTS = ((4, 7), (7, 2), (4, 1), (4, 48))


def hold_to(old: Remembered, partitions: int) -> Remembered:
    """Copies, decides both, and holds the copy to the old one; the new history."""
    before = Decided(old)
    new, copying, rows = copy_of(old, partitions)
    after = Decided(new)
    assert rows == before.rows()
    assert after.rows() == before.rows()
    assert after.forgotten() == before.forgotten()
    assert Counter(after.sent) == messages_of(new)
    assert Counter(each.value for each in messages_of(new)) == Counter(each.value for each in messages_of(old))
    assert copying.read == sum(map(len, old.records.values()))
    return new


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("clock", ["wall", "events"])
@pytest.mark.parametrize(("old", "new"), COUNTS)
def test_every_row_comes_out_the_same(seed: int, clock: Clock, old: int, new: int) -> None:
    print("seed", seed)
    hold_to(busy(seed, clock, old), new)


def test_the_grocers_year_comes_out_the_same() -> None:
    hold_to(remember(grocer(), shop()), 5)

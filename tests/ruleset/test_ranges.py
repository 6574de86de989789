"""Ranges are found by a value that lies in them, and few besides."""

from hypothesis import given
from hypothesis import strategies as st

from engine.ruleset.ranges import Range, Ranges

bounds = st.one_of(st.none(), st.integers(0, 20))
ranges = st.lists(st.tuples(bounds, bounds).filter(lambda both: both != (None, None)), max_size=40)


def lies_in(value: int, low: int | None, high: int | None) -> bool:
    return (low is None or low <= value) and (high is None or value <= high)


@given(ranges, st.integers(-1, 21))
def test_of_integers_exactly_the_ranges_are_found_that_the_value_lies_in(
    given_ranges: list[tuple[int | None, int | None]], value: int
) -> None:
    found: list[int] = []
    Ranges(Range(*both, item) for item, both in enumerate(given_ranges)).find(value, found)
    assert sorted(found) == [item for item, both in enumerate(given_ranges) if lies_in(value, *both)]


@given(ranges, st.integers(0, 20))
def test_of_texts_none_is_missed(given_ranges: list[tuple[int | None, int | None]], value: int) -> None:
    def text(bound: int | None) -> str | None:
        return None if bound is None else chr(65 + bound)

    found: list[int] = []
    made = Ranges(Range(text(low), text(high), item) for item, (low, high) in enumerate(given_ranges))
    made.find(chr(65 + value), found)
    assert {item for item, both in enumerate(given_ranges) if lies_in(value, *both)} <= set(found)


def test_wide_ranges_are_kept_by_so_few_segments_that_none_is_missed_and_memory_stays_bounded() -> None:
    wide = [Range(number, 20_000 - number, number) for number in range(5_000)]
    made, found = Ranges(wide), list[int]()
    made.find(2_500, found)
    assert set(range(2_501)) <= set(found)
    assert len(found) < 4_000
    assert sum(map(len, made._segments)) <= 33 * len(wide)

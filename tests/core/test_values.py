"""Ids, partitions, names of rows, rates and ladders."""

import pytest

from engine.core import ids, keys
from engine.core.amounts import at_rate
from engine.core.partitioning import murmur2, partition_of
from engine.core.tiers import reached, standing
from engine.ruleset.model import Level


# The hashes of Kafka's own tests of its Java client (signed there, unsigned here).
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_is_kafkas(data: bytes, expected: int) -> None:
    assert murmur2(data) == expected & 0xFFFFFFFF


def test_a_partition_is_within_the_count() -> None:
    assert {partition_of(f"member:{number}", 7) for number in range(500)} == set(range(7))


def test_an_id_depends_on_every_part_and_their_order() -> None:
    made = {ids.derive("a", "b"), ids.derive("b", "a"), ids.derive("ab"), ids.derive("a", "b", "")}
    assert len(made) == 4


@pytest.mark.parametrize("name", ["M-1", "a/b", "100%", "a%2Fb", "ü:x"])
def test_a_row_belongs_to_its_subject_whatever_the_ids_contain(name: str) -> None:
    subject = keys.subject("member", name)
    key = keys.row(subject, "transaction", name)
    assert (keys.owner_of(key), keys.collection_of(key), keys.kind_of(key)) == (subject, "transaction", "member")


def test_escaped_names_never_meet() -> None:
    assert len({keys.escaped(name) for name in ("a/b", "a%2Fb", "a%b", "a%252Fb")}) == 4


@pytest.mark.parametrize(
    ("amount", "points", "per", "expected"), [(199, 1, 100, 1), (250, 5, 100, 12), (0, 5, 100, 0), (-5, 5, 100, 0)]
)
def test_a_rate_is_floored_once(amount: int, points: int, per: int, expected: int) -> None:
    assert at_rate(amount, points, per) == expected


def test_natural_keys_of_several_fields_never_meet() -> None:
    assert len({keys.natural(values) for values in (("a|b", "c"), ("a", "b|c"), ("a%7Cb", "c"), ("a", "b", "c"))}) == 4


LADDER = (Level("blue", 0), Level("silver", 100), Level("gold", 1000))


@pytest.mark.parametrize(("qualified", "level"), [(0, 0), (99, 0), (100, 1), (999, 1), (1000, 2), (5000, 2)])
def test_a_progress_reaches_the_highest_level_it_has_enough_for(qualified: int, level: int) -> None:
    assert reached(LADDER, qualified) == level


def test_an_app_is_told_what_is_missing() -> None:
    assert standing(LADDER, 1, 400) == (1, "silver", "gold", 600)
    assert standing(LADDER, 2, 4000) == (2, "gold", None, 0)
    assert standing(LADDER, 1, 20) == (1, "silver", "gold", 980)

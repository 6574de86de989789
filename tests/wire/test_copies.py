"""Records of a copied journal: what is written is read again, and each place has an id of its own."""

import orjson

from engine.wire import copies, journal

PLAIN = copies.Stood(2, 17, 1_000, "aa", "bb", 2)


def test_what_is_said_of_an_old_partition_is_read_again() -> None:
    full = PLAIN._replace(worked_off={"member:M": 900}, visited=["member:M"], forgotten={"external:x": 5})
    timeless = PLAIN._replace(clock_ms=None, digest="", salt="", semantics=0)
    for stood in (full, timeless):
        assert journal.decode(copies.encode_stood(1, stood)) == stood
    plain = journal.decode(copies.encode_stood(1, PLAIN))
    assert isinstance(plain, copies.Stood)
    assert (plain.worked_off, plain.visited, plain.forgotten) == ({}, (), {})


def test_the_end_of_a_copy_is_read_again() -> None:
    pending = {"at": 2_000, "digest": "cc", "salt": "dd", "semantics": 2}
    for ended in (
        copies.Ended(1_000, 900, "aa", "bb", 2, pending, "ee"),
        copies.Ended(None, None, "", "", 0, None, ""),
    ):
        assert journal.decode(copies.encode_ended(1, ended)) == ended


def test_ids_tell_partitions_and_places_apart() -> None:
    written = [
        copies.encode_stood(0, PLAIN),
        copies.encode_stood(1, PLAIN),
        copies.encode_stood(1, PLAIN._replace(offset=18)),
        copies.encode_stood(1, PLAIN._replace(forgotten={"member:M": 5})),
        copies.encode_stood(1, PLAIN._replace(worked_off={"member:M": 5})),
        copies.encode_ended(0, copies.Ended(None, None, "", "", 0, None, "")),
        copies.encode_ended(1, copies.Ended(None, None, "", "", 0, None, "")),
    ]
    assert len({orjson.loads(value)["id"] for value in written}) == len(written)

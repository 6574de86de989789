"""Double entry for points: every change debits one bucket of an account and credits another, so its books sum to zero (B-2).

The member's buckets are `available`, `pending`, `held` and `deficit` (zero or below); those of the world say where points came
from and went to.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

Bucket = Literal["available", "pending", "held", "deficit", "issued", "spent", "expired", "reversed", "adjusted"]
OF_MEMBER: tuple[Bucket, ...] = ("available", "pending", "held", "deficit")


class Posting(NamedTuple):
    """`points`, above zero, go from the bucket `debit` to the bucket `credit`."""

    debit: Bucket
    credit: Bucket
    points: int


def posted(books: Mapping[str, int], postings: Iterable[Posting]) -> dict[str, int]:
    """The books after some postings; buckets with nothing in them are left out."""
    after = dict(books)
    for debit, credit, points in postings:
        if points <= 0:
            raise AssertionError(f"{points} points from {debit} to {credit} move nothing")
        after[debit] = after.get(debit, 0) - points
        after[credit] = after.get(credit, 0) + points
    below = after.get("available", 0) < 0 or after.get("pending", 0) < 0 or after.get("held", 0) < 0
    if below or after.get("deficit", 0) > 0 or sum(after.values()) != 0:
        raise AssertionError(f"books that do not close: {after}")
    return {bucket: points for bucket, points in after.items() if points}


def balance_of(books: Mapping[str, int]) -> int:
    """What a member can spend, below zero where more was taken back than there was (B-6)."""
    return books.get("available", 0) + books.get("deficit", 0)

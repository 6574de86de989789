"""Reading a history for the difference: from where on the candidate runs in each partition, and what was decided and given there."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from engine.history.history import History, Published
from engine.replay.shadow.difference import AWARDED, Difference, Place
from engine.wire import journal

DECISIONS, POINTS = "decisions", "points"
_FIRST_LOOK = 2_000  # records before the end that are searched for the activation, then so many times as many
_LOOK_FURTHER = 4


class _Read(NamedTuple):
    event: dict[str, Any]
    place: Place


def activated(history: History, number: int, digest: str) -> int | None:
    """Where the partition's journal activates a ruleset last; None where the history has it nowhere. Read from the end backwards."""
    span = history.spans[number]
    end, look = span.end, _FIRST_LOOK
    while end > span.start:
        start = max(span.start, end - look)
        found = None
        for batch in history.journal(number, start, end):
            for record in batch:
                if record.key == journal.ACTIVATION_KEY and digest.encode() in record.value:
                    found = record.offset
        if found is not None:
            return found
        end, look = start, look * _LOOK_FURTHER
    return None


def read(history: History, difference: Difference, reached: Callable[[int], object]) -> None:
    """Takes all that the history has; `reached` is told how many records were looked at."""
    there = set(history.topics())
    done = 0

    def counted(topic: str, number: int) -> Iterator[Published]:
        nonlocal done
        for batch in history.published(topic, number) if topic in there else ():
            yield from batch
            done += len(batch)
            reached(done)

    for number in range(history.partitions):
        take(
            difference,
            (each.value for each in counted(POINTS, number)),
            (each.value for each in counted(DECISIONS, number)),
        )


def take(difference: Difference, points: Iterable[bytes], decisions: Iterable[bytes]) -> None:
    """Takes the records of one partition, each topic's in its order."""
    digest = difference.comparison.ruleset.encode()
    awards = _events(points, AWARDED.encode())
    for read_on, of_points in heapq.merge(
        ((each, True) for each in awards), ((each, False) for each in _events(decisions, digest)), key=_by_offset
    ):
        if of_points:
            difference.award(read_on.event, read_on.place)
        else:
            difference.decision(read_on.event, read_on.place)


def _by_offset(item: tuple[_Read, bool]) -> int:
    return item[0].place.offset


def _events(values: Iterable[bytes], having: bytes) -> Iterator[_Read]:
    for value in values:
        if having in value:
            event = orjson.loads(value)
            partition, _, offset = event["position"].partition(":")
            yield _Read(event, Place(int(partition), int(offset)))

"""The clock of a partition: when a tick is due, and when one is too far ahead to be believed.

Pure: time comes in as a parameter. Under `clock: events` the events carry the time and nothing here applies.
"""

from collections.abc import Sequence
from typing import NamedTuple

from engine.pipeline import ticking
from engine.pipeline.partition import JournalRecord
from engine.ruleset.model import Ruleset
from engine.wire import journal

AHEAD_MS = 600_000


class Tick(NamedTuple):
    """A tick in the journal, and how far it is ahead of the broker's timestamp of its record."""

    offset: int
    to_ms: int
    ahead_ms: int


def tick_to(now_ms: int, clock_ms: int | None, next_due_ms: int | None, ticked_to_ms: int) -> int | None:
    """To which instant a tick should move the clock now, None for not yet, or while an earlier tick is still to be decided."""
    if ticked_to_ms > (clock_ms or 0):
        return None
    return ticking.tick_to(now_ms, clock_ms, next_due_ms)


def by_the_wall(ruleset: Ruleset | None) -> bool:
    """Whether ticks come from the wall clock under this ruleset; without one there is no time yet."""
    return ruleset is not None and ruleset.programme.time.clock == "wall"


def ahead_of_broker(records: Sequence[JournalRecord], ruleset: Ruleset | None, confirmed_ms: int) -> Tick | None:
    """The first tick more than ten minutes ahead of its broker timestamp that nobody confirmed, None where there is none."""
    if not by_the_wall(ruleset):
        return None
    for record in records:
        if record.key != journal.CLOCK_KEY:
            continue
        clock = journal.decode(record.value)
        if not isinstance(clock, journal.ClockRecord) or clock.kind != "clock.tick":
            continue
        ahead_ms = clock.to_ms - record.timestamp_ms
        if ahead_ms > AHEAD_MS and clock.to_ms > confirmed_ms:
            return Tick(record.offset, clock.to_ms, ahead_ms)
    return None

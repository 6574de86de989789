"""The clock of a partition: when a tick is due, and when one is too far ahead to be believed.

Pure: time comes in as a parameter. Under `clock: events` the events carry the time and nothing here applies.
"""

from collections.abc import Sequence
from typing import NamedTuple

from engine.core.instants import DAY_MS
from engine.pipeline.partition import JournalRecord
from engine.ruleset.model import Ruleset
from engine.wire import journal

HOUR_MS = 3_600_000
AHEAD_MS = 600_000


class Tick(NamedTuple):
    """A tick in the journal, and how far it is ahead of the broker's timestamp of its record."""

    offset: int
    to_ms: int
    ahead_ms: int


def tick_to(now_ms: int, clock_ms: int | None, next_due_ms: int | None, ticked_to_ms: int) -> int | None:
    """To which instant a tick should move the clock now, None for not yet.

    When something is due, or once an hour; in steps of at most a day; never back; not while an earlier tick (`ticked_to_ms`)
    is still to be decided.
    """
    if clock_ms is None:
        return now_ms if ticked_to_ms == 0 else None
    if ticked_to_ms > clock_ms:
        return None
    to_ms = min(now_ms, clock_ms + DAY_MS)
    if to_ms <= clock_ms:
        return None
    due = next_due_ms is not None and next_due_ms <= now_ms
    return to_ms if due or now_ms - clock_ms >= HOUR_MS else None


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

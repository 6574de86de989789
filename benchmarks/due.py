"""Many members due at one instant: how fast a partition plans for them, and works them off, and how much one record writes.

In one process, without a broker; a transaction for each record, as where other events come between.
"""

import resource
import time
from collections import deque
from dataclasses import dataclass

import orjson

from engine.core import keys
from engine.core.instants import DAY_MS, HOUR_MS
from engine.core.records import Kept
from engine.decide.members.standing import Standing, rows_of
from engine.pipeline.partition import POSITION_KEY, Bounds, JournalRecord, Partition, TopicRecord
from engine.pipeline.records import Progress
from engine.ruleset.effects import AwardPoints, Fixed
from engine.ruleset.schedules import SCHEDULED, Every
from engine.wire import journal
from engine.wire.rows import encode
from tests.support.programme import campaign, rules, ruleset

MEMBERS = 300_000
_SALT = "00" * 32
_BEGIN = 20_760 * DAY_MS
_NINE = 9 * 60


@dataclass(frozen=True, slots=True)
class Passed:
    """What it took to come once to every member: CPU seconds, records written, and the most that one journal record wrote."""

    seconds: float
    written: int
    largest: int
    steps: int


@dataclass(frozen=True, slots=True)
class DueWork:
    """`visits` plan every member when a ruleset comes into force, `due` fires its campaign for all of them at one instant."""

    members: int
    visits: Passed
    due: Passed
    before: int  # resident bytes with all rows, and the highest after
    peak: int


class Run:
    """One partition with its members, and the journal that it writes to itself."""

    def __init__(self, members: int) -> None:
        daily = campaign("daily", AwardPoints(Fixed(1), "points"), on=SCHEDULED, schedule=Every("day", _NINE))
        self._rules = rules(ruleset(*ruleset().campaigns, daily))
        self._partition = Partition(0, 1, lambda _digest, _salt: self._rules)
        self._waiting: deque[TopicRecord] = deque()
        self._offset = 0
        self._restore(members)

    def _restore(self, members: int) -> None:
        """Rows as a worker restores them: members who were enrolled a year ago."""
        kept = rows_of(Standing("M", _BEGIN, _BEGIN - 365 * DAY_MS), self._rules)
        for number in range(members):
            name = f"M-{number:07d}"
            for key, row in kept.items():
                own = key.replace("member:M", keys.subject("member", name), 1)
                self._partition.restore(own.encode(), encode(_of(row, name).row), row.due_ms)
        position = orjson.dumps(Progress(partitions=1, clock=_BEGIN).row())
        self._partition.restore(POSITION_KEY.encode(), position, None)
        self._partition.restored()

    def activate(self) -> Passed:
        """Puts the ruleset in force and visits everybody."""
        made = self._rules.ruleset
        value = journal.encode_activation(0, made.digest, _SALT, made.semantics)
        return self._work_off(TopicRecord("journal", 0, journal.ACTIVATION_KEY, value))

    def tick(self, to_ms: int) -> Passed:
        """Moves the clock and works off what is due by then."""
        return self._work_off(self._partition.tick(to_ms))

    def _work_off(self, first: TopicRecord) -> Passed:
        self._waiting.append(first)
        written, largest, steps, began = 0, 0, 0, time.process_time()
        while self._waiting:
            record = self._waiting.popleft()
            taken = JournalRecord(self._offset, _BEGIN, record.key, record.value)
            folded = self._partition.fold(self._offset, self._offset + 1, [taken], Bounds())
            self._partition.commit(folded)
            self._waiting.extend(each for each in folded.outgoing if each.topic == "journal")
            count = len(folded.outgoing) + len(folded.state)
            written, largest, steps, self._offset = written + count, max(largest, count), steps + 1, self._offset + 1
        return Passed(time.process_time() - began, written, largest, steps)


def measure(members: int) -> DueWork:
    """Visits and fires for so many members."""
    run = Run(members)
    before = _resident()
    visits = run.activate()
    due = run.tick(_BEGIN + 10 * HOUR_MS)
    return DueWork(members, visits, due, before, _resident())


def _of(kept: Kept, name: str) -> Kept:
    row = dict(kept.row)
    if "member_id" in row:
        row["member_id"] = name
    return Kept(row, kept.due_ms)


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10

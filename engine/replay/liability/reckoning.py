"""The liability of a deployment: every partition as of a point of the log, in processes of their own, summed up."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import orjson

from engine.core import instants
from engine.core.calendar import Zone
from engine.errors import UsageError
from engine.history.history import History, Snapshot
from engine.pipeline.partition import POSITION_KEY, JournalRecord, Partition
from engine.pipeline.records import Progress, StateRecord
from engine.replay.deriving import Derivation
from engine.replay.liability.counting import Counting, PartitionSums
from engine.replay.liability.point import Cut, Instant, Point, cuts_at
from engine.replay.liability.statement import Liability, stated
from engine.replay.processes import Reached, Watch, work_off
from engine.replay.rules_of import RulesOf
from engine.ruleset.model import Ruleset
from engine.wire import journal

ROWS_AT_ONCE = 1_000


class Asked(NamedTuple):
    """One partition of a history at a cut; without one, its rows at a snapshot."""

    history: History
    number: int
    cut: Cut | None
    snapshot: Snapshot | None


class Reckoned(NamedTuple):
    """One partition: its sums, the next record where it stood, its clock, and which ruleset was in force ("" before any)."""

    sums: PartitionSums
    position: int
    clock_ms: int | None
    ruleset: str


def liability(history: History, point: Point | None, processes: int, reached: Reached) -> Liability:
    """What was owed at a point of the log; None is now: the newest snapshot's rows, or else all that is decided.

    The same for any number of processes; `reached` is told the rows and records that were looked at. Raises BooksDiffer, UsageError,
    DecidingFailed.
    """
    snapshot = history.snapshots[-1] if history.snapshots and point is None else None
    cuts = {} if snapshot is not None else _cuts(history, point)
    numbers = sorted(history.spans)
    tasks = [Asked(history, number, cuts.get(number), snapshot) for number in numbers]
    parts = work_off(reckon, tasks, processes, reached)
    at_ms = point.at_ms if isinstance(point, Instant) else None
    return stated(
        latest(history, [part.ruleset for part in parts]),
        [part.sums for part in parts],
        at=None if at_ms is None else instants.render(at_ms),
        positions={number: part.position for number, part in zip(numbers, parts, strict=True)},
        clock_ms=max((part.clock_ms for part in parts if part.clock_ms is not None), default=None),
        beyond=at_ms is not None and all(cut.last for cut in cuts.values()),
        behind=sum(cut.behind for cut in cuts.values()),
    )


def zone_of(history: History) -> Zone:
    """The programme's zone, by the rules that were published last."""
    return latest(history, ()).programme.zone


def latest(history: History, digests: Sequence[str]) -> Ruleset:
    """Of some rulesets that were in force the one that was published last; of all where none is named."""
    named = {digest for digest in digests if digest in history.rulesets} or set(history.rulesets)
    if not named:
        raise UsageError(f"{history.name} has no rulesets, so nothing was decided")
    published = [each.digest for each in history.publications if each.digest in named]
    return history.rulesets[published[-1] if published else max(named)]


def reckon(asked: Asked, watch: Watch) -> Reckoned:
    """One partition."""
    history, number, cut, snapshot = asked
    if cut is None:
        return _at_snapshot(asked, watch)
    snapshot = _before(history, number, cut)
    derivation = Derivation(history, number, RulesOf(history.rulesets), snapshot)
    partition = derivation.partition
    if snapshot is not None and cut.due_ms is not None and (partition.clock_ms or 0) > cut.due_ms:
        raise UsageError(
            f"{history.name} has the journal partition {number} from {instants.render(partition.clock_ms or 0)} on,"
            f" which is after {instants.render(cut.due_ms)}"
        )
    for records, _ in derivation.batches(cut.end):
        watch.reached(len(records))
    position = partition.position
    if cut.due_ms is not None:
        do_due(derivation, history.spans[number].end, cut.due_ms)
    return _counted(history, partition, position)


def do_due(derivation: Derivation, offset: int, to_ms: int) -> None:
    """Does in memory what is due by an instant, as a tick would: the clock's own messages are taken, others stay on their way.

    `offset`: no record of the history stands there or after it.
    """
    partition = derivation.partition
    if partition.clock_ms is not None and partition.clock_ms >= to_ms:
        return
    waiting = [partition.tick(to_ms)]
    while waiting:
        record = waiting.pop()
        folded = derivation.decide([JournalRecord(offset, to_ms, record.key, record.value)])
        partition.commit(folded)
        offset += 1
        waiting.extend(
            each
            for each in folded.outgoing
            if (each.topic, each.partition, each.key) == ("journal", partition.number, journal.CLOCK_KEY)
        )


def _cuts(history: History, point: Point | None) -> Mapping[int, Cut]:
    if point is None:
        return {number: Cut(span.decided, None, last=True) for number, span in history.spans.items()}
    # Where the clock follows the events, an import need not be in the order of time.
    follows = latest(history, ()).programme.time.clock == "events"
    return cuts_at(history, point, to_the_end=follows)


def _before(history: History, number: int, cut: Cut) -> Snapshot | None:
    """The newest snapshot at or before the cut; the beginning of the journal needs none."""
    before = [each for each in history.snapshots if 0 < each.positions.get(number, 0) <= cut.end]
    return max(before, key=lambda each: each.positions[number], default=None)


def _at_snapshot(asked: Asked, watch: Watch) -> Reckoned:
    history, number, _, snapshot = asked
    if snapshot is None:
        raise AssertionError("neither a cut nor a snapshot")
    counting = Counting()
    progress = Progress(next=snapshot.positions[number])
    rows = history.rows(snapshot, number)
    while chunk := list(islice(rows, ROWS_AT_ONCE)):
        counting.take(chunk)
        for row in chunk:
            if row.key == POSITION_KEY.encode() and row.value is not None:
                progress = Progress(**orjson.loads(row.value))
        watch.reached(len(chunk))
    sums = counting.sums(latest(history, [progress.ruleset]))
    return Reckoned(sums, progress.next, progress.clock, progress.ruleset)


def _counted(history: History, partition: Partition, position: int) -> Reckoned:
    counting = Counting()
    counting.take(StateRecord(key.encode(), value, None) for key, value in partition.rows.items())
    sums = counting.sums(latest(history, [partition.ruleset]))
    return Reckoned(sums, position, partition.clock_ms, partition.ruleset)

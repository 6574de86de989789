"""All partitions derived again, each in a process, and the proof that they sent the messages that the journal has."""

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.broker.settings import Settings
from engine.history.history import History, Snapshot
from engine.match.choice import Setting
from engine.pipeline.records import Folded
from engine.replay.deriving import DecidingFailed, Derivation
from engine.replay.log import JOURNAL
from engine.replay.processes import Reached, Watch, work_off
from engine.replay.replaying import folder as files
from engine.replay.replaying.folder import PartFiles
from engine.replay.replaying.topics import PartTopics
from engine.replay.rules_of import RulesOf
from engine.replay.tally import Tally
from engine.replay.verifying.divergence import Divergence
from engine.replay.verifying.messages import Ends, Merged, divergences, found_before, merge, note_derived, note_recorded
from engine.replay.verifying.notes import Noted, Notes

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Into:
    """Where a replay goes: files below a folder, topics of other settings, or nowhere, to prove the messages alone."""

    out: Path | None = None
    target: Settings | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One partition."""

    history: History
    partition: int
    start: Snapshot | None
    into: Into
    notes: Path
    matcher: Setting


@dataclass(slots=True)
class Part:
    """What came of a partition. `stands_at`: a record that no worker has decided and that cannot be."""

    records: int = 0
    outcomes: int = 0
    rows: int = 0
    tally: Tally = field(default_factory=Tally)
    rulesets: Sequence[str] = ()
    stands_at: int | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """A whole run: the summary as it was written, how the messages compare, and what differs among them."""

    summary: dict[str, Any]
    merged: Merged
    divergences: Sequence[Divergence]
    records: int
    seconds: float

    @property
    def same_messages(self) -> bool:
        """Whether derived and recorded messages are the same set."""
        return not (self.merged.missing_count or self.merged.extra_count)


def replay(
    history: History, start: Snapshot | None, into: Into, processes: int, reached: Reached, matcher: Setting = "auto"
) -> Replayed:
    """Derives all of it into files or topics. Raises UsageError where the history lacks what is needed, DecidingFailed."""
    began = time.monotonic()
    if into.out is not None:
        files.prepare(into.out)
    with tempfile.TemporaryDirectory(prefix="guerdon-replay-") as made:
        notes = Path(made)
        tasks = [Task(history, number, start, into, notes, matcher) for number in range(history.partitions)]
        parts = work_off(derive, tasks, processes, reached)
        with Noted(notes, history.partitions) as noted:
            merged = merge(noted, Ends(history.spans, start))
    if start is not None:
        found_before(history, merged, start)
    summary = _summary(history, start, parts, merged)
    if into.out is not None:
        files.put_together(into.out)
        files.summarize(into.out, summary)
    differing = list(divergences(history, merged, SHOWN))
    return Replayed(summary, merged, differing, sum(part.records for part in parts), time.monotonic() - began)


def derive(task: Task, watch: Watch) -> Part:
    """Derives one partition. Runs in a process of its own."""
    rules_of = RulesOf(task.history.rulesets, task.matcher)
    derivation = Derivation(task.history, task.partition, rules_of, task.start)
    part = Part()
    with ExitStack() as opened:
        notes = opened.enter_context(Notes(task.notes, task.partition))
        out = task.into.out and opened.enter_context(PartFiles(task.into.out, task.partition))
        topics = task.into.target and opened.enter_context(PartTopics(task.into.target, task.partition))
        span = task.history.spans[task.partition]
        for end in (span.decided, span.end):
            try:
                for records, folded in derivation.batches(end):
                    note_recorded(notes, task.partition, records)
                    note_derived(notes, folded)
                    _write(folded, part, out or None, topics or None)
                    part.records += len(records)
                    watch.reached(len(records))
            except DecidingFailed:
                if end <= span.decided:
                    raise
                part.stands_at = derivation.partition.position  # no worker got past it either
        if out:
            part.rows, part.tally = out.rows(derivation.rows()), out.tally
    part.rulesets = rules_of.used
    return part


def _write(folded: Folded, part: Part, out: PartFiles | None, topics: PartTopics | None) -> None:
    outcomes = [record for record in folded.outgoing if record.topic != JOURNAL]
    part.outcomes += len(outcomes)
    if out is not None:
        out.write(outcomes)
    if topics is not None:
        topics.write(outcomes)


def _summary(history: History, start: Snapshot | None, parts: Sequence[Part], merged: Merged) -> dict[str, Any]:
    tally = Tally()
    for part in parts:
        tally.add(part.tally)
    return {
        "rulesets": sorted({digest for part in parts for digest in part.rulesets}),
        "partitions": history.partitions,
        "from_snapshot": start and start.name,
        "journal_records": sum(part.records for part in parts),
        **tally.values(),
        "outcome_records": sum(part.outcomes for part in parts),
        "messages": {
            "derived": merged.derived,
            "recorded": merged.recorded,
            "missing": merged.missing_count,
            "extra": merged.extra_count,
            "near_the_ends": merged.open,
        },
        "rows": sum(part.rows for part in parts),
    }

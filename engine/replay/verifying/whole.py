"""All partitions of a history verified, and what only all of them together show."""

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from engine.errors import UsageError
from engine.history.history import History, Snapshot
from engine.match.choice import Setting
from engine.replay.processes import Reached, work_off
from engine.replay.verifying import partition
from engine.replay.verifying.divergence import Divergence, Kind
from engine.replay.verifying.first import first_of
from engine.replay.verifying.messages import Ends, divergences, found_before, merge, record_at
from engine.replay.verifying.notes import Noted
from engine.replay.verifying.partition import Checked, Task
from engine.replay.verifying.report import Report
from engine.replay.verifying.twice import standing_twice, told_twice
from engine.ruleset.codec import RulesetUnreadable, digest_of

SHOWN = 20  # that are looked up one by one, since somebody may read them
LATEST = "latest"


@runtime_checkable
class Kept(Protocol):
    """A history in files that can be held against what was written."""

    def damaged(self) -> list[str]:
        """The files that are missing or not what was written."""


def snapshot_of(history: History, name: str | None) -> Snapshot | None:
    """The snapshot that a command names: `latest` is the newest, none is the beginning. Raises UsageError."""
    there = history.snapshots
    if name is None:
        return None
    if name == LATEST and there:
        return there[-1]
    found = next((each for each in there if each.name == name), None)
    if found is None:
        names = ", ".join(each.name for each in there) or "none"
        raise UsageError(f"{history.name} has no snapshot {name}; it has {names}")
    return found


def verify(
    history: History, start: Snapshot | None, processes: int, reached: Reached, matcher: Setting = "auto"
) -> Report:
    """Derives everything from the beginning or a snapshot, and compares. Raises UsageError where the history lacks what is needed."""
    began = time.monotonic()
    damaged = [_damaged(path) for path in history.damaged()] if isinstance(history, Kept) else []
    unreadable = _unreadable(history)
    if unreadable is not None:
        report = Report(history.name, history.partitions, None, None)
        _put_in(report, history, [*damaged, unreadable], Counter(), None, matcher)
        return report
    against = _to_compare(history, start)
    report = Report(history.name, history.partitions, start and start.name, against and against.name)
    with tempfile.TemporaryDirectory(prefix="guerdon-verify-") as made:
        folder = Path(made)
        tasks = [Task(history, number, start, against, folder, matcher) for number in range(history.partitions)]
        checked = work_off(partition.verify, tasks, processes, reached)
        _sum_up(report, checked)
        with Noted(folder, history.partitions) as notes:
            found, counts = _together(report, history, checked, notes, start)
    if damaged:  # by name already, and more exactly than by what could not be read of them
        found = [each for each in found if each.kind != "damaged_file"]
    _put_in(report, history, [*damaged, *_rulesets(history), *found], counts, start, matcher)
    report.seconds = time.monotonic() - began
    return report


def _to_compare(history: History, start: Snapshot | None) -> Snapshot | None:
    """The newest snapshot that deriving comes to, behind where it starts."""
    for snapshot in reversed(history.snapshots):
        if start is not None and snapshot.name == start.name:
            return None
        if all(
            history.spans[number].start <= at <= history.spans[number].end for number, at in snapshot.positions.items()
        ):
            return snapshot
    return None


def _sum_up(report: Report, checked: Sequence[Checked]) -> None:
    outcomes: Counter[str] = Counter()
    not_compared: Counter[str] = Counter()
    for each in checked:
        report.records += each.records
        report.rows += each.rows
        report.own_rows += each.own_rows
        report.accounts += each.accounts
        report.postings += each.postings
        report.cpu_s += each.cpu_s
        outcomes.update(each.outcomes)
        not_compared.update(each.not_compared)
    report.outcomes = dict(sorted(outcomes.items()))
    report.not_compared = {topic: count for topic, count in sorted(not_compared.items()) if count}
    report.stands = [(each.partition, each.stands_at) for each in checked if each.stands_at is not None]


def _together(
    report: Report, history: History, checked: Sequence[Checked], notes: Noted, start: Snapshot | None
) -> tuple[list[Divergence], Counter[tuple[Kind, str]]]:
    """Messages between all partitions, and ids among all topics."""
    found = [each for one in checked for each in one.divergences]
    counts: Counter[tuple[Kind, str]] = Counter()
    for one in checked:
        counts.update(one.counts)
    report.ids, several = standing_twice(notes)
    told_twice(found, counts, several, sorted(history.topics()))
    unproven, unread = any(each.unproven for each in checked), any(each.unread for each in checked)
    merged = merge(notes, Ends(history.spans, start, unproven, unread))
    if start is not None:
        found_before(history, merged, start)
    report.messages = min(merged.derived, merged.recorded)
    report.messages_open = merged.open
    found += divergences(history, merged, SHOWN)
    if merged.missing_count:
        counts["message_missing", "journal"] += merged.missing_count
    if merged.extra_count:
        counts["message_extra", "journal"] += merged.extra_count
    return found, counts


def _put_in(
    report: Report,
    history: History,
    found: Sequence[Divergence],
    counts: Counter[tuple[Kind, str]],
    start: Snapshot | None,
    matcher: Setting,
) -> None:
    """The divergences in their order; those that are not counted yet are."""
    causes = [each for each in found if each.kind in ("damaged_file", "ruleset")]
    others = [each for each in found if each.kind not in ("damaged_file", "ruleset")]
    counts.update((each.kind, each.topic) for each in causes if each.offset is None)
    listed = [*causes, *sorted(others, key=lambda each: (each.offset is None, each.partition, each.place))]
    report.counts = counts
    report.first = first_of(history, listed, start, matcher)
    report.divergences = [_looked_up(history, each) if number < SHOWN else each for number, each in enumerate(listed)]


def _looked_up(history: History, divergence: Divergence) -> Divergence:
    """Whether the journal has the record that an outcome goes back to, where nothing derives the outcome."""
    if divergence.kind not in ("extra", "changed") or divergence.offset is None:
        return divergence
    if record_at(history, divergence.partition, divergence.offset) is not None:
        return divergence
    gone = f"journal {divergence.partition}:{divergence.offset} is not there: a record was removed"
    return replace(divergence, what=f"{divergence.what}; {gone}" if divergence.what else gone)


def _damaged(path: str) -> Divergence:
    return Divergence("damaged_file", "archive", 0, None, path, "it is missing, or not what was written")


def _unreadable(history: History) -> Divergence | None:
    try:
        _ = history.rulesets
    except RulesetUnreadable as error:
        return Divergence("ruleset", "rulesets", 0, None, "", str(error))
    return None


def _rulesets(history: History) -> list[Divergence]:
    """The rulesets that are not what their digests name, and those that were published and are not there."""
    contents = ((digest, digest_of(ruleset)) for digest, ruleset in sorted(history.rulesets.items()))
    others = {digest: f"its content has the digest {content}" for digest, content in contents if content != digest}
    gone = sorted({each.digest for each in history.publications} - history.rulesets.keys())
    problems = {**others, **dict.fromkeys(gone, "it was published, and is not there")}
    return [Divergence("ruleset", "rulesets", 0, None, digest, what) for digest, what in problems.items()]

"""The pure parts in one process, without a broker: intake, the fold with its commit, what matching takes of it, and a receipt.

Each is measured over the same events several times, and the quickest is taken: what is more was other work of the machine.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from benchmarks.events import feed_of
from engine.core.instants import DAY_MS
from engine.core.partitioning import partition_of
from engine.match.plain import PlainMatcher
from engine.pipeline.partition import Bounds, Folded, JournalRecord, Partition
from engine.replay.lines import Line
from engine.rulebook.compiler import compile_folder
from engine.ruleset.matching import Facts, Rules, Verdict
from engine.ruleset.model import Returns, Ruleset
from engine.wire import journal
from engine.wire.intake import Accepted, Intake, SourceRecord

EVENTS = 6_000
ROUNDS = 3
BATCH_RECORDS = 2_000
PARTITIONS = 4
_SECRET = b"a secret of the measurements, long enough"
_SALT = "00" * 32
_MICROSECONDS = 1e6


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Microseconds an event; `matching_us` is a part of `fold_us`.

    `by_receipt_us`: a sale where returns may name the receipt alone, `receipt_us` of it the fold of its message to the receipt;
    `by_member_us`: where they must name the member.
    """

    events: int
    intake_us: float
    fold_us: float
    matching_us: float
    by_receipt_us: float
    receipt_us: float
    by_member_us: float


class _Recording(PlainMatcher):
    """The plain matcher, keeping what it was asked."""

    def __init__(self, ruleset: Ruleset) -> None:
        super().__init__(ruleset)
        self.asked: list[Facts] = []

    def candidates(self, facts: Facts) -> Sequence[Verdict]:
        """The same answer."""
        self.asked.append(facts)
        return super().candidates(facts)


def measure(rules: Path, count: int) -> Pipeline:
    """Takes in, folds and matches `count` baskets by the rules of a folder; everybody is enrolled before."""
    ruleset = compile_folder(rules).ruleset
    if ruleset is None:
        raise AssertionError(f"{rules} does not compile")
    enrolments, baskets = feed_of(count)
    sources = [_source(offset, line) for offset, line in enumerate((*enrolments, *baskets))]
    first = len(enrolments)
    intake = Intake(_SECRET, ruleset.programme, ruleset.digest, 1 << 20, bytes)
    accepted = [taken for taken in map(intake.accept, sources, (0,) * len(sources)) if isinstance(taken, Accepted)]
    if len(accepted) != len(sources):
        raise AssertionError(f"{len(sources) - len(accepted)} of the public events were dead letters")
    matcher = _Recording(ruleset)
    fold(ruleset, matcher, accepted, first)
    plain = PlainMatcher(ruleset)
    by_receipt, by_member = _finding_by("receipt", ruleset), _finding_by("member", ruleset)
    receipt_us = _quickest(lambda: fold_receipts(by_receipt, plain, accepted, first)) / count
    return Pipeline(
        count,
        _quickest(lambda: _timed(lambda: [intake.accept(source, 0) for source in sources[first:]])) / count,
        _quickest(lambda: fold(ruleset, plain, accepted, first)) / count,
        _quickest(lambda: _timed(lambda: [plain.candidates(facts) for facts in matcher.asked])) / count,
        _quickest(lambda: fold(by_receipt, plain, accepted, first)) / count + receipt_us,
        receipt_us,
        _quickest(lambda: fold(by_member, plain, accepted, first)) / count,
    )


def fold(ruleset: Ruleset, matcher: PlainMatcher, accepted: Sequence[Accepted], first: int) -> float:
    """The CPU seconds of folding and committing a journal of accepted events from the one numbered `first` on."""
    partitions, timed = _warmed(ruleset, matcher, accepted, first)
    return _timed(lambda: _work_off(partitions, timed))


def fold_receipts(ruleset: Ruleset, matcher: PlainMatcher, accepted: Sequence[Accepted], first: int) -> float:
    """The same of the messages alone that those events send to their receipts; the events are folded before the clock starts."""
    partitions, sales = _warmed(ruleset, matcher, accepted, first)
    told: list[list[JournalRecord]] = [[] for _ in partitions]
    ends = [partition.position + len(records) for partition, records in zip(partitions, sales, strict=True)]

    def deliver(folded: Folded) -> None:
        for record in folded.outgoing:
            if record.topic == "journal" and record.key.startswith(b"transaction:"):
                offset = ends[record.partition] + len(told[record.partition])
                told[record.partition].append(JournalRecord(offset, 0, record.key, record.value))

    _work_off(partitions, sales, deliver)
    if sum(map(len, told)) != len(accepted) - first:
        raise AssertionError(f"{len(accepted) - first} sales told {sum(map(len, told))} receipts")
    return _timed(lambda: _work_off(partitions, told))


def _finding_by(find_by: Literal["receipt", "member"], ruleset: Ruleset) -> Ruleset:
    """The rules with returns that find their sale so."""
    returns = Returns(accept_for_ms=30 * DAY_MS, spent_points_grace_ms=0, find_by=find_by)
    return replace(ruleset, programme=replace(ruleset.programme, returns=returns))


def _warmed(
    ruleset: Ruleset, matcher: PlainMatcher, accepted: Sequence[Accepted], first: int
) -> tuple[list[Partition], list[list[JournalRecord]]]:
    """Partitions that have folded all before the event numbered `first`, and the records of the rest."""
    rules = Rules(ruleset, matcher, _SALT)
    partitions = [Partition(number, PARTITIONS, lambda _digest, _salt: rules) for number in range(PARTITIONS)]
    warm, timed = _journals(ruleset, accepted, first)
    _work_off(partitions, warm)
    return partitions, timed


def _journals(
    ruleset: Ruleset, accepted: Sequence[Accepted], first: int
) -> tuple[list[list[JournalRecord]], list[list[JournalRecord]]]:
    """The records of each partition before and from the event numbered `first` on."""
    warm: list[list[JournalRecord]] = []
    for number in range(PARTITIONS):
        value = journal.encode_activation(number, ruleset.digest, _SALT, ruleset.semantics)
        warm.append([JournalRecord(0, 0, journal.ACTIVATION_KEY, value)])
    timed: list[list[JournalRecord]] = [[] for _ in range(PARTITIONS)]
    for at, event in enumerate(accepted):
        number = partition_of(event.subject, PARTITIONS)
        offset = len(warm[number]) + len(timed[number])
        (warm if at < first else timed)[number].append(JournalRecord(offset, 0, event.subject.encode(), event.value))
    return warm, timed


def _work_off(
    partitions: Sequence[Partition],
    journals: Sequence[Sequence[JournalRecord]],
    seen: Callable[[Folded], object] = lambda _: None,
) -> None:
    for partition, records in zip(partitions, journals, strict=True):
        for start in range(0, len(records), BATCH_RECORDS):
            batch = records[start : start + BATCH_RECORDS]
            end = batch[-1].offset + 1
            while partition.position < end:
                folded = partition.fold(partition.position, end, batch, Bounds())
                partition.commit(folded)
                seen(folded)


def _source(offset: int, line: Line) -> SourceRecord:
    return SourceRecord(line.topic, 0, 0, offset, 0, line.key, line.value, ())


def _timed(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _quickest(measured: Callable[[], float]) -> float:
    return min(measured() for _ in range(ROUNDS)) * _MICROSECONDS

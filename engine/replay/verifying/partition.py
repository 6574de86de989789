"""One partition verified: derived again, and held against all that was published of it. Runs in a process of its own."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import FileDamaged, PartitionRefused, RulesetMissing, UsageError
from engine.history.history import History, Published, Snapshot
from engine.match.choice import Setting
from engine.pipeline.records import Folded, JournalRecord, TopicRecord
from engine.replay.deriving import DecidingFailed, Derivation
from engine.replay.log import JOURNAL
from engine.replay.processes import Watch
from engine.replay.rules_of import RulesOf
from engine.replay.verifying.books import POINTS, Books
from engine.replay.verifying.divergence import Divergence, Divergences, Kind
from engine.replay.verifying.envelope import id_of
from engine.replay.verifying.messages import note_derived, note_recorded
from engine.replay.verifying.notes import Notes, digest_of_id
from engine.replay.verifying.rows import Rows
from engine.replay.verifying.stream import Stream

IDS = "ids"


@dataclass(frozen=True, slots=True)
class Task:
    """What to verify. `start`: the snapshot to derive from. `against`: the one whose rows are compared."""

    history: History
    partition: int
    start: Snapshot | None
    against: Snapshot | None
    folder: Path
    matcher: Setting = "auto"


@dataclass(slots=True)
class Checked:
    """What came of it. Outcomes by topic; `stands_at`: the record that deriving could not go past.

    `unproven`: not all was derived. `unread`: not even all of the journal was read.
    """

    partition: int
    records: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    not_compared: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    own_rows: int = 0
    accounts: int = 0
    postings: int = 0
    stands_at: int | None = None
    unproven: bool = False
    unread: bool = False
    divergences: list[Divergence] = field(default_factory=list)
    counts: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    cpu_s: float = 0.0


def verify(task: Task, watch: Watch) -> Checked:
    """Verifies a partition. Raises UsageError where the history does not hold what is needed."""
    began = time.process_time()
    with Notes(task.folder, task.partition) as notes:
        try:
            checked = _Verifying(task, watch, notes).run()
        except FileDamaged as error:
            checked = Checked(task.partition, unproven=True, unread=True)
            checked.divergences.append(_damage(task.partition, error))
    checked.cpu_s = time.process_time() - began
    return checked


def _damage(partition: int, error: FileDamaged) -> Divergence:
    return Divergence("damaged_file", "archive", partition, None, "", str(error))


class _Verifying:
    def __init__(self, task: Task, watch: Watch, notes: Notes) -> None:
        history, number = task.history, task.partition
        self._task, self._watch, self._notes = task, watch, notes
        self._history, self._number = history, number
        self._span = history.spans[number]
        self._derivation = Derivation(history, number, RulesOf(history.rulesets, task.matcher), task.start)
        self._since = self._derivation.partition.position
        self._found = Divergences()
        self._damages: list[Divergence] = []  # counted by who sees those of all partitions
        self._books = Books(number, whole=task.start is None)
        self._checked = Checked(number)
        self._topics = {topic: at for at, topic in enumerate(sorted(history.topics()))}
        self._streams: dict[str, Stream] = {topic: self._stream(topic) for topic in self._topics}

    def run(self) -> Checked:
        checked, span, against = self._checked, self._span, self._task.against
        rows_at = None if against is None else against.positions[self._number]
        for end in sorted({span.decided, span.end, *(() if rows_at is None else (rows_at,))}):
            if checked.stands_at is None:
                self._to(end)
            if end == rows_at and against is not None and self._came_to(end):
                self._compare_rows(against)
        self._end()
        checked.divergences, checked.counts = [*self._damages, *self._found.first()], Counter(self._found.counts)
        return checked

    # -- deriving

    def _to(self, end: int) -> None:
        if end <= self._derivation.partition.position:
            return
        try:
            for records, folded in self._derivation.batches(end):
                self._take(records, folded)
        except (DecidingFailed, PartitionRefused):
            self._one_by_one(end)
        except UsageError as error:
            if not isinstance(error.__cause__, RulesetMissing):
                raise
            self._one_by_one(end)

    def _one_by_one(self, end: int) -> None:
        """Goes up to the record that cannot be decided, and says which it is."""
        derivation = self._derivation
        for fetched in self._history.journal(self._number, derivation.partition.position, end):
            for record in fetched:
                try:
                    folded = derivation.decide([record])
                except (DecidingFailed, PartitionRefused, UsageError) as error:
                    self._stand(record.offset, error)
                    return
                self._take([record], folded)
                derivation.partition.commit(folded)

    def _stand(self, offset: int, error: Exception) -> None:
        self._checked.stands_at = offset
        if offset >= self._span.decided:
            return  # the worker stands there as well, or will
        self._checked.unproven = True
        missing = error.__cause__
        if isinstance(missing, RulesetMissing):
            self._found.add(Divergence("ruleset", "rulesets", self._number, offset, missing.digest, str(error)))
        else:
            name = f"{self._number}:{offset}"
            self._found.add(Divergence("undecidable", JOURNAL, self._number, offset, name, str(error)))

    def _take(self, records: Sequence[JournalRecord], folded: Folded) -> None:
        note_recorded(self._notes, self._number, records)
        note_derived(self._notes, folded)
        by_topic: defaultdict[str, list[TopicRecord]] = defaultdict(list)
        for record in folded.outgoing:
            by_topic[record.topic].append(record)
        by_topic.pop(JOURNAL, None)
        self._found.extend(self._books.take(by_topic.get(POINTS, ())))
        if records[0].offset < self._span.decided:
            for topic, derived in by_topic.items():
                if topic not in self._streams:
                    self._streams[topic] = self._stream(topic)
                self._streams[topic].take(derived)
        self._checked.records += len(records)
        self._watch.reached(len(records))

    def _came_to(self, end: int) -> bool:
        return self._checked.stands_at is None or self._checked.stands_at >= end

    # -- comparing

    def _stream(self, topic: str) -> Stream:
        history, number = self._history, self._number
        there = topic in self._topics
        batches: Iterator[Sequence[Published]] = iter(history.published(topic, number) if there else ())
        cut = there and history.published_from(topic, number) > 0
        readable = self._while_readable(topic, batches)
        return Stream(topic, number, readable, self._found, self._seen, since=self._since, cut=cut)

    def _while_readable(self, topic: str, batches: Iterator[Sequence[Published]]) -> Iterator[Sequence[Published]]:
        """A file of outcomes that cannot be read ends the comparison of its topic, and of nothing else."""
        try:
            yield from batches
        except FileDamaged as error:
            self._streams[topic].lost = True
            self._damages.append(_damage(self._number, error))

    def _seen(self, published: Published) -> None:
        where = self._topics[published.topic]
        self._notes.add(IDS, digest_of_id(id_of(published.value)), published.offset, where)

    def _compare_rows(self, against: Snapshot) -> None:
        rows = Rows(self._number)
        derivation = self._derivation
        kept = self._history.rows(against, self._number)
        try:
            self._found.extend(rows.compare(derivation.rows(), derivation.partition.own_rows(), kept))
        except FileDamaged as error:
            self._damages.append(_damage(self._number, error))
        self._checked.rows, self._checked.own_rows = rows.compared, rows.own

    def _end(self) -> None:
        checked, stands_at = self._checked, self._checked.stands_at
        until = self._span.decided if stands_at is None else min(self._span.decided, stands_at)
        for topic, stream in self._streams.items():
            stream.end(until)
            checked.outcomes[topic] = stream.compared
            checked.not_compared[topic] = stream.not_compared
        self._found.extend(self._books.close(self._derivation.rows()))
        checked.accounts, checked.postings = self._books.accounts, self._books.outcomes
        if stands_at is not None:
            self._note_rest(stands_at)

    def _note_rest(self, stands_at: int) -> None:
        """The messages from the record on that cannot be decided: others may have sent them."""
        fetched: Iterable[Sequence[JournalRecord]] = self._history.journal(self._number, stands_at)
        for records in fetched:
            note_recorded(self._notes, self._number, records)
            self._watch.reached(0)

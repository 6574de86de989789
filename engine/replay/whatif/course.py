"""The recorded side of one partition: its journal derived again, record by record, as the other rules' side follows it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from engine.core.instants import DAY_MS
from engine.history.history import History, Snapshot
from engine.pipeline.partition import JournalRecord, TopicRecord
from engine.pipeline.records import StateRecord
from engine.replay.deriving import Derivation
from engine.replay.rules_of import RulesOf
from engine.replay.whatif.question import Question, time_of
from engine.replay.whatif.standing import Standing, standing_of
from engine.ruleset.model import Ruleset
from engine.wire import journal

AT_ONCE = 500  # steps that are handed over together


class Step(NamedTuple):
    """A record and what it sent. `shared`: the other rules do not decide yet; of what it sent only messages are here."""

    record: JournalRecord
    sent: tuple[TopicRecord, ...]
    shared: bool


class Begin(NamedTuple):
    """From here on the other rules decide, from these rows on: the engine's own are among them."""

    rows: tuple[StateRecord, ...]


class End(NamedTuple):
    """Nothing follows; how all stands."""

    standing: Standing
    clock_ms: int | None
    ruleset: str  # in force


Course = Iterator[Sequence[Step | Begin | End]]


def course_of(history: History, question: Question, number: int) -> Course:
    """All of a partition, in batches."""
    recorded = Recorded(history, question, number, RulesOf(history.rulesets, question.matcher))
    batch: list[Step | Begin | End] = []
    for each in recorded.steps():
        batch.append(each)
        if len(batch) >= AT_ONCE:
            yield batch
            batch = []
    batch.append(recorded.end())
    yield batch


class Recorded:
    """A partition under its recorded rules, restricted to what the question asks about."""

    def __init__(self, history: History, question: Question, number: int, rules_of: RulesOf) -> None:
        self._history = history
        self._question = question
        self._derivation = Derivation(history, number, rules_of, first_snapshot(history))
        self._begun = False

    def steps(self, end: int | None = None) -> Iterator[Step | Begin]:
        """The records before an offset, all that are decided by default; the last one is committed when the next is asked for."""
        partition = self._derivation.partition
        if self._question.from_ms is None:
            yield self._begin()
        last = self._history.spans[partition.number].decided
        for batch in self._history.journal(partition.number, partition.position, last if end is None else end):
            if self._undivided:
                yield from self._whole(batch)
                continue
            for record in batch:
                decoded = journal.decode(record.value)
                time_ms = time_of(decoded)
                if self._reached(self._question.until_ms, time_ms):
                    return
                if not self._begun and self._reached(self._question.from_ms, time_ms):
                    yield self._begin()
                taken = self._taken(record, decoded)
                if taken is not None:
                    yield self._step(taken)

    def end(self) -> End:
        """How it ended."""
        partition = self._derivation.partition
        rules = rules_in_force(self._history, partition.ruleset)
        return End(standing_of(partition.rows, rules), partition.clock_ms, partition.ruleset)

    @property
    def ruleset(self) -> str:
        """The digest in force where it is now."""
        return self._derivation.partition.ruleset

    @property
    def _undivided(self) -> bool:
        """Whether nothing more is asked of single records, so that many are decided together."""
        question = self._question
        return self._begun and question.until_ms is None and question.members is None

    def _whole(self, batch: Sequence[JournalRecord]) -> Iterator[Step]:
        for at in range(0, len(batch), AT_ONCE):
            records = batch[at : at + AT_ONCE]
            folded = self._derivation.decide(records)
            self._derivation.partition.commit(folded)
            sent_by, before = {}, 0
            for offset, end in folded.told:
                sent_by[offset] = folded.outgoing[before:end]
                before = end
            for record in records:
                yield Step(record, sent_by.get(record.offset, ()), shared=False)

    def _step(self, record: JournalRecord) -> Step:
        folded = self._derivation.decide([record])
        self._derivation.partition.commit(folded)
        sent = folded.outgoing
        if not self._begun:
            sent = tuple(each for each in sent if each.topic == "journal")
        return Step(record, sent, not self._begun)

    def _begin(self) -> Begin:
        self._begun = True
        partition = self._derivation.partition
        return Begin((*self._derivation.rows(), *partition.own_rows()))

    def _reached(self, at_ms: int | None, time_ms: int | None) -> bool:
        if at_ms is None:
            return False
        times = (time_ms, self._derivation.partition.clock_ms)
        return any(each is not None and each >= at_ms for each in times)

    def _taken(self, record: JournalRecord, decoded: journal.Record) -> JournalRecord | None:
        """The record, or in place of one that is left out what it does to a clock that follows the events."""
        if not self._question.leaves_out(decoded):
            return record
        partition = self._derivation.partition
        time_ms, clock_ms = time_of(decoded), partition.clock_ms
        rules = self._history.rulesets.get(partition.ruleset)
        if record.value.startswith(b'{"kind":"message"') or time_ms is None or rules is None:
            return None
        if rules.programme.time.clock != "events" or (
            clock_ms is not None and not clock_ms < time_ms <= clock_ms + DAY_MS
        ):
            return None
        tick = partition.tick(time_ms)
        return JournalRecord(record.offset, record.timestamp_ms, tick.key, tick.value)


def first_snapshot(history: History) -> Snapshot | None:
    """Where a history begins that does not begin at the first record."""
    if all(span.start == 0 for span in history.spans.values()):
        return None
    return next(iter(history.snapshots), None)


def rules_in_force(history: History, digest: str) -> Ruleset:
    """The rules of a digest; where none was in force those that were published last."""
    found = history.rulesets.get(digest)
    if found is not None:
        return found
    latest = max(history.publications, key=lambda each: each.published_at_ms, default=None)
    return history.rulesets[latest.digest] if latest is not None else next(iter(history.rulesets.values()))

"""Events through the whole pipeline without a broker, each worked off before the next is taken; the same input, the same bytes."""

from collections import Counter
from collections.abc import Mapping
from hashlib import shake_256
from typing import Any, Protocol

from engine.core.ids import digest_of_ruleset
from engine.core.partitioning import partition_of
from engine.core.records import Kept
from engine.match.choice import matcher_for
from engine.pipeline.partition import JournalRecord, Partition, TopicRecord
from engine.pipeline.ticking import tick_to
from engine.replay.lines import Line, event_time_ms
from engine.replay.log import JOURNAL, Log
from engine.ruleset.matching import Matcher, Rules
from engine.ruleset.model import SEMANTICS, Ruleset
from engine.wire import journal
from engine.wire.intake import Accepted, Intake, SourceRecord

PARTITIONS = 4
MAX_EVENT_BYTES = 1 << 20
DEAD_LETTERS = "dead-letters"
KEYS = "keys"


class Sink(Protocol):
    """Where the records of a run go."""

    def take(self, record: TopicRecord) -> None:
        """Takes an outcome."""

    def write(self, line: Line) -> None:
        """Takes a record of the journal or a sealing key."""

    def finish(self, partitions: list[Partition], run: dict[str, Any]) -> dict[str, Any]:
        """Takes the rows that are left, and completes what is said of the run."""


class Simulation:
    """One run of a ruleset over events. An event is received at its own time; one without, at that of the event before it."""

    def __init__(
        self,
        ruleset: Ruleset,
        secret: bytes,
        outputs: Sink,
        partitions: int = PARTITIONS,
        *,
        matcher: Matcher | None = None,
        rows: Mapping[str, Kept] | None = None,
    ) -> None:
        """`matcher`: what `auto` takes where none is given. `rows`: what is kept before the first event, by key."""
        self._ruleset = ruleset
        salt = digest_of_ruleset(b"simulate:" + ruleset.digest.encode())
        self._rules = Rules(ruleset, matcher or matcher_for(ruleset, "auto"), salt)
        self._outputs = outputs
        self._random = _Random()
        self._intake = Intake(secret, ruleset.programme, ruleset.digest, MAX_EVENT_BYTES, self._random)
        self._log = Log(partitions, lambda _digest, _salt: self._rules, outputs.take)
        if rows:
            self._log.restore(rows)
        self._ends = [0] * partitions
        self._offsets: Counter[str] = Counter()
        self._now_ms = 0
        self._by_the_wall = ruleset.programme.time.clock == "wall"
        for number in range(partitions):
            value = journal.encode_activation(number, ruleset.digest, self._rules.salt, SEMANTICS)
            self._append(TopicRecord(JOURNAL, number, journal.ACTIVATION_KEY, value))
        self._settle()

    def take(self, line: Line) -> None:
        """Takes one event and works off all that it causes: messages, and work that is due by its time."""
        time_ms = event_time_ms(line)
        if time_ms is not None:
            self._now_ms = time_ms
        if self._by_the_wall:
            self._tick(self._now_ms)
        self._take_in(line)
        self._settle()

    def until(self, to_ms: int) -> None:
        """Moves the clock to an instant and works off what is due by then."""
        self._now_ms = max(self._now_ms, to_ms)
        if self._by_the_wall:
            self._tick(to_ms, even=True)
            return
        for number in range(len(self._ends)):
            value = journal.encode_clock("clock.announced", number, to_ms)
            self._append(TopicRecord(JOURNAL, number, journal.CLOCK_KEY, value))
        self._settle()

    def finish(self) -> dict[str, Any]:
        """Writes the rows and the summary, which it returns."""
        run = {
            "ruleset": self._ruleset.digest,
            "programme": self._ruleset.programme.name,
            "partitions": len(self._ends),
            "records_read": self._offsets.total(),
            "journal_records": sum(self._ends),
        }
        return self._outputs.finish(self._log.partitions, run)

    def _take_in(self, line: Line) -> None:
        offset = self._offsets[line.topic]
        self._offsets[line.topic] += 1
        self._random.begin(f"{line.topic}/{offset}")
        record = SourceRecord(line.topic, 0, 0, offset, self._now_ms, line.key, line.value, line.headers)
        match self._intake.accept(record, self._now_ms):
            case Accepted(subject, value, keys):
                for key, sealing in keys:
                    self._outputs.write(Line(KEYS, key, sealing, 0))
                number = partition_of(subject, len(self._ends))
                self._append(TopicRecord(JOURNAL, number, subject.encode(), value))
            case dead:
                self._outputs.take(TopicRecord(DEAD_LETTERS, 0, dead.key, dead.value))

    def _tick(self, now_ms: int, *, even: bool = False) -> None:
        """Ticks the wall clock as a worker does: when something is due, or once an hour, in steps of at most a day."""
        for partition in self._log.partitions:
            while (to_ms := tick_to(now_ms, partition.clock_ms, partition.next_due_ms(), even=even)) is not None:
                self._append(partition.tick(to_ms))
                self._settle()

    def _append(self, record: TopicRecord) -> None:
        offset = self._ends[record.partition]
        self._ends[record.partition] += 1
        self._log.append(record.partition, JournalRecord(offset, self._now_ms, record.key, record.value))
        self._outputs.write(Line(JOURNAL, record.key, record.value, record.partition, offset, self._now_ms))

    def _settle(self) -> None:
        while messages := self._log.settle():
            for message in messages:
                self._append(message)


class _Random:
    """Bytes that look random and are made of the record's place, so that a run gives the same bytes again."""

    def __init__(self) -> None:
        self._seed, self._drawn = b"", 0

    def begin(self, place: str) -> None:
        self._seed, self._drawn = place.encode(), 0

    def __call__(self, count: int) -> bytes:
        self._drawn += 1
        return shake_256(b"simulate:%d:%b" % (self._drawn, self._seed)).digest(count)

"""Both worlds record by record: which partition is next, what stands in each record's place, what follows its cause."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from engine.core.instants import MINUTE_MS
from engine.pipeline.partition import JournalRecord, TopicRecord
from engine.replay.whatif.course import Begin, Course, End, Step
from engine.replay.whatif.fates import Fates, Known, id_of
from engine.replay.whatif.world import OtherWorld

SKEW_MS = MINUTE_MS  # brokers' clocks differ by less: what caused a record does not stand later than this after it
JOURNAL = "journal"
_DERIVED = (
    b'{"kind":"message"',
    b'{"kind":"clock.announced"',
    b'{"kind":"clock.continue"',
    b'{"kind":"members.visited"',
)


class Seen(NamedTuple):
    """A record and the outcomes it had in both worlds. `recorded` of None: only the other world has the record."""

    partition: int
    record: JournalRecord
    recorded: tuple[TopicRecord, ...] | None
    other: tuple[TopicRecord, ...] | None


class Watching(Protocol):
    """Who is told of what both worlds made of each record."""

    def take(self, seen: Seen) -> None:
        """Takes a record's outcomes, those for the journal among them."""


class SideBySide:
    """One run. A record's place is by when it was appended; a message that the recorded world has not sent yet waits for that."""

    def __init__(self, courses: Sequence[Course], world: OtherWorld, watching: Watching) -> None:
        self._heads = [_Head(number, course) for number, course in enumerate(courses)]
        self._world = world
        self._watching = watching
        self._fates = Fates()
        self._inserted: deque[tuple[TopicRecord, int]] = deque()
        self._before_begin: dict[int, list[tuple[TopicRecord, int]]] = {head.number: [] for head in self._heads}
        self.ends: dict[int, End] = {}
        self.records = self.only_recorded = self.only_other = 0

    def run(self) -> Iterator[int]:
        """Takes all of it; yields how many records were taken, now and then."""
        for each in self._heads:
            self._forward(each)
        while (head := self._next()) is not None:
            if head.step is None:
                raise AssertionError("a partition without a record is next")
            self._take(head, head.step)
            self._forward(head)
            self.records += 1
            if not self.records % 500:
                yield self.records
        yield self.records

    def _next(self) -> "_Head | None":
        """The partition whose next record was appended first; of those at the same time the one with the lowest number."""
        ready: _Head | None = None
        waiting: _Head | None = None
        for head in self._heads:
            if head.step is None:
                continue
            if head.message is not None and not self._fates.expects(head.message):
                if waiting is None or head.at_ms < waiting.at_ms:
                    waiting = head
            elif ready is None or head.at_ms < ready.at_ms:
                ready = head
        if waiting is not None and (ready is None or waiting.at_ms + SKEW_MS < ready.at_ms):
            return waiting  # the history does not have what sent it
        return ready

    def _forward(self, head: "_Head") -> None:
        """Goes on to a partition's next record; takes its beginning and its end on the way."""
        while True:
            match head.read():
                case Begin(rows):
                    self._sent_alone(self._world.begin(head.number, rows), 0)
                    self._inserted.extendleft(reversed(self._before_begin.pop(head.number, [])))
                    self._insert()
                case End() as end:
                    self.ends[head.number] = end
                case _:
                    return

    def _take(self, head: "_Head", step: Step) -> None:
        record, number = step.record, head.number
        place = record
        if head.message is not None:
            recorded = TopicRecord(JOURNAL, number, record.key, record.value)
            standing = self._fates.arrived(head.message, recorded)
            if standing is None and not step.shared:
                self._take_left_out(number, step)
                return
            if standing is not None:
                place = record._replace(key=standing.key, value=standing.value)
        if step.shared:
            self._fates.sent_by_both(step.sent)
            return
        other = tuple(self._world.decide(number, place))
        self._watching.take(Seen(number, record, step.sent, other))
        self._sent(step.sent, other, record.timestamp_ms)

    def _take_left_out(self, number: int, step: Step) -> None:
        self.only_recorded += 1
        self._watching.take(Seen(number, step.record, step.sent, None))
        self._sent(step.sent, (), step.record.timestamp_ms)

    def _sent(self, recorded: Sequence[TopicRecord], other: Sequence[TopicRecord], at_ms: int) -> None:
        ours = [each for each in recorded if each.topic == JOURNAL]
        theirs = [each for each in other if each.topic == JOURNAL]
        if ours or theirs:
            for message in self._fates.sent(ours, theirs):
                self._queue(message, at_ms)
            self._insert()

    def _sent_alone(self, sent: Sequence[TopicRecord], at_ms: int) -> None:
        """Takes what only the other world sends, by a record that only it has."""
        for message in self._fates.sent((), [each for each in sent if each.topic == JOURNAL]):
            self._queue(message, at_ms)

    def _queue(self, message: TopicRecord, at_ms: int) -> None:
        if self._world.begun(message.partition):
            self._inserted.append((message, at_ms))
        else:
            self._before_begin[message.partition].append((message, at_ms))

    def _insert(self) -> None:
        """Decides what follows its cause, and what follows that, before anything else."""
        while self._inserted:
            message, at_ms = self._inserted.popleft()
            self.only_other += 1
            sent = tuple(self._world.insert(message.partition, message.key, message.value, at_ms))
            place = self._world.place_of(message.partition)
            record = JournalRecord(place, at_ms, message.key, message.value)
            self._watching.take(Seen(message.partition, record, None, sent))
            self._sent_alone(sent, at_ms)


class _Head:
    """Where a partition's course is. `message`: what the next record is recognised by, where something sent it."""

    def __init__(self, number: int, course: Course) -> None:
        self.number = number
        self._course = course
        self._batch: Iterator[Step | Begin | End] = iter(())
        self.step: Step | None = None
        self.message: Known | None = None
        self.at_ms = 0

    def read(self) -> Step | Begin | End | None:
        """Reads on; None once there is nothing more."""
        self.step = self.message = None
        each = next(self._batch, None)
        while each is None:
            batch = next(self._course, None)
            if batch is None:
                return None
            self._batch = iter(batch)
            each = next(self._batch, None)
        if isinstance(each, Step):
            self.step = each
            self.at_ms = each.record.timestamp_ms
            if each.record.value.startswith(_DERIVED):
                self.message = Known(self.number, id_of(each.record.value))
        return each

"""What a fold sends, in order: outcomes to their topics, records to the journal; and which record of the journal sent what."""

import base64
from collections.abc import Mapping

from engine.core import ids
from engine.core.partitioning import partition_of
from engine.core.records import Json, Message, Outcome
from engine.pipeline.records import JournalRecord, TopicRecord
from engine.wire import journal, outcomes

QUARANTINED = "quarantined"
_DEAD_BYTES = 64 << 10


class Outbox:
    """The records of one transaction for topics other than `state`.

    `told`: offset of a record of the journal and how many had been sent when it was done, for those that sent any.
    `happened`: outcomes by type. `bytes`: of keys and values.
    """

    def __init__(self, number: int, partitions: int) -> None:
        self._number = number
        self._partitions = partitions
        self._position = ""
        self.records: list[TopicRecord] = []
        self.told: list[tuple[int, int]] = []
        self.happened: dict[str, int] = {}
        self.bytes = 0

    @property
    def position(self) -> str:
        """Where in the journal the record is that is being decided: `partition:offset`."""
        return self._position

    def begin(self, offset: int) -> None:
        """From here on it is the record at this offset that sends."""
        self._position = f"{self._number}:{offset}"

    def end(self, offset: int) -> None:
        """The record is done: what was sent since the one before is its own."""
        sent = len(self.records)
        if sent and (not self.told or self.told[-1][1] < sent):
            self.told.append((offset, sent))

    def outcome(self, outcome: Outcome, ruleset: str, data: Mapping[str, Json] | None = None) -> None:
        """An outcome to the topic of its type; `data` is its payload where the pipeline completed it."""
        kind = outcome.type
        self.happened[kind] = self.happened.get(kind, 0) + 1
        value = outcomes.encode(outcome, data or outcome.data, ruleset, self._position)
        self._send(TopicRecord(outcomes.topic_of(kind), self._number, outcome.subject.encode(), value))

    def dead_letter(self, record: JournalRecord, ruleset: str) -> None:
        """A record of the journal that an operator took out."""
        offset = record.offset
        data = {
            "code": QUARANTINED,
            "path": "",
            "message": "taken out of the way by an operator",
            "topic": "journal",
            "partition": self._number,
            "offset": offset,
            "data_base64": base64.b64encode(record.value[:_DEAD_BYTES]).decode(),
            "truncated": len(record.value) > _DEAD_BYTES,
        }
        letter_id = ids.derive(QUARANTINED, str(self._number), str(offset))
        subject = f"journal:{self._number}"
        self.outcome(Outcome(letter_id, "record.rejected", subject, record.timestamp_ms, letter_id, data), ruleset)

    def message(self, message: Message) -> None:
        """A message to the journal partition of its subject."""
        partition = partition_of(message.subject, self._partitions)
        self._send(TopicRecord("journal", partition, message.subject.encode(), journal.encode_message(message)))

    def clock(self, kind: journal.ClockKind, partition: int, to_ms: int) -> None:
        """Word of the time to one partition."""
        self._send(TopicRecord("journal", partition, journal.CLOCK_KEY, journal.encode_clock(kind, partition, to_ms)))

    def announce(self, to_ms: int, *, itself: bool = True) -> None:
        """Word of a time seen here to every partition."""
        for number in range(self._partitions):
            if itself or number != self._number:
                self.clock("clock.announced", number, to_ms)

    def visited(self, timetable: str, after: str) -> None:
        """Has the members after this one visited, by this partition."""
        value = journal.encode_visited(self._number, timetable, after)
        self._send(TopicRecord("journal", self._number, journal.MEMBERS_KEY, value))

    def _send(self, record: TopicRecord) -> None:
        self.records.append(record)
        self.bytes += len(record.key) + len(record.value)

"""A journal in memory, folded by the same partitions as in a worker: what Kafka does for them, without Kafka."""

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence

import orjson

from engine.core import keys
from engine.core.partitioning import partition_of
from engine.core.records import Kept
from engine.errors import RecordFailed
from engine.pipeline.partition import POSITION_KEY, Bounds, JournalRecord, Partition, TopicRecord
from engine.pipeline.records import Progress
from engine.replay.deriving import DecidingFailed
from engine.ruleset.matching import Rules
from engine.wire.rows import encode

JOURNAL = "journal"
AT_ONCE = 2_000  # records of a journal that was recorded, folded together

Written = Callable[[TopicRecord], None]


class Log:
    """Partitions and what is still to be decided in each. `written` is told of every outcome, in order."""

    def __init__(
        self,
        partitions: int,
        rules_of: Callable[[str, str], Rules],
        written: Written,
        quarantined: Mapping[int, Collection[int]] | None = None,
    ) -> None:
        taken_out = quarantined or {}
        self.partitions = [
            Partition(number, partitions, rules_of, taken_out.get(number, ())) for number in range(partitions)
        ]
        self._written = written
        self._waiting: list[deque[JournalRecord]] = [deque() for _ in range(partitions)]
        self._bounds = Bounds()

    def restore(self, rows: Mapping[str, Kept]) -> None:
        """Gives the partitions rows to begin with, as a worker restores them; before anything is appended."""
        count = len(self.partitions)
        for key, kept in rows.items():
            number = partition_of(keys.owner_of(key), count)
            self.partitions[number].restore(key.encode(), encode(kept.row), kept.due_ms)
        position = orjson.dumps(Progress(partitions=count).row())
        for partition in self.partitions:
            partition.restore(POSITION_KEY.encode(), position, None)
            partition.restored()

    def append(self, number: int, record: JournalRecord) -> None:
        """Appends a record to a partition; `settle` decides it."""
        self._waiting[number].append(record)

    def settle(self) -> Sequence[TopicRecord]:
        """Decides what is waiting and returns the messages of it for the journal, which are not appended here."""
        messages: list[TopicRecord] = []
        for partition, waiting in zip(self.partitions, self._waiting, strict=True):
            while waiting:
                records = [waiting.popleft() for _ in range(min(len(waiting), AT_ONCE))]
                messages.extend(self._fold(partition, records))
        return messages

    def _fold(self, partition: Partition, records: Sequence[JournalRecord]) -> Sequence[TopicRecord]:
        messages: list[TopicRecord] = []
        end = records[-1].offset + 1
        while partition.position < end:
            try:
                folded = partition.fold(partition.position, end, records, self._bounds)
            except RecordFailed as failed:
                raise DecidingFailed(f"{JOURNAL} {partition.number}:{failed.offset}: {failed.cause!r}") from failed
            for record in folded.outgoing:
                if record.topic == JOURNAL:
                    messages.append(record)
                else:
                    self._written(record)
            partition.commit(folded)
        return messages

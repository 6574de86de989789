"""One partition of a history folded again, from its beginning or from a snapshot, in batches or up to a record."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from engine.errors import EngineError, RecordFailed, RulesetMissing, UsageError
from engine.history.history import History, Snapshot
from engine.pipeline.partition import Bounds, Folded, JournalRecord, Partition
from engine.pipeline.records import StateRecord
from engine.ruleset.matching import Rules

AT_ONCE = 500  # records folded together: enough that a batch costs nothing, few enough that what they write stays small
_UNBOUND = Bounds(1 << 62, 1 << 62)


class DecidingFailed(EngineError):
    """A record of the journal cannot be decided; a worker would stop at it as well."""

    exit_code = 70


class Derivation:
    """A partition that is decided again. `partition` is as it stood after the last batch that was asked for."""

    def __init__(
        self,
        history: History,
        number: int,
        rules_of: Callable[[str, str], Rules],
        start: Snapshot | None = None,
    ) -> None:
        """Restores the rows of `start` where given. Raises UsageError where the history does not hold what comes from there on."""
        self._history = history
        self.number = number
        taken_out = history.quarantined.get(number, frozenset())
        self.partition = Partition(number, history.partitions, rules_of, taken_out)
        if start is not None:
            for row in history.rows(start, number):
                self.partition.restore(row.key, row.value, row.due_ms)
            self.partition.restored()
        first = history.spans[number].start
        if self.partition.position < first:
            raise UsageError(
                f"{history.name} has the journal partition {number} from offset {first} on, and nothing that says what was"
                " before: derive it from a snapshot"
            )

    def batches(self, end: int | None = None) -> Iterator[tuple[Sequence[JournalRecord], Folded]]:
        """The records to `end`, the span's by default, in batches with what they wrote; committed when the next is asked for."""
        for fetched in self._history.journal(self.number, self.partition.position, end):
            records = iter(fetched)
            while chunk := list(islice(records, AT_ONCE)):
                folded = self.decide(chunk)
                yield chunk, folded
                self.partition.commit(folded)

    def to(self, end: int) -> None:
        """Decides all records before `end`."""
        for _ in self.batches(end):
            pass

    def decide(self, records: Sequence[JournalRecord]) -> Folded:
        """What the next records write; nothing changes until it is committed. Raises DecidingFailed, UsageError."""
        partition = self.partition
        try:
            return partition.fold(partition.position, records[-1].offset + 1, records, _UNBOUND)
        except RecordFailed as failed:
            raise DecidingFailed(f"journal {self.number}:{failed.offset}: {failed.cause!r}") from failed
        except RulesetMissing as missing:
            there = ", ".join(sorted(self._history.rulesets)) or "none"
            raise UsageError(
                f"the journal activates the ruleset {missing.digest}; {self._history.name} has {there}"
            ) from missing

    def rows(self) -> Iterator[StateRecord]:
        """The rows as they stand, by key, without those of the engine itself."""
        rows = self.partition.rows
        for key in sorted(rows):
            yield StateRecord(key.encode(), rows[key], self.partition.due_ms(key))

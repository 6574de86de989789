"""The other rules' side: the same partitions, in which every activation activates the other rules."""

from collections import Counter
from collections.abc import Mapping, Sequence

import orjson

from engine.errors import EngineError
from engine.history.history import History
from engine.pipeline.fold import Fold
from engine.pipeline.partition import JournalRecord, Partition, TopicRecord
from engine.pipeline.records import StateRecord
from engine.replay.deriving import DecidingFailed
from engine.replay.rules_of import RulesOf
from engine.ruleset.model import Ruleset
from engine.wire import journal

AT_ONCE = 200  # records that are taken over together: what a batch is makes no difference to what is decided
_INPUTS = (b'{"kind":"event"', b'{"kind":"message"')

Sent = Sequence[TopicRecord]


class OtherWorld:
    """The partitions of a history under other rules; each begins where it is told to."""

    def __init__(self, history: History, rules: Ruleset, rules_of: RulesOf) -> None:
        """`rules_of` knows the other rules and all that were published, since sales come back by the rules they were made under."""
        self._rules = rules
        self.partitions = [
            Partition(number, history.partitions, rules_of, history.quarantined.get(number, frozenset()))
            for number in range(history.partitions)
        ]
        self._begun: set[int] = set()
        self._open: dict[int, Fold] = {}
        self._taken: Counter[int] = Counter()  # by the open folds
        self._offsets: dict[int, int] = {}

    def begun(self, number: int) -> bool:
        """Whether the other rules decide in a partition by now."""
        return number in self._begun

    def begin(self, number: int, rows: Sequence[StateRecord]) -> Sent:
        """Takes the recorded rows over and puts the other rules in force, where there are any; returns what that sends."""
        partition = self.partitions[number]
        for row in rows:
            partition.restore(row.key, row.value, row.due_ms)
        partition.restored()
        self._begun.add(number)
        self._offsets[number] = max(partition.position - 1, 0)
        before = partition.progress
        if not before.ruleset or before.ruleset == self._rules.digest:
            return self._waiting(number, before.pending)
        at_once = journal.encode_activation(number, self._rules.digest, before.salt, self._rules.semantics)
        sent = self.insert(number, journal.ACTIVATION_KEY, at_once, 0)
        return (*sent, *self._waiting(number, before.pending))

    def decide(self, number: int, record: JournalRecord) -> Sent:
        """Decides a record at its own place and returns what it sends."""
        meant = record._replace(value=self._activating(record.value))
        self._offsets[number] = record.offset
        return self._take(number, meant, taken_out=record.offset in self.partitions[number].quarantined)

    def insert(self, number: int, key: bytes, value: bytes, timestamp_ms: int) -> Sent:
        """Decides a record that nobody recorded, right where the partition is."""
        return self._take(number, JournalRecord(self._offsets.get(number, 0), timestamp_ms, key, value))

    def place_of(self, number: int) -> int:
        """The offset of the last record that was decided at its own place."""
        return self._offsets.get(number, 0)

    def end(self) -> None:
        """Takes over what was decided, so that the rows are as they stand."""
        for number in tuple(self._open):
            self._close(number)

    def _take(self, number: int, record: JournalRecord, *, taken_out: bool = False) -> Sent:
        fold = self._open.get(number)
        if fold is None:
            fold = self._open[number] = self.partitions[number].opened()
        before = len(fold.sent)
        try:
            if taken_out:
                fold.take_quarantined(record)
            else:
                fold.take(record)
        except EngineError:
            raise
        except Exception as error:
            raise DecidingFailed(f"under the other rules, journal {number}:{record.offset}: {error!r}") from error
        sent = tuple(fold.sent[before:])
        self._taken[number] += 1
        if self._taken[number] >= AT_ONCE:
            self._close(number)
        return sent

    def _close(self, number: int) -> None:
        partition, fold = self.partitions[number], self._open.pop(number)
        self._taken[number] = 0
        end = max(self._offsets.get(number, -1) + 1, partition.position)
        partition.commit(fold.done(partition.position, end))

    def _waiting(self, number: int, pending: Mapping[str, object] | None) -> Sent:
        """An activation that waits for the partition's clock is one of the other rules as well."""
        if pending is None:
            return ()
        salt, at_ms = str(pending["salt"]), int(str(pending["at"]))
        value = journal.encode_activation(number, self._rules.digest, salt, self._rules.semantics, at_ms=at_ms)
        return self.insert(number, journal.ACTIVATION_KEY, value, 0)

    def _activating(self, value: bytes) -> bytes:
        """The record; one that says which rules are in force says the other ones."""
        if value.startswith(_INPUTS):
            return value
        body = orjson.loads(value)
        if not body.get("digest"):
            return value
        body.update(digest=self._rules.digest, semantics=self._rules.semantics)
        if body.get("pending"):
            body["pending"] = {**body["pending"], "digest": self._rules.digest, "semantics": self._rules.semantics}
        return orjson.dumps(body)

"""The other rules' side: the same partitions, in which every activation activates the other rules."""

from collections.abc import Mapping, Sequence

import orjson

from engine.errors import RecordFailed
from engine.history.history import History
from engine.pipeline.partition import Bounds, Folded, JournalRecord, Partition, TopicRecord
from engine.pipeline.records import StateRecord
from engine.replay.deriving import DecidingFailed
from engine.replay.rules_of import RulesOf
from engine.ruleset.model import Ruleset
from engine.wire import journal

_UNBOUND = Bounds(1 << 62, 1 << 62)
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
        before = partition.progress
        if not before.ruleset or before.ruleset == self._rules.digest:
            return self._waiting(number, before.pending)
        at_once = journal.encode_activation(number, self._rules.digest, before.salt, self._rules.semantics)
        sent = self.insert(number, journal.ACTIVATION_KEY, at_once, 0)
        return (*sent, *self._waiting(number, before.pending))

    def decide(self, number: int, record: JournalRecord) -> Sent:
        """Decides a record at its own place and returns what it sends."""
        partition = self.partitions[number]
        meant = record._replace(value=self._activating(record.value))
        try:
            folded = partition.fold(partition.position, record.offset + 1, [meant], _UNBOUND)
        except RecordFailed as failed:
            raise self._failed(number, failed) from failed
        return self._commit(partition, folded)

    def insert(self, number: int, key: bytes, value: bytes, timestamp_ms: int) -> Sent:
        """Decides a record that nobody recorded, right where the partition is."""
        partition = self.partitions[number]
        place = max(partition.position - 1, 0)
        try:
            folded = partition.decide(JournalRecord(place, timestamp_ms, key, value))
        except RecordFailed as failed:
            raise self._failed(number, failed) from failed
        return self._commit(partition, folded)

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

    def _commit(self, partition: Partition, folded: Folded) -> Sent:
        partition.commit(folded)
        return folded.outgoing

    def _failed(self, number: int, failed: RecordFailed) -> DecidingFailed:
        return DecidingFailed(f"under the other rules, journal {number}:{failed.offset}: {failed.cause!r}")

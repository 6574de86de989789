"""Deciding: a batch of the journal becomes one transaction, or, where it would be too large, a few in order."""

import logging
import time
from collections.abc import Sequence

from engine.broker.transaction import Outgoing, prepare, write_transaction
from engine.errors import PartitionRefused, RecordFailed, RulesetMissing, WorkerStuck
from engine.kafka import metrics
from engine.kafka.logs import at, places, said
from engine.kafka.opening import JOURNAL, STATE, Opened, journal_record
from engine.kafka.surroundings import Surroundings
from engine.kafka.ticking import ahead_of_broker
from engine.kafka.transport import Batch
from engine.pipeline.partition import Bounds, Folded, JournalRecord, StateRecord, TopicRecord
from engine.ruleset.model import Ruleset
from engine.wire.copies import COPY_KEY
from engine.wire.rows import DUE_HEADER, encode_due

BOUNDS = Bounds()
TRANSACTION_TIMEOUT_S = 12.0  # below the watchdog's, so that a stuck broker is reported as such
GAPS_ALLOWED = 3
STUCK_ALLOWED = 3  # at this count of failures the partition halts

_log = logging.getLogger(__name__)


class Halted(Exception):
    """The partition goes no further until an operator speaks; its message says what is waited for."""


class Gap(Exception):
    """The batch begins beyond the position: read again from there."""


class Deciding:
    """Applies batches and ticks to one open partition, one at a time."""

    def __init__(self, opened: Opened, around: Surroundings) -> None:
        self.number = opened.number
        self.rows = opened.rows
        self._producer = opened.producer
        self._around = around
        self._gaps = 0
        self.ticked_to_ms = 0

    def halted(self) -> str:
        """What the partition waits for by its rows: empty, or the record that failed too often and is not quarantined yet."""
        stuck = self.rows.stuck
        if stuck is None:
            return ""
        offset, count = stuck
        if count < STUCK_ALLOWED or offset in self._around.operators.quarantined(self.number):
            return ""
        return f"the record at offset {offset} failed {count} times; see `guerdon quarantine {self.number} {offset}`"

    def ruleset(self) -> Ruleset | None:
        """The ruleset in force here; None before the first activation."""
        return self._around.rulesets.loaded(self.rows.ruleset)

    async def apply(self, batch: Batch) -> None:
        """Decides a batch from the position on. Raises Gap, Halted, PartitionRefused, RecordFailed, TransactionUnknown and what
        `fold` raises.
        """
        if batch.start > self.rows.position:
            self._gap(batch)
        if batch.end <= self.rows.position:
            return
        began = time.monotonic()
        records = [journal_record(record) for record in batch.records if record.offset >= self.rows.position]
        self._refuse_copies(records)
        end, waiting_for = self._until_ahead(batch.end, records)
        await self._decide(batch.start, end, [record for record in records if record.offset < end])
        self._gaps = 0
        self._around.metrics.observe(metrics.BATCH_SECONDS, time.monotonic() - began, "decide")
        self._around.metrics.add(metrics.BATCH_RECORDS, len(records), "decide")
        if waiting_for:
            raise Halted(waiting_for)

    async def tick(self, to_ms: int) -> None:
        """Appends a tick to this partition of the journal."""
        await self._write([_topic_record(self.rows.tick(to_ms))])
        self.ticked_to_ms = to_ms
        self._around.metrics.add(metrics.TICKS)

    async def _decide(self, start: int, end: int, records: Sequence[JournalRecord]) -> None:
        while self.rows.position < end:
            try:
                folded = await self._fold(start, end, records)
            except RecordFailed as failure:
                await self._decide_before(failure, start, records)
                await self._record_stuck(failure)
                raise
            await self._commit(folded)
            if folded.end < end:
                records = [record for record in records if record.offset >= folded.end]

    async def _decide_before(self, failure: RecordFailed, start: int, records: Sequence[JournalRecord]) -> None:
        """The records before the one that failed are decided as ever."""
        await self._decide(start, failure.offset, [record for record in records if record.offset < failure.offset])

    async def _fold(self, start: int, end: int, records: Sequence[JournalRecord]) -> Folded:
        while True:
            try:
                return self.rows.fold(start, end, records, BOUNDS)
            except RulesetMissing as missing:
                await self._around.rulesets.load(missing.digest)

    async def _commit(self, folded: Folded) -> None:
        if folded.end <= self.rows.position:
            raise WorkerStuck(f"deciding partition {self.number} at {self.rows.position} took in nothing")
        outgoing = [_topic_record(record) for record in folded.outgoing]
        outgoing += [_state_record(record, self.number) for record in folded.state]
        await self._write(outgoing)
        self.rows.commit(folded)
        self._around.forgetting.want(folded.forgotten)
        self._count(folded)

    async def _write(self, records: list[Outgoing]) -> None:
        prepared = await prepare(self._producer, records)
        with self._around.watchdog.transaction(self.number):
            await write_transaction(self._producer, prepared, TRANSACTION_TIMEOUT_S)
        self._around.metrics.add(metrics.TRANSACTIONS)

    async def _record_stuck(self, failure: RecordFailed) -> None:
        # Of the error only type and places: its message may quote the record.
        where = places(failure.cause, 1)
        row = self.rows.stuck_row(failure.offset, " at ".join([type(failure.cause).__name__, *where]))
        await self._write([_state_record(row, self.number)])
        self._around.metrics.add(metrics.STUCK, 1, self.number)
        _log.error(said(failure), extra=at(JOURNAL, self.number, failure.offset, places=places(failure.cause)))

    def _gap(self, batch: Batch) -> None:
        self._gaps += 1
        self._around.metrics.add(metrics.GAPS, 1, JOURNAL)
        _log.warning(
            "a batch begins beyond the position; reading again",
            extra=at(JOURNAL, self.number, self.rows.position, start=batch.start, gaps=self._gaps),
        )
        if self._gaps >= GAPS_ALLOWED:
            raise WorkerStuck(
                f"{self._gaps} times a batch of journal partition {self.number} began beyond {self.rows.position}, "
                f"last at {batch.start}"
            )
        raise Gap

    def _refuse_copies(self, records: Sequence[JournalRecord]) -> None:
        """Whoever copies a journal decides the copy: the messages of what was copied stand in it, and would be sent again here."""
        for record in records:
            if record.key == COPY_KEY:
                raise PartitionRefused(
                    f"journal {self.number}:{record.offset} belongs to a copy that is not completed: wait for `guerdon repartition`,"
                    " or if that was ended early, delete these topics and begin anew"
                )

    def _until_ahead(self, end: int, records: Sequence[JournalRecord]) -> tuple[int, str]:
        """Up to where the batch may be decided, and what is waited for there."""
        confirmed_ms = self._around.operators.confirmed_ms(self.number)
        tick = ahead_of_broker(records, self.ruleset(), confirmed_ms)
        if tick is None:
            return end, ""
        return tick.offset, (
            f"the tick at offset {tick.offset} is {tick.ahead_ms // 1000} s ahead of the broker's clock; "
            f"see `guerdon clock confirm {self.number}`"
        )

    def _count(self, folded: Folded) -> None:
        for what, count in folded.counts.items():
            match what.partition("."):
                case "outcome", _, type_:
                    self._around.metrics.add(metrics.OUTCOMES, count, type_)
                case "dropped", _, _:
                    self._around.metrics.add(metrics.REPEATS, count)
                case _:
                    self._around.metrics.add(metrics.DECIDED, count, what)


def _topic_record(record: TopicRecord) -> Outgoing:
    return Outgoing(record.topic, record.partition, record.key, record.value)


def _state_record(record: StateRecord, partition: int) -> Outgoing:
    if record.due_ms is None:
        return Outgoing(STATE, partition, record.key, record.value)
    return Outgoing(STATE, partition, record.key, record.value, ((DUE_HEADER, encode_due(record.due_ms)),))

"""Opening a journal partition: fence the previous owner, restore rows and position, refuse what does not belong together."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.broker.clients import Producer, transactional_producer
from engine.broker.offsets import Positions
from engine.broker.reading import Fetched, beginning_offsets, end_offsets, read, record_at
from engine.broker.settings import Settings
from engine.errors import PartitionRefused
from engine.kafka import metrics
from engine.kafka.logs import at
from engine.kafka.surroundings import Surroundings
from engine.pipeline.partition import JournalRecord, Partition, hash_of
from engine.wire.rows import DUE_HEADER, decode_due

JOURNAL = "journal"
STATE = "state"
END_LOOKS = 4
END_PAUSE_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """A fenced producer and the restored rows; they belong together until the producer is stopped."""

    number: int
    producer: Producer
    rows: Partition


async def open_partition(number: int, around: Surroundings) -> Opened:
    """Fences, restores and checks. Raises PartitionRefused, BrokerUnavailable or BrokerRefused; nothing is left open then."""
    with around.watchdog.opening(number) as progress:
        settings = around.settings
        # Starting it fences the previous owner and waits for its transaction to end: the end of `state` read below is final.
        producer = await transactional_producer(settings, settings.transactional_id("decide", number))
        try:
            progress()
            rows = await _restored(number, around, progress)
            await _check(number, rows, around)
            if rows.ruleset:
                await around.rulesets.load(rows.ruleset)
        except BaseException:
            await asyncio.shield(producer.stop())
            raise
        return Opened(number, producer, rows)


async def end_reaching(settings: Settings, topic: str, number: int, position: int) -> int:
    """The end of a partition, once it has reached a position or enough time for that has passed.

    Right after a change of leaders the end may stand too low for a moment, until the new one has heard from its followers.
    """
    for _ in range(END_LOOKS):
        end = (await end_offsets(settings, topic, [number]))[number]
        if end >= position:
            break
        await asyncio.sleep(END_PAUSE_S)
    return end


def due_of(headers: Sequence[tuple[str, bytes]]) -> int | None:
    """The due instant that a state record's headers carry."""
    for name, value in headers:
        if name == DUE_HEADER:
            return decode_due(value)
    return None


def journal_record(record: Fetched) -> JournalRecord:
    """A fetched record as the fold takes it."""
    return JournalRecord(record.offset, record.timestamp, record.key or b"", record.value or b"")


async def _restored(number: int, around: Surroundings, progress: Callable[[], None]) -> Partition:
    began = time.monotonic()
    settings = around.settings
    rows = Partition(number, around.journal_partitions, around.rulesets.rules_of, around.operators.quarantined(number))
    start = (await beginning_offsets(settings, STATE, [number]))[number]
    end = (await end_offsets(settings, STATE, [number]))[number]
    count = 0
    async for batch in read(settings, STATE, number, start, end):
        for record in batch.records:
            if record.key is not None:
                rows.restore(record.key, record.value, due_of(record.headers) if record.headers else None)
        count += len(batch.records)
        progress()
    rows.restored()
    seconds = time.monotonic() - began
    around.metrics.set(metrics.RESTORE_SECONDS, seconds, number)
    around.metrics.set(metrics.RESTORE_ROWS, count, number)
    _log.info(
        "restored",
        extra=at(STATE, number, records=count, seconds=round(seconds, 3), position=rows.position),
    )
    return rows


async def _check(number: int, rows: Partition, around: Surroundings) -> None:
    """Holds the position row against the journal. Raises PartitionRefused naming both sides."""
    settings = around.settings
    name = f"{settings.topic(JOURNAL)}:{number}"
    first = (await beginning_offsets(settings, JOURNAL, [number]))[number]
    position = rows.position
    end = await end_reaching(settings, JOURNAL, number, position)
    if position > end:
        raise PartitionRefused(
            f"{name} ends at {end}, but {settings.topic(STATE)}:{number} says that {position} is next: "
            "the journal was re-created or cut, or the state is of another journal"
        )
    if first > position:
        raise PartitionRefused(
            f"{name} starts at {first}, but {settings.topic(STATE)}:{number} says that {position} is next: "
            "records between them were deleted before they were decided, or the state was emptied"
        )
    if rows.progress.copying:
        raise PartitionRefused(
            f"{name} is decided to {position} of a copy that is not completed: wait for `guerdon repartition`, or if that was"
            " ended early, delete these topics and begin anew"
        )
    if not rows.positioned:
        await _check_never_decided(number, around)
        return
    if rows.last is None:
        return
    offset, digest = rows.last
    found = await record_at(settings, JOURNAL, number, offset)
    if found is None and offset >= first:
        raise PartitionRefused(f"{name} holds no record at {offset}, which the state says was decided last")
    if found is not None and hash_of(journal_record(found)) != digest:
        raise PartitionRefused(
            f"{name} holds another record at {offset} than the one that {settings.topic(STATE)}:{number} says was decided last: "
            "the journal was re-created, or the state is of another journal"
        )


async def _check_never_decided(number: int, around: Surroundings) -> None:
    settings = around.settings
    async with Positions(settings, settings.membership_group) as positions:
        committed = (await positions.read([(JOURNAL, number)])).get((JOURNAL, number), 0)
    if committed > 0:
        raise PartitionRefused(
            f"{settings.topic(STATE)}:{number} holds no position, but group {settings.membership_group} has committed "
            f"{committed} in {settings.topic(JOURNAL)}:{number}: the state was emptied"
        )

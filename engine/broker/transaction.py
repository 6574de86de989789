"""Writing ready-made record batches: as one transaction, or as acknowledged batches without one.

A `send` for each record costs more than deciding it, so records are encoded first and the client gets whole
batches: one future a batch.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from aiokafka.errors import KafkaError, ProducerFenced
from aiokafka.producer.message_accumulator import BatchBuilder

from engine.broker.clients import Producer
from engine.errors import BrokerRefused, EngineError

# One open for longer is not worth waiting for: the broker aborts it at `transaction_timeout_ms`, 10 s by default.
TRANSACTION_TIMEOUT_S = 15.0
WRITE_TIMEOUT_S = 30.0

Headers = Sequence[tuple[str, bytes]]


class Outgoing(NamedTuple):
    """A record to write; `topic` without the prefix. `timestamp_ms` of None is the time of writing."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int | None = None


class Prepared(NamedTuple):
    """Encoded batches of each (full topic, partition), in order, for one write of the producer that prepared them."""

    batches: tuple[tuple[str, int, tuple[BatchBuilder, ...]], ...]
    records: int
    bytes: int


class TransactionUnknown(EngineError):
    """Between begin and the answer to commit something failed: whether the transaction counts is unknown here.

    The producer must not be used again. The position row tells the next owner what was committed. `fenced` says that
    another producer of the same id was seen.
    """

    exit_code = 75

    def __init__(self, message: str, *, fenced: bool = False) -> None:
        super().__init__(message)
        self.fenced = fenced


class RecordTooLarge(EngineError):
    """A record exceeds what this deployment writes; nothing was sent."""


class WriteFailed(EngineError):
    """Not every batch was acknowledged; some may have been written. The producer must not be used again."""

    exit_code = 75


async def prepare(producer: Producer, records: Sequence[Outgoing]) -> Prepared:
    """Encodes records into batches, order kept per (topic, partition), and checks that the partitions exist.

    Raises RecordTooLarge, and BrokerUnavailable or BrokerRefused for the metadata; no transaction is open then.
    """
    spans: dict[tuple[str, int], list[Outgoing]] = {}
    for record in records:
        spans.setdefault((record.topic, record.partition), []).append(record)
    batches: list[tuple[str, int, tuple[BatchBuilder, ...]]] = []
    for (topic, partition), span in spans.items():
        count = await producer.partitions(topic)
        if not 0 <= partition < count:
            raise BrokerRefused(
                f"{producer.settings.topic(topic)} has {count} partitions, not one numbered {partition}"
            )
        batches.append((producer.settings.topic(topic), partition, _encoded(producer, span)))
    size = sum(batch.size() for _, _, each in batches for batch in each)
    return Prepared(tuple(batches), len(records), size)


async def write_transaction(
    producer: Producer, records: Sequence[Outgoing] | Prepared, timeout_s: float = TRANSACTION_TIMEOUT_S
) -> None:
    """Writes all records as one transaction: begin, all batches, every acknowledgement, commit.

    Returns only when the commit was confirmed. Raises TransactionUnknown for any failure, timeout or cancellation after
    begin; before it, what `prepare` raises. Nothing to write is no transaction.
    """
    prepared = records if isinstance(records, Prepared) else await prepare(producer, records)
    if not prepared.records:
        return
    try:
        async with asyncio.timeout(timeout_s):
            await producer.kafka.begin_transaction()
            # aiokafka commits even where the broker refused a batch, so every acknowledgement is awaited before.
            await _send(producer, prepared)
            await asyncio.shield(_watched(asyncio.ensure_future(producer.kafka.commit_transaction())))
    except BaseException as error:
        what = "did not end in time" if isinstance(error, TimeoutError) else f"failed: {error!r}"
        fenced = isinstance(error, ProducerFenced)
        raise TransactionUnknown(f"{producer.transactional_id}: the transaction {what}", fenced=fenced) from error


async def write_batches(producer: Producer, records: Sequence[Outgoing], timeout_s: float = WRITE_TIMEOUT_S) -> None:
    """Writes records by an idempotent producer and returns when every batch was acknowledged.

    Raises WriteFailed, and before anything is sent what `prepare` raises.
    """
    prepared = await prepare(producer, records)
    try:
        async with asyncio.timeout(timeout_s):
            await _send(producer, prepared)
    except (KafkaError, TimeoutError, OSError, AssertionError) as error:
        raise WriteFailed(f"{prepared.records} records were not all acknowledged: {error!r}") from error


def _encoded(producer: Producer, records: Sequence[Outgoing]) -> tuple[BatchBuilder, ...]:
    """The records of one partition as closed batches."""
    create = producer.kafka.create_batch
    limit = producer.max_record_bytes
    batch = create()
    batches = [batch]
    for topic, partition, key, value, headers, timestamp_ms in records:
        size = len(key or b"") + len(value or b"")
        if size > limit:
            raise RecordTooLarge(f"a record of {size} bytes for {topic}:{partition}, the limit is {limit}")
        listed = list(headers)
        if batch.append(timestamp=timestamp_ms, key=key, value=value, headers=listed) is None:
            batch = create()
            batches.append(batch)
            if batch.append(timestamp=timestamp_ms, key=key, value=value, headers=listed) is None:
                raise RecordTooLarge(f"a record for {topic}:{partition} does not fit into an empty batch")
    for each in batches:
        each.close()  # otherwise single sends could still join them
    return tuple(batches)


async def _send(producer: Producer, prepared: Prepared) -> None:
    """Hands over all batches and returns when each was acknowledged; raises the first failure after all have ended."""
    acknowledgements = []
    long = []
    for topic, partition, batches in prepared.batches:
        if len(batches) > 1:
            long.append((topic, partition, batches))
        else:  # taken over at once, since nothing else waits for this partition
            acknowledgements.append(_watched(await producer.kafka.send_batch(batches[0], topic, partition=partition)))
    results = await asyncio.gather(
        *acknowledgements, *(_send_in_order(producer, *each) for each in long), return_exceptions=True
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _send_in_order(producer: Producer, topic: str, partition: int, batches: Sequence[BatchBuilder]) -> None:
    """Hands over the batches of one partition, each after the one before was acknowledged: a refused one leaves no hole.

    The client keeps one in flight for each partition anyway.
    """
    for batch in batches:
        await _watched(await producer.kafka.send_batch(batch, topic, partition=partition))


_unfinished: set["asyncio.Future[None]"] = set()  # the loop itself holds tasks only weakly


def _watched(future: "asyncio.Future[None]") -> "asyncio.Future[None]":
    """Keeps a future until it is done and reads its exception: one that nobody waits for any more ends quietly."""
    _unfinished.add(future)
    future.add_done_callback(_done)
    return future


def _done(future: "asyncio.Future[None]") -> None:
    _unfinished.discard(future)
    if not future.cancelled():
        future.exception()

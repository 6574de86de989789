"""Clients of the broker: made from settings, started in bounded time, their errors named for what the caller does."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from engine.broker.pausing import consumer_class
from engine.broker.refusals import named_errors
from engine.broker.settings import Settings, client_options
from engine.errors import BrokerRefused, BrokerUnavailable

START_TIMEOUT_S = 30.0  # aiokafka asks a coordinator that does not answer for ever
STOP_TIMEOUT_S = 5.0
ABANDON_TIMEOUT_S = 2.0
FETCH_BYTES = 8 << 20  # a partition's share of a fetch: larger than any record, large enough for a bulk restore

log = logging.getLogger(__name__)


class Producer:
    """A started producer of this deployment; topics are given by their short names. Made by the two functions below.

    `max_record_bytes` is the largest record that `transaction.prepare` lets pass.
    """

    def __init__(
        self, settings: Settings, kafka: AIOKafkaProducer, transactional_id: str | None, max_batch: int
    ) -> None:
        self.settings = settings
        self.kafka = kafka
        self.transactional_id = transactional_id
        self.max_record_bytes = 2 * max_batch
        self._partitions: dict[str, int] = {}
        self._stopped = False

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic has, as known at first use; raises BrokerUnavailable or BrokerRefused."""
        if topic not in self._partitions:
            async with named_errors(self.settings, f"asking for the partitions of {self.settings.topic(topic)}"):
                found = await self.kafka.partitions_for(self.settings.topic(topic))
            self._partitions[topic] = len(found)
        return self._partitions[topic]

    async def abandon(self, timeout_s: float = ABANDON_TIMEOUT_S) -> bool:
        """Tries one abort of the open transaction, so that others read on; True where the broker confirmed it.

        After a commit was asked for it does nothing: whether that counts is the broker's to know. Never use the producer
        again.
        """
        try:
            await asyncio.wait_for(self.kafka.abort_transaction(), timeout_s)
        except (KafkaError, AssertionError, TimeoutError, OSError) as error:  # aiokafka asserts its states
            log.warning("the open transaction of %s was not aborted: %r", self.transactional_id, error)
            return False
        return True

    async def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Closes it in bounded time, the broker away or not; what was not acknowledged is lost. Twice is no error."""
        if self._stopped:
            return
        self._stopped = True
        try:
            await asyncio.wait_for(self.kafka.stop(), timeout_s)
        except TimeoutError:
            log.warning("a producer did not stop within %s s: dropped", timeout_s)
            await _drop(self.kafka, timeout_s)
        except (KafkaError, OSError) as error:  # the sender's own end; whoever wrote has been told already
            log.warning("a producer ended with %r", error)
            await _drop(self.kafka, timeout_s)


async def transactional_producer(
    settings: Settings,
    transactional_id: str,
    *,
    max_batch_bytes: int | None = None,
    timeout_s: float = START_TIMEOUT_S,
) -> Producer:
    """Starts a producer and thereby fences the earlier one of the same id; returns when that one's transaction has ended.

    Raises BrokerUnavailable or BrokerRefused. Stop it with `stop`.
    """
    max_batch = max_batch_bytes or settings.max_batch_bytes
    kafka = AIOKafkaProducer(
        **client_options(settings),
        transactional_id=transactional_id,
        transaction_timeout_ms=settings.transaction_timeout_ms,
        max_batch_size=max_batch,
    )
    await _started(settings, kafka, f"starting the producer {transactional_id}", timeout_s)
    return Producer(settings, kafka, transactional_id, max_batch)


async def idempotent_producer(settings: Settings, *, timeout_s: float = START_TIMEOUT_S) -> Producer:
    """Starts a producer without transactions: acks=all, no duplicates by retries, order kept per partition."""
    kafka = AIOKafkaProducer(
        **client_options(settings), enable_idempotence=True, acks="all", max_batch_size=settings.max_batch_bytes
    )
    await _started(settings, kafka, "starting a producer", timeout_s)
    return Producer(settings, kafka, None, settings.max_batch_bytes)


@asynccontextmanager
async def consumer(
    settings: Settings, group_id: str | None = None, *, open_too: bool = False
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that reads committed records, commits nothing by itself and never resets its position by itself.

    `open_too`: for the ends of partitions alone, which then include what open transactions have written. Errors inside the
    block are named too: BrokerUnavailable or BrokerRefused.
    """
    kafka = consumer_class(settings)(
        **client_options(settings),
        group_id=group_id,
        isolation_level="read_uncommitted" if open_too else "read_committed",
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    async with named_errors(settings, "reading"):
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await kafka.start()
            yield kafka
        finally:
            await _bounded(kafka.stop(), "a consumer")


@asynccontextmanager
async def admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """An administration client; errors inside the block are named too."""
    kafka = AIOKafkaAdminClient(**client_options(settings))
    async with named_errors(settings, "administering topics"):
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await kafka.start()
            yield kafka
        finally:
            await _bounded(kafka.close(), "an administration client")


async def probe(settings: Settings, timeout_s: float = 5.0) -> None:
    """Asks the broker for its topics once; raises BrokerUnavailable or BrokerRefused."""
    try:
        async with asyncio.timeout(timeout_s), admin(settings) as kafka:
            await kafka.list_topics()
    except TimeoutError:
        raise BrokerUnavailable(f"the broker at {settings.bootstrap} did not answer within {timeout_s} s") from None


async def wait_until_answering(settings: Settings, timeout_s: float, pause_s: float = 0.2) -> None:
    """Probes until the broker answers; raises what the last probe raised. A refusal ends the waiting at once."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        try:
            return await probe(settings)
        except BrokerRefused:
            raise
        except BrokerUnavailable:
            if asyncio.get_running_loop().time() >= deadline:
                raise
        await asyncio.sleep(pause_s)


async def _started(settings: Settings, kafka: AIOKafkaProducer, doing: str, timeout_s: float) -> None:
    try:
        async with named_errors(settings, doing), asyncio.timeout(timeout_s):
            await kafka.start()
    except BaseException:
        await _bounded(kafka.stop(), "a producer that did not start")
        raise


async def _bounded(closing: Awaitable[object], what: str) -> None:
    """Waits a bounded time for a client to close; its failures are logged, since what mattered was raised before."""
    try:
        await asyncio.wait_for(closing, STOP_TIMEOUT_S)
    except (KafkaError, OSError, TimeoutError) as error:
        log.warning("%s did not close cleanly: %r", what, error)


async def _drop(kafka: AIOKafkaProducer, timeout_s: float) -> None:
    """Closes the connections of a producer whose own stop does not end."""
    sender = kafka._sender.sender_task  # noqa: SLF001 - aiokafka offers no close without a flush
    if sender is not None:
        sender.cancel()
    await _bounded(asyncio.wait_for(kafka.client.close(), timeout_s), "the client of a dropped producer")

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import NewTopic

from engine.broker.clients import Producer, admin, idempotent_producer, transactional_producer
from engine.broker.reading import end_offsets, read
from engine.broker.settings import Settings
from engine.broker.transaction import (
    Outgoing,
    RecordTooLarge,
    TransactionUnknown,
    WriteFailed,
    prepare,
    write_batches,
    write_transaction,
)
from engine.errors import BrokerRefused
from tests.support.brokers import Broker, crash, settled

SMALL_LIMIT = 20_000


@pytest.fixture
async def topics(settings: Settings) -> Settings:
    """Three topics of four partitions; `small` takes records of 20 KB only."""
    limits = {"max.message.bytes": str(SMALL_LIMIT)}
    async with admin(settings) as kafka:
        for name, configs in (("one", {}), ("two", {}), ("small", limits)):
            response = await kafka.create_topics([NewTopic(settings.topic(name), 4, 1, topic_configs=configs)])
            assert response.topic_errors[0][1] == 0
    return settings


@pytest.fixture
async def producer(topics: Settings) -> AsyncIterator[Producer]:
    made = await transactional_producer(topics, topics.transactional_id("decide", 0))
    yield made
    await made.stop()


def numbered(topic: str, partition: int, values: range, size: int = 0) -> list[Outgoing]:
    return [Outgoing(topic, partition, b"k%d" % n, b"%d" % n + b"." * size) for n in values]


async def values_of(settings: Settings, topic: str, partition: int) -> list[int]:
    await settled(settings, topic)
    end = (await end_offsets(settings, topic))[partition]
    values: list[int] = []
    async for batch in read(settings, topic, partition, 0, end):
        values += [int((record.value or b"").rstrip(b".")) for record in batch.records]
    return values


async def test_all_records_become_visible_in_the_order_given(
    topics: Settings, producer: Producer, rng: random.Random
) -> None:
    written: dict[tuple[str, int], list[int]] = {}
    for start in range(0, 3000, 1000):
        records = []
        for value in range(start, start + 1000):
            place = (rng.choice(("one", "two")), rng.randrange(4))
            written.setdefault(place, []).append(value)
            records.append(Outgoing(*place, b"k", b"%d" % value))
        await write_transaction(producer, records)
    for (topic, partition), values in written.items():
        assert await values_of(topics, topic, partition) == values


async def test_several_batches_of_one_partition_keep_their_order(topics: Settings, producer: Producer) -> None:
    records = numbered("one", 1, range(4000), size=1000) + numbered("two", 2, range(10))
    prepared = await prepare(producer, records)
    assert [len(batches) for _, _, batches in prepared.batches] == [4, 1]
    assert prepared.records == 4010
    assert 4_000_000 < prepared.bytes < 4_400_000
    await write_transaction(producer, prepared)
    assert await values_of(topics, "one", 1) == list(range(4000))
    assert await values_of(topics, "two", 2) == list(range(10))


async def test_headers_timestamps_and_tombstones_arrive(topics: Settings, producer: Producer) -> None:
    await write_transaction(
        producer,
        [Outgoing("one", 0, b"a", None, (("due", b"12345678"),), 1_700_000_000_000), Outgoing("one", 0, None, b"v")],
    )
    records = [record async for batch in read(topics, "one", 0, 0, 3) for record in batch.records]
    assert [(each.key, each.value, tuple(each.headers)) for each in records] == [
        (b"a", None, (("due", b"12345678"),)),
        (None, b"v", ()),
    ]
    assert records[0].timestamp == 1_700_000_000_000


async def test_nothing_to_write_is_no_transaction(topics: Settings, producer: Producer) -> None:
    await write_transaction(producer, [])
    assert (await end_offsets(topics, "one"))[0] == 0


async def test_an_open_transaction_is_not_visible_until_its_commit(topics: Settings, producer: Producer) -> None:
    await producer.kafka.begin_transaction()
    await producer.kafka.send_and_wait(topics.topic("one"), b"1", partition=0)
    assert (await end_offsets(topics, "one"))[0] == 0
    assert await producer.abandon()
    assert await values_of(topics, "one", 0) == []


async def test_a_second_producer_of_the_same_id_fences_the_first(topics: Settings, producer: Producer) -> None:
    await write_transaction(producer, numbered("one", 0, range(3)))
    successor = await transactional_producer(topics, topics.transactional_id("decide", 0))
    with pytest.raises(TransactionUnknown) as unknown:
        await write_transaction(producer, numbered("one", 0, range(3, 6)))
    assert unknown.value.fenced
    await write_transaction(successor, numbered("one", 0, range(6, 9)))
    await successor.stop()
    assert await values_of(topics, "one", 0) == [0, 1, 2, 6, 7, 8]


async def test_a_new_producer_ends_the_open_transaction_of_the_old_one(topics: Settings, producer: Producer) -> None:
    await producer.kafka.begin_transaction()
    await producer.kafka.send_and_wait(topics.topic("one"), b"1", partition=0)
    successor = await transactional_producer(topics, topics.transactional_id("decide", 0))
    await write_transaction(successor, numbered("one", 0, range(2, 3)))
    await successor.stop()
    assert await values_of(topics, "one", 0) == [2]


async def test_a_batch_refused_by_the_broker_commits_nothing(topics: Settings, producer: Producer) -> None:
    await write_transaction(producer, numbered("small", 0, range(1)))
    too_large = Outgoing("small", 0, b"k", b"x" * (SMALL_LIMIT * 2))
    with pytest.raises(TransactionUnknown, match=r"MessageSizeTooLarge|UnknownError"):
        await write_transaction(producer, [*numbered("one", 0, range(3)), too_large])
    assert await producer.abandon()
    assert await values_of(topics, "one", 0) == []
    assert await values_of(topics, "small", 0) == [0]


@pytest.mark.parametrize("transactional", [True, False])
async def test_a_record_beyond_the_limit_is_refused_before_anything_is_sent(
    topics: Settings, producer: Producer, transactional: bool
) -> None:
    records = [*numbered("one", 0, range(3)), Outgoing("one", 0, b"k", b"x" * (20 << 20))]
    if transactional:
        with pytest.raises(RecordTooLarge, match="20971521 bytes for one:0"):
            await write_transaction(producer, records)
        await write_transaction(producer, numbered("one", 0, range(5)))  # the producer is as good as before
        assert await values_of(topics, "one", 0) == list(range(5))
    else:
        plain = await idempotent_producer(topics)
        with pytest.raises(RecordTooLarge):
            await write_batches(plain, records)
        await write_batches(plain, numbered("one", 0, range(5)))
        await plain.stop()
        assert await values_of(topics, "one", 0) == list(range(5))


async def test_a_partition_that_does_not_exist_is_refused_before_the_transaction(producer: Producer) -> None:
    with pytest.raises(BrokerRefused, match="4 partitions, not one numbered 4"):
        await write_transaction(producer, numbered("one", 4, range(1)))
    await write_transaction(producer, numbered("one", 3, range(1)))


async def test_a_cancelled_transaction_is_unknown_and_can_be_abandoned(topics: Settings, producer: Producer) -> None:
    prepared = await prepare(producer, numbered("one", 0, range(8000), size=1000))
    writing = asyncio.create_task(write_transaction(producer, prepared))
    await asyncio.sleep(0.002)  # begun; eight batches, one after the other, take longer
    writing.cancel()
    with pytest.raises(TransactionUnknown):
        await writing
    await producer.abandon()
    assert await values_of(topics, "one", 0) in ([], list(range(8000)))


async def test_the_broker_gone_inside_a_transaction_is_unknown_in_bounded_time(
    topics: Settings, producer: Producer, broker: Broker
) -> None:
    await write_transaction(producer, numbered("one", 0, range(1)))
    await crash(broker)
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(TransactionUnknown, match="did not end in time"):
        await write_transaction(producer, numbered("one", 0, range(1, 2)), timeout_s=1.0)
    assert not await producer.abandon(0.5)
    await producer.stop(0.5)
    assert loop.time() - began < 10
    await broker.start()
    successor = await transactional_producer(topics, topics.transactional_id("decide", 0))
    await write_transaction(successor, numbered("one", 0, range(2, 3)))
    await successor.stop()
    assert await values_of(topics, "one", 0) == [0, 2]


async def test_idempotent_batches_are_acknowledged_and_in_order(topics: Settings) -> None:
    producer = await idempotent_producer(topics)
    for start in range(0, 9000, 3000):
        await write_batches(producer, numbered("two", 3, range(start, start + 3000), size=500))
    await producer.stop()
    await producer.stop()
    assert await values_of(topics, "two", 3) == list(range(9000))


async def test_a_refused_batch_of_the_intake_path_is_said(topics: Settings) -> None:
    producer = await idempotent_producer(topics)
    with pytest.raises(WriteFailed, match=r"MessageSizeTooLarge|UnknownError"):
        await write_batches(producer, [Outgoing("small", 0, b"k", b"x" * (SMALL_LIMIT * 2))])
    await producer.stop()


async def test_acknowledgements_that_do_not_come_are_said_in_bounded_time(topics: Settings, broker: Broker) -> None:
    producer = await idempotent_producer(topics)
    await write_batches(producer, numbered("one", 0, range(1)))
    await crash(broker)
    with pytest.raises(WriteFailed, match="1 records were not all acknowledged"):
        await write_batches(producer, numbered("one", 0, range(1, 2)), timeout_s=1.0)
    await producer.stop(0.5)

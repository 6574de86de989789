import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from engine.broker.clients import Producer, admin, transactional_producer
from engine.broker.offsets import Positions
from engine.broker.reading import (
    Batch,
    beginning_offsets,
    end_offsets,
    follow,
    partitions_of,
    read,
    read_spans,
    read_table,
    record_at,
)
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, write_transaction
from engine.errors import BrokerUnavailable, PartitionRefused, TopicsDiffer
from tests.support.brokers import Broker, crash, settled


@pytest.fixture
async def producer(deployment: Settings) -> AsyncIterator[Producer]:
    made = await transactional_producer(deployment, deployment.transactional_id("decide", 0))
    yield made
    await made.stop()


async def write(producer: Producer, topic: str, partition: int, values: range) -> None:
    await write_transaction(producer, [Outgoing(topic, partition, b"k%d" % n, b"%d" % n) for n in values])
    await settled(producer.settings, topic)


async def abort(producer: Producer, topic: str, partition: int, values: range) -> None:
    await producer.kafka.begin_transaction()
    for n in values:
        await producer.kafka.send_and_wait(producer.settings.topic(topic), b"%d" % n, partition=partition)
    await producer.kafka.abort_transaction()
    await settled(producer.settings, topic)


async def collected(settings: Settings, topic: str, partition: int, start: int, end: int) -> list[Batch]:
    return [batch async for batch in read(settings, topic, partition, start, end)]


def offsets(batches: list[Batch]) -> list[int]:
    return [record.offset for batch in batches for record in batch.records]


async def test_a_read_stops_at_its_end_though_offsets_have_holes(deployment: Settings, producer: Producer) -> None:
    await write(producer, "journal", 1, range(3))  # offsets 0 to 2, marker 3
    await abort(producer, "journal", 1, range(3, 5))  # offsets 4 and 5, marker 6
    await write(producer, "journal", 1, range(5, 7))  # offsets 7 and 8, marker 9
    await abort(producer, "journal", 1, range(7, 9))  # offsets 10 and 11, marker 12
    assert (await end_offsets(deployment, "journal"))[1] == 13
    batches = await collected(deployment, "journal", 1, 0, 13)
    assert offsets(batches) == [0, 1, 2, 7, 8]
    assert batches[-1].end == 13
    assert all(before.end == after.start for before, after in pairwise(batches))
    assert offsets(await collected(deployment, "journal", 1, 1, 8)) == [1, 2, 7]
    assert offsets(await collected(deployment, "journal", 1, 3, 7)) == []
    assert offsets(await collected(deployment, "journal", 1, 9, 13)) == []
    assert await collected(deployment, "journal", 1, 13, 13) == []


async def test_several_partitions_are_read_at_once(deployment: Settings, producer: Producer) -> None:
    for partition in range(4):
        await write(producer, "state", partition, range(5))
    seen: dict[int, int] = {}
    async for batch in read_spans(deployment, "state", {0: (0, 6), 2: (3, 6), 3: (0, 0)}):
        seen[batch.partition] = seen.get(batch.partition, 0) + len(batch.records)
    assert seen == {0: 5, 2: 2}


async def test_a_position_before_the_log_starts_is_refused(deployment: Settings, producer: Producer) -> None:
    await write(producer, "journal", 0, range(10))
    async with admin(deployment) as kafka:
        await kafka.delete_records({TopicPartition(deployment.topic("journal"), 0): RecordsToDelete(before_offset=4)})
    assert (await beginning_offsets(deployment, "journal"))[0] == 4
    with pytest.raises(PartitionRefused, match="starts at 4, after 2"):
        await collected(deployment, "journal", 0, 2, 9)
    assert offsets(await collected(deployment, "journal", 0, 4, 9)) == [4, 5, 6, 7, 8]


async def test_a_read_beyond_the_end_says_that_it_stands(deployment: Settings, producer: Producer) -> None:
    await write(producer, "journal", 0, range(2))
    with pytest.raises(BrokerUnavailable, match=r"no progress reading .*journal:0 at 3"):
        async for _ in read(deployment, "journal", 0, 0, 9, stall_s=0.2):
            pass


async def test_a_missing_topic_is_named_and_not_created(settings: Settings) -> None:
    for asking in (end_offsets, beginning_offsets, read_table):
        with pytest.raises(TopicsDiffer, match="journal does not exist"):
            await asking(settings, "journal")
    assert await partitions_of(settings, "journal") == 0


async def test_a_record_is_found_at_its_exact_offset_only(deployment: Settings, producer: Producer) -> None:
    await write(producer, "journal", 0, range(2))
    await abort(producer, "journal", 0, range(2, 3))  # offset 3, marker 4
    await write(producer, "journal", 0, range(3, 4))
    found = await record_at(deployment, "journal", 0, 1)
    assert found is not None
    assert (found.offset, found.key, found.value) == (1, b"k1", b"1")
    for hole in (2, 3, 4, 99):
        assert await record_at(deployment, "journal", 0, hole) is None


async def test_a_table_holds_the_latest_value_of_each_key(deployment: Settings, producer: Producer) -> None:
    rows = [("a", b"1"), ("b", b"1"), ("a", b"2"), ("c", b"1"), ("c", None)]
    await write_transaction(producer, [Outgoing("quarantine", 0, key.encode(), value) for key, value in rows])
    await settled(deployment, "quarantine")
    assert await read_table(deployment, "quarantine") == {b"a": b"2", b"b": b"1"}
    assert await read_table(deployment, "keys") == {}


async def test_following_starts_at_the_end_or_where_asked(deployment: Settings, producer: Producer) -> None:
    await write(producer, "points", 2, range(3))

    async def first(starts: dict[tuple[str, int], int] | None) -> Batch:
        async for batch in follow(deployment, ["points", "issuances"], starts):
            if batch.records:
                return batch
        raise AssertionError("following ended")

    async with asyncio.timeout(20):
        assert [each.value for each in (await first({("points", 2): 1})).records] == [b"1", b"2"]
        waiting = asyncio.create_task(first(None))
        await asyncio.sleep(1.0)
        await write(producer, "issuances", 3, range(7, 8))
        batch = await waiting
    assert (batch.topic, batch.partition, [each.value for each in batch.records]) == ("issuances", 3, [b"7"])


async def test_what_was_committed_survives_a_crash_of_the_broker(
    deployment: Settings, producer: Producer, broker: Broker
) -> None:
    await write(producer, "state", 0, range(1000))
    async with Positions(deployment, deployment.intake_group) as positions:
        await positions.commit({("members", 0): 42})
    await producer.stop()
    await crash(broker)
    await broker.start()
    assert len(await read_table(deployment, "state")) == 1000
    async with Positions(deployment, deployment.intake_group) as positions:
        assert await positions.read([("members", 0)]) == {("members", 0): 42}


async def test_positions_are_kept_per_group_and_partition(deployment: Settings) -> None:
    wanted = [("members", 0), ("members", 1), ("returns", 3)]
    async with Positions(deployment, deployment.intake_group) as positions:
        assert await positions.read(wanted) == {}
        await positions.commit({})
        await positions.commit({("members", 0): 5})
        await positions.commit({("members", 0): 6, ("returns", 3): 9})
        assert await positions.read(wanted) == {("members", 0): 6, ("returns", 3): 9}
    async with Positions(deployment, deployment.intake_group) as again, Positions(deployment, "other") as other:
        assert await again.read(wanted) == {("members", 0): 6, ("returns", 3): 9}
        assert await other.read(wanted) == {}


async def test_positions_fail_in_bounded_time_where_the_broker_is_gone(
    deployment: Settings, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.broker.offsets.ANSWER_TIMEOUT_S", 1.0)
    async with Positions(deployment, deployment.intake_group) as positions:
        await positions.commit({("members", 0): 1})
        await crash(broker)
        with pytest.raises(BrokerUnavailable, match="committing positions of group"):
            await positions.commit({("members", 0): 2})

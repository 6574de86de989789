"""A partition is placed by our offset, whatever the fetcher made of it before."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.errors import NoOffsetForPartitionError

from engine.broker.clients import admin
from engine.broker.placing import place
from engine.broker.settings import Settings, client_options
from tests.support.brokers import Broker, broker_settings, unique_name


async def test_what_a_fetcher_missed_before_is_no_error_once_the_partition_is_placed(
    broker: Broker, request: pytest.FixtureRequest
) -> None:
    settings: Settings = broker_settings(broker, unique_name(request.node.name))
    name = settings.topic("members")
    async with admin(settings) as kafka:
        await kafka.create_topics([NewTopic(name, 1, 1)])
    async with AIOKafkaProducer(**client_options(settings)) as producer:
        await producer.send_and_wait(name, b"first")
    tp = TopicPartition(name, 0)
    options = {"group_id": f"{name}-group", "auto_offset_reset": "none", "enable_auto_commit": False}
    async with AIOKafkaConsumer(**client_options(settings), **options) as consumer:
        consumer.assign([tp])
        for _ in range(3_000):
            if tp in consumer._fetcher._records:  # the fetcher found that the group has no offset
                break
            await asyncio.sleep(0.01)
        assert tp in consumer._fetcher._records
        place(consumer, tp, 0)
        record = await asyncio.wait_for(consumer.getone(tp), 30)
        assert record.value == b"first"
    async with AIOKafkaConsumer(**client_options(settings), **options) as consumer:
        consumer.assign([tp])
        with pytest.raises(NoOffsetForPartitionError):  # which is what would come up without
            await asyncio.wait_for(consumer.getone(tp), 30)

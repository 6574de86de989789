import asyncio
import time
from typing import Any

from aiokafka import TopicPartition

from engine.broker.clients import consumer, idempotent_producer
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, write_batches

LOOK_S = 1.0
FETCHES = 200  # without a pause: thousands


async def test_a_consumer_with_nothing_to_read_asks_rarely_and_still_reads_at_once(deployment: Settings) -> None:
    asked = 0
    async with consumer(deployment) as kafka:
        send = kafka._client.send

        async def counted(*request: Any, **options: Any) -> Any:
            nonlocal asked
            asked += 1
            return await send(*request, **options)

        kafka._client.send = counted
        tp = TopicPartition(deployment.topic("transactions"), 0)
        kafka.assign([tp])
        kafka.seek(tp, 0)
        waiting = asyncio.create_task(kafka.getmany(timeout_ms=20_000))
        await asyncio.sleep(LOOK_S)
        assert 0 < asked < FETCHES * LOOK_S

        producer = await idempotent_producer(deployment)
        try:
            await write_batches(producer, [Outgoing("transactions", 0, b"key", b"value")])
        finally:
            await producer.stop()
        written_at = time.monotonic()
        fetched = await waiting
        assert [record.value for record in fetched[tp]] == [b"value"]
        assert time.monotonic() - written_at < LOOK_S

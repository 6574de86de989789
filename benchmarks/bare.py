"""The baseline, a process of its own: bare aiokafka consumes, transforms and produces, one transaction a fetched batch.

For each event it parses the JSON, keeps a member's balance in a dict, and writes an outcome and a row: less than any real worker
would do. `python -m benchmarks.bare TASK`, where TASK is the JSON of a `Task`; it prints the JSON of a `Cost`.
"""

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord

BATCH_RECORDS = 2_000
GROUP = "bare"

Style = Literal["send", "batches"]
Written = tuple[str, int, bytes, bytes]  # topic, partition, key, value


class Task(NamedTuple):
    """What to work off: all `events` records of `topic` (full names); `style` is how records are handed over."""

    bootstrap: str
    topic: str
    outcomes: str
    rows: str
    events: int
    style: Style


class Cost(NamedTuple):
    """What it took from the first batch to the last commit; CPU is that of the whole process, user and system."""

    events: int
    seconds: float
    cpu_s: float


async def work_off(task: Task) -> Cost:
    """Reads everything once."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=task.bootstrap,
        group_id=GROUP,
        isolation_level="read_committed",
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 << 20,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=task.bootstrap, transactional_id=f"{GROUP}-{task.style}", max_batch_size=1 << 20
    )
    await producer.start()
    await consumer.start()
    try:
        return await _work_off(task, consumer, producer)
    finally:
        await consumer.stop()
        await producer.stop()


async def _work_off(task: Task, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> Cost:
    tps = [TopicPartition(task.topic, number) for number in range(await _partitions(producer, task.topic))]
    consumer.assign(tps)
    for tp in tps:
        consumer.seek(tp, 0)
    write = _send if task.style == "send" else _send_batches
    balances: dict[str, int] = {}
    done = 0
    began: tuple[float, float] | None = None
    while done < task.events:
        fetched = await consumer.getmany(timeout_ms=1_000, max_records=BATCH_RECORDS)
        if began is None:
            began = time.monotonic(), time.process_time()
        written = [one for records in fetched.values() for record in records for one in decide(task, balances, record)]
        async with producer.transaction():
            await write(producer, written)
            ends = {tp: records[-1].offset + 1 for tp, records in fetched.items()}
            await producer.send_offsets_to_transaction(ends, GROUP)
        done += sum(len(records) for records in fetched.values())
    if began is None:
        return Cost(0, 0.0, 0.0)
    return Cost(done, time.monotonic() - began[0], time.process_time() - began[1])


async def _partitions(producer: AIOKafkaProducer, topic: str) -> int:
    return len(await producer.partitions_for(topic))


def decide(task: Task, balances: dict[str, int], record: "ConsumerRecord[bytes, bytes]") -> tuple[Written, Written]:
    """A point for each dollar: an outcome and a row."""
    event: Mapping[str, Any] = orjson.loads(record.value or b"")
    data = event["data"]
    member: str = data["member_id"]
    points = data.get("amount_minor", 0) // 100
    balances[member] = balances.get(member, 0) + points
    key = member.encode()
    outcome = {
        "id": event["id"],
        "member": member,
        "time": event["time"],
        "points": points,
        "balance": balances[member],
    }
    row = {"member": member, "balance": balances[member], "last": event["id"]}
    return (
        (task.outcomes, record.partition, key, orjson.dumps(outcome)),
        (task.rows, record.partition, key, orjson.dumps(row)),
    )


async def _send(producer: AIOKafkaProducer, written: Sequence[Written]) -> None:
    for topic, partition, key, value in written:
        await producer.send(topic, value, key=key, partition=partition)


async def _send_batches(producer: AIOKafkaProducer, written: Sequence[Written]) -> None:
    spans: dict[tuple[str, int], list[Written]] = {}
    for one in written:
        spans.setdefault(one[:2], []).append(one)
    sent = []
    for (topic, partition), span in spans.items():
        batch = producer.create_batch()
        for _, _, key, value in span:
            if batch.append(key=key, value=value, timestamp=None) is None:
                sent.append(await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                batch.append(key=key, value=value, timestamp=None)
        sent.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*sent)


if __name__ == "__main__":
    print(orjson.dumps(asyncio.run(work_off(Task(**orjson.loads(sys.argv[1]))))._asdict()).decode())

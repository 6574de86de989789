"""Who reads along misses nothing after a transaction was aborted."""

from engine.broker.clients import transactional_producer
from engine.broker.reading import beginning_offsets, end_offsets, follow, read
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, write_transaction


async def test_a_reader_gets_what_is_written_after_an_aborted_transaction(deployment: Settings) -> None:
    first = await transactional_producer(deployment, f"{deployment.app_id}-aborting")
    await write_transaction(first, [Outgoing("points", 0, b"k", b"before")])
    await first.kafka.begin_transaction()
    await first.kafka.send_and_wait(deployment.topic("points"), b"never", partition=0)
    second = await transactional_producer(deployment, f"{deployment.app_id}-aborting")
    expected = [b"before", *(b"after %d" % number for number in range(4))]
    found: list[bytes | None] = []
    for value in expected[1:2]:
        await write_transaction(second, [Outgoing("points", 0, b"k", value)])
    async for batch in follow(deployment, ["points"], {("points", 0): 0}):
        found += [record.value for record in batch.records]
        if len(found) == len(expected):
            break
        if len(found) > 1:  # each in a fetch of its own, behind the abort
            await write_transaction(second, [Outgoing("points", 0, b"k", expected[len(found)])])
    await second.stop()
    await first.stop()
    assert found == expected


async def test_a_reader_from_behind_an_aborted_transaction_gets_what_follows(deployment: Settings) -> None:
    first = await transactional_producer(deployment, f"{deployment.app_id}-aborting")
    await first.kafka.begin_transaction()
    await first.kafka.send_and_wait(deployment.topic("points"), b"never", partition=0)
    second = await transactional_producer(deployment, f"{deployment.app_id}-aborting")
    start = (await end_offsets(deployment, "points", [0]))[0]
    assert start > (await beginning_offsets(deployment, "points", [0]))[0]
    await write_transaction(second, [Outgoing("points", 0, b"k", b"after")])
    end = (await end_offsets(deployment, "points", [0]))[0]
    found = [record.value async for batch in read(deployment, "points", 0, start, end) for record in batch.records]
    await second.stop()
    await first.stop()
    assert found == [b"after"]

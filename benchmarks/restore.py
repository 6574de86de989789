"""Restore: the state of a deployment read from its broker into partitions, as a worker does it when it starts."""

import asyncio
import time
from dataclasses import dataclass

from engine.broker.reading import beginning_offsets, end_offsets, read
from engine.broker.settings import Settings
from engine.kafka.opening import STATE, due_of
from engine.pipeline.partition import Partition
from engine.ruleset.matching import Rules


@dataclass(frozen=True, slots=True)
class Restore:
    """All partitions at once, in one process. `records` were read, `rows` were the latest of their keys."""

    records: int
    rows: int
    seconds: float
    cpu_s: float


async def measure(settings: Settings) -> Restore:
    """Restores every partition; nothing else runs in this process meanwhile."""
    starts, ends = await beginning_offsets(settings, STATE), await end_offsets(settings, STATE)
    began, used = time.monotonic(), time.process_time()
    found = await asyncio.gather(
        *(_restored(settings, number, len(starts), starts[number], end) for number, end in ends.items())
    )
    seconds, cpu_s = time.monotonic() - began, time.process_time() - used
    return Restore(sum(records for records, _ in found), sum(rows for _, rows in found), seconds, cpu_s)


async def _restored(settings: Settings, number: int, partitions: int, start: int, end: int) -> tuple[int, int]:
    partition = Partition(number, partitions, _no_rules)
    records = 0
    async for batch in read(settings, STATE, number, start, end):
        for record in batch.records:
            if record.key is not None:
                partition.restore(record.key, record.value, due_of(record.headers) if record.headers else None)
        records += len(batch.records)
    partition.restored()
    return records, len(partition.rows)


def _no_rules(digest: str, _salt: str) -> Rules:
    raise AssertionError(f"a restore asks for no rules, but asked for {digest}")

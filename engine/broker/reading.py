"""Reading partitions of a topic by position: bounded reads, the ends of the log, and following it.

Always `read_committed`. Offsets have holes (markers, compaction), so a read stops by the consumer's position, never by an
offset seen. A topic that does not exist is never asked for by name, because some brokers would create it.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition

from engine.broker.clients import admin, consumer
from engine.broker.settings import Settings
from engine.errors import BrokerUnavailable, PartitionRefused, TopicsDiffer

POLL_MS = 500
MAX_RECORDS = 20_000  # a batch: large enough that the loop costs nothing, small enough to let others run
STALL_S = 60.0
SETTLING_S = 60.0
SETTLING_PAUSE_S = 0.05

Place = tuple[str, int]  # a topic without the prefix, and a partition


class Fetched(Protocol):
    """A record as fetched (aiokafka's ConsumerRecord); `topic` with the prefix, `timestamp` in milliseconds.

    The timestamp is the broker's where the topic has LogAppendTime.
    """

    @property
    def topic(self) -> str:
        """The topic's full name."""

    @property
    def partition(self) -> int:
        """The partition's number."""

    @property
    def offset(self) -> int:
        """The record's place in the partition."""

    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970."""

    @property
    def key(self) -> bytes | None:
        """The key as written."""

    @property
    def value(self) -> bytes | None:
        """The value as written; None deletes the key in a compacted topic."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """The headers as written."""


class Batch(NamedTuple):
    """Records of one partition between two positions; `topic` without the prefix. `records` may be empty: holes only."""

    topic: str
    partition: int
    records: Sequence[Fetched]
    start: int
    end: int


async def topics_of(settings: Settings) -> dict[str, int]:
    """The broker's topics by full name, with their partition counts."""
    async with admin(settings) as kafka:
        return {each["topic"]: len(each["partitions"]) for each in await kafka.describe_topics()}


async def partitions_of(settings: Settings, topic: str) -> int:
    """How many partitions a topic has, 0 where it does not exist; never creates it."""
    return (await topics_of(settings)).get(settings.topic(topic), 0)


async def beginning_offsets(
    settings: Settings, topic: str, partitions: Collection[int] | None = None
) -> dict[int, int]:
    """The first offset of each partition (of all by default); raises TopicsDiffer where the topic is missing."""
    tps = await _existing(settings, topic, partitions)
    async with consumer(settings) as kafka:
        return {tp.partition: offset for tp, offset in (await kafka.beginning_offsets(tps)).items()}


async def end_offsets(settings: Settings, topic: str, partitions: Collection[int] | None = None) -> dict[int, int]:
    """The position up to which each partition can be read: the end, or the first transaction still open."""
    tps = await _existing(settings, topic, partitions)
    async with consumer(settings) as kafka:
        return {tp.partition: offset for tp, offset in (await kafka.end_offsets(tps)).items()}


async def bounds_of(settings: Settings, places: Collection[Place]) -> dict[Place, tuple[int, int]]:
    """From where and up to where each of these partitions, of any topics, can be read. They must exist."""
    tps = [TopicPartition(settings.topic(topic), partition) for topic, partition in sorted(places)]
    if not tps:
        return {}
    async with consumer(settings) as kafka:
        starts, ends = await kafka.beginning_offsets(tps), await kafka.end_offsets(tps)
    return {(settings.short(tp.topic), tp.partition): (int(starts[tp]), int(ends[tp])) for tp in tps}


async def settled_ends(
    settings: Settings, places: Collection[Place], timeout_s: float = SETTLING_S
) -> dict[Place, int]:
    """The ends of these partitions with all that is written by now, once no transaction below them is open any more.

    A transaction ends in one partition after the other. So whoever saw one committed in any of them finds all of it below these
    ends, which is not so with `end_offsets`. Raises BrokerUnavailable where one stays open for `timeout_s`.
    """
    tps = [TopicPartition(settings.topic(topic), partition) for topic, partition in sorted(places)]
    if not tps:
        return {}
    async with consumer(settings, open_too=True) as raw:
        written = {tp: int(end) for tp, end in (await raw.end_offsets(tps)).items()}
    clock = asyncio.get_running_loop().time
    deadline = clock() + timeout_s
    async with consumer(settings) as kafka:
        waiting = tps
        while True:
            ends = await kafka.end_offsets(waiting)
            waiting = [tp for tp in waiting if ends[tp] < written[tp]]
            if not waiting:
                break
            if clock() > deadline:
                names = ", ".join(f"{tp.topic}:{tp.partition}" for tp in waiting)
                raise BrokerUnavailable(f"a transaction has been open for {timeout_s} s on {names}")
            await asyncio.sleep(SETTLING_PAUSE_S)
    return {(settings.short(tp.topic), tp.partition): end for tp, end in written.items()}


async def read(
    settings: Settings, topic: str, partition: int, start: int, end: int, stall_s: float = STALL_S
) -> AsyncGenerator[Batch, None]:
    """The records at `start <= offset < end` in batches, then stops: by position. Also the bulk restore.

    Raises PartitionRefused where `start` is not in the log, BrokerUnavailable where the position stands for `stall_s`.
    """
    async for batch in read_spans(settings, topic, {partition: (start, end)}, stall_s):
        yield batch


async def read_spans(
    settings: Settings, topic: str, spans: Mapping[int, tuple[int, int]], stall_s: float = STALL_S
) -> AsyncGenerator[Batch, None]:
    """`read` for several partitions of a topic at once: partition to (start, end). Order holds per partition."""
    ends = {partition: end for partition, (start, end) in spans.items() if start < end}
    tps = await _existing(settings, topic, ends)
    if not tps:
        return
    async with consumer(settings) as kafka:
        beginnings = await kafka.beginning_offsets(tps)
        starts = {tp: spans[tp.partition][0] for tp in tps}
        for tp in tps:
            if starts[tp] < beginnings[tp]:
                raise PartitionRefused(f"{tp.topic}:{tp.partition} starts at {beginnings[tp]}, after {starts[tp]}")
        async for batch in _spans(settings, kafka, starts, ends, stall_s):
            yield batch


async def follow(
    settings: Settings, topics: Sequence[str], starts: Mapping[tuple[str, int], int] | None = None
) -> AsyncGenerator[Batch, None]:
    """The records of all partitions of these topics for ever: from `starts` where given, else from the end.

    Waits while the broker is away. Partitions added later are not followed.
    """
    tps = [tp for topic in topics for tp in await _existing(settings, topic, None)]
    async with consumer(settings) as kafka:
        positions = dict(await kafka.end_offsets(tps))
        for (topic, partition), offset in (starts or {}).items():
            positions[TopicPartition(settings.topic(topic), partition)] = offset
        _seek(kafka, positions)
        while True:
            for batch in await _poll(settings, kafka, positions):
                yield batch


async def record_at(settings: Settings, topic: str, partition: int, offset: int) -> Fetched | None:
    """The committed record that stands exactly at an offset, or None where there is none (any more)."""
    beginning = (await beginning_offsets(settings, topic, [partition]))[partition]
    end = (await end_offsets(settings, topic, [partition]))[partition]
    found: Fetched | None = None
    if beginning <= offset < end:
        # To its end, so that it is closed here.
        async for batch in read(settings, topic, partition, offset, offset + 1):
            found = next(iter(batch.records), found)
    return found


async def read_table(settings: Settings, topic: str) -> dict[bytes, bytes]:
    """A whole compacted topic as of now: the latest value of each key; deleted keys are absent."""
    starts = await beginning_offsets(settings, topic)
    ends = await end_offsets(settings, topic)
    table: dict[bytes, bytes] = {}
    async for batch in read_spans(settings, topic, {number: (starts[number], ends[number]) for number in starts}):
        absorb(table, batch.records)
    return table


def absorb(table: dict[bytes, bytes], records: Iterable[Fetched]) -> None:
    """Takes records of a compacted topic over into a table."""
    for record in records:
        if record.key is None:
            continue  # no key: not a row of a table
        if record.value is None:
            table.pop(record.key, None)
        else:
            table[record.key] = record.value


async def _existing(settings: Settings, topic: str, partitions: Collection[int] | None) -> list[TopicPartition]:
    name = settings.topic(topic)
    count = await partitions_of(settings, topic)
    if count == 0:
        raise TopicsDiffer(f"topic {name} does not exist; `guerdon topics apply` creates it")
    wanted = range(count) if partitions is None else sorted(partitions)
    if any(not 0 <= number < count for number in wanted):
        raise TopicsDiffer(f"topic {name} has {count} partitions; asked for {sorted(wanted)}")
    return [TopicPartition(name, number) for number in wanted]


async def _spans(
    settings: Settings,
    kafka: AIOKafkaConsumer,
    starts: Mapping[TopicPartition, int],
    ends: Mapping[int, int],
    stall_s: float,
) -> AsyncGenerator[Batch, None]:
    positions = dict(starts)
    _seek(kafka, positions)
    clock = asyncio.get_running_loop().time
    moved_at = clock()
    while positions:
        batches = await _poll(settings, kafka, positions)
        if batches:
            moved_at = clock()
        elif clock() - moved_at > stall_s:
            standing = ", ".join(f"{tp.topic}:{tp.partition} at {at}" for tp, at in sorted(positions.items()))
            raise BrokerUnavailable(f"no progress reading {standing} for {stall_s} s")
        for batch in batches:
            end = ends[batch.partition]
            if batch.end >= end:
                tp = TopicPartition(settings.topic(batch.topic), batch.partition)
                del positions[tp]
                kafka.pause(tp)
                within = [record for record in batch.records if record.offset < end]
                yield batch._replace(records=within, end=end)
            else:
                yield batch


def _seek(kafka: AIOKafkaConsumer, positions: Mapping[TopicPartition, int]) -> None:
    kafka.assign(list(positions))
    for tp, offset in positions.items():
        kafka.seek(tp, offset)


async def _poll(settings: Settings, kafka: AIOKafkaConsumer, positions: dict[TopicPartition, int]) -> list[Batch]:
    """Fetches once and moves `positions` on; a partition where only holes were read gives a batch without records."""
    fetched = await kafka.getmany(*positions, timeout_ms=POLL_MS, max_records=MAX_RECORDS)
    batches = []
    for tp, start in list(positions.items()):
        end = await kafka.position(tp)
        if end > start:
            positions[tp] = end
            batches.append(Batch(settings.short(tp.topic), tp.partition, fetched.get(tp, ()), start, end))
    return batches

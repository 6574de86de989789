"""Reading partitions of a topic by position: bounded reads, the ends of the log, and following it.

Always `read_committed`. Offsets have holes (markers, compaction), so a read stops by the consumer's position, never by an offset seen.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from engine.broker.settings import Settings


class Fetched(Protocol):
    """A record as fetched (aiokafka's ConsumerRecord): `timestamp` in ms, the broker's where the topic has LogAppendTime."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Batch(NamedTuple):
    """Records of one partition; `end` is the position after them. `topic` without the prefix. `records` may be empty (holes only)."""

    topic: str
    partition: int
    records: Sequence[Fetched]
    start: int
    end: int


async def partitions_of(settings: Settings, topic: str) -> int:
    """How many partitions a topic has, 0 where it does not exist; never creates it."""
    raise NotImplementedError


async def beginning_offsets(
    settings: Settings, topic: str, partitions: Collection[int] | None = None
) -> dict[int, int]:
    """The first offset of each partition (all of the topic by default); raises TopicsDiffer where the topic is missing."""
    raise NotImplementedError


async def end_offsets(settings: Settings, topic: str, partitions: Collection[int] | None = None) -> dict[int, int]:
    """The offset after the last committed record of each partition (read committed: before the first open transaction)."""
    raise NotImplementedError


def read(
    settings: Settings, topic: str, partition: int, start: int, end: int, stall_s: float = 60.0
) -> AsyncIterator[Batch]:
    """The records at `start <= offset < end` in batches, then stops: by position.

    Also the bulk restore reader. Raises PartitionRefused where `start` is no longer or not yet in the log, BrokerUnavailable where
    the position does not move for `stall_s`.
    """
    raise NotImplementedError


def follow(
    settings: Settings, topics: Sequence[str], starts: Mapping[tuple[str, int], int] | None = None
) -> AsyncIterator[Batch]:
    """The records of all partitions of these topics for ever; from `starts` ((topic, partition) to offset), else from the end."""
    raise NotImplementedError


async def last_record_at(settings: Settings, topic: str, partition: int, offset: int) -> Fetched | None:
    """The record that stands exactly at an offset, or None where there is none (any more)."""
    raise NotImplementedError


async def offset_at_time(settings: Settings, topic: str, partition: int, time_ms: int) -> int:
    """The first offset whose record is not older than `time_ms`; the end offset where there is none."""
    raise NotImplementedError


async def read_table(settings: Settings, topic: str) -> dict[bytes, bytes]:
    """A whole compacted topic as of now: the latest value of each key; deleted keys are absent."""
    raise NotImplementedError

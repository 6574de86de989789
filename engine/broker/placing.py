"""Setting a consumer's position in a partition by our own offsets."""

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchError


def place(consumer: AIOKafkaConsumer, tp: TopicPartition, offset: int) -> None:
    """Seeks, and drops what went wrong with the partition before.

    A fetcher that looks at a partition between its assignment and its pause asks the group for an offset. The group has none, and the
    fetcher would say so at the next drain (NoOffsetForPartitionError), though the partition stands somewhere by then.
    """
    consumer.seek(tp, offset)
    fetcher = consumer._fetcher  # noqa: SLF001 - there is no public way to what it has found
    if isinstance(fetcher._records.get(tp), FetchError):  # noqa: SLF001
        del fetcher._records[tp]  # noqa: SLF001
        fetcher._notify(fetcher._wait_consume_future)  # noqa: SLF001

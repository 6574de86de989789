"""What a reader of the embedded broker must know of transactions that were aborted.

Kafka's brokers name with a fetch the aborted transactions that reach into it. The embedded broker names all that ever were, and the
client passes over whatever their producers write until it comes by the end of the transaction, which lies behind it: all that
the producer's successors write from then on (they have its id).
"""

from typing import Any
from weakref import WeakSet


class OwnAborts:
    """Takes from what was just fetched the transactions that began before it. Call `heed` after each fetch, before anything is read.

    What the client would rightly have passed over is lost to this only where a fetch ends inside an aborted transaction.
    """

    def __init__(self) -> None:
        self._heeded: WeakSet[Any] = WeakSet()

    def heed(self, fetcher: Any) -> None:  # noqa: ANN401 - aiokafka ships no types
        """Looks through the fetcher's buffered results."""
        for result in fetcher._records.values():  # noqa: SLF001 - there is no public place between fetching and reading
            records = getattr(result, "_partition_records", None)
            if records is None or records in self._heeded:
                continue
            self._heeded.add(records)
            named = records._aborted_transactions  # noqa: SLF001 - as above
            named[:] = [each for each in named if each[1] >= records.next_fetch_offset]

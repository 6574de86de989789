"""Input partitions, and where to read them on: from intake's committed positions, else from the start of the log."""

from collections import deque
from collections.abc import Sequence

from faust.types import TP

from engine.broker.offsets import Positions
from engine.broker.reading import beginning_offsets, end_offsets
from engine.broker.settings import Settings
from engine.errors import PartitionRefused
from engine.kafka.opening import end_reaching
from engine.kafka.transport import Batch


class Source:
    """One input partition while it is ours. `position` is the next offset to take in, None until known."""

    def __init__(self, tp: TP, topic: str) -> None:
        self.tp = tp
        self.topic = topic  # without the prefix
        self.position: int | None = None
        self.queue: deque[Batch] = deque()
        self.gaps = 0


async def starting_offsets(settings: Settings, positions: Positions, sources: Sequence[Source]) -> dict[TP, int]:
    """Where to start reading. Raises PartitionRefused where a committed position is not in the log."""
    committed = await positions.read([(source.topic, source.tp.partition) for source in sources])
    starts: dict[TP, int] = {}
    for topic in sorted({source.topic for source in sources}):
        numbers = [source.tp.partition for source in sources if source.topic == topic]
        firsts = await beginning_offsets(settings, topic, numbers)
        ends = await end_offsets(settings, topic, numbers)
        for number in numbers:
            known = committed.get((topic, number))
            if known is not None and known > ends[number]:
                ends[number] = await end_reaching(settings, topic, number, known)
            tp = TP(settings.topic(topic), number)
            starts[tp] = _start(tp, known, firsts[number], ends[number])
    return starts


def _start(tp: TP, committed: int | None, first: int, end: int) -> int:
    if committed is None:
        return first
    if committed > end:
        raise PartitionRefused(
            f"{tp.topic}:{tp.partition} ends at {end}, but intake has committed {committed}: the topic was re-created; "
            "raise GUERDON_EPOCH and delete the positions of this topic from intake's group"
        )
    if committed < first:
        raise PartitionRefused(
            f"{tp.topic}:{tp.partition} starts at {first}, but intake has committed {committed}: "
            "inputs between them were deleted before they were taken in"
        )
    return committed

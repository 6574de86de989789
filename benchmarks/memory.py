"""Memory while a backlog is worked off, beside the rows kept by then; and the restore of what it left.

A worker's rows grow with what was decided, by design. What must not grow is the rest: it does not read ahead of itself.
"""

from dataclasses import dataclass
from pathlib import Path

from benchmarks import restore
from benchmarks.deployments import broker, deployment, feed
from benchmarks.events import feed_of
from benchmarks.running import Sample, enrol, worker
from engine.broker.reading import absorb, beginning_offsets, end_offsets, read_spans
from engine.broker.settings import Settings

EVENTS = 100_000
EMBEDDED_EVENTS = 36_000
MILLION = 1_000_000
MARKS = (0.1, 0.5, 1.0)
STATE = "state"


@dataclass(frozen=True, slots=True)
class Mark:
    """How it stood when a part of the backlog was decided; sizes in bytes. `kept` counts keys and values of the rows."""

    decided: int
    resident: int
    rows: int
    kept: int


@dataclass(frozen=True, slots=True)
class Memory:
    """One run on one kind of broker; sizes in bytes. `before` and `peak` are the worker's resident memory."""

    broker: str
    events: int
    seconds: float
    before: int
    peak: int
    marks: tuple[Mark, ...]
    restore: restore.Restore


class _Rows:
    """The rows as the state topic says, read on from where it was read before."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._table: dict[bytes, bytes] = {}
        self._reached: dict[int, int] = {}

    async def mark(self, sample: Sample) -> Mark:
        """Reads what is committed by now."""
        starts = self._reached or await beginning_offsets(self._settings, STATE)
        self._reached = await end_offsets(self._settings, STATE)
        spans = {number: (start, self._reached[number]) for number, start in starts.items()}
        async for batch in read_spans(self._settings, STATE, spans):
            absorb(self._table, batch.records)
        kept = sum(len(key) + len(value) for key, value in self._table.items())
        return Mark(sample.decided, sample.usage.resident_bytes, len(self._table), kept)


async def measure(kind: str, count: int, directory: Path) -> Memory:
    """Feeds a backlog of `count` baskets, works it off, and restores what it left."""
    async with broker(kind, directory / "memory") as running:
        settings = await deployment(running, "memory")
        given = feed_of(count)
        await enrol(settings, given.enrolments, directory / "enrolling.log")
        await feed(settings, given.baskets)
        rows = _Rows(settings)
        marks: list[Mark] = []
        async with worker(settings, directory / "memory.log") as working:
            first = last = await working.decided(0)
            for share in MARKS:
                last = await working.decided(int(count * share))
                marks.append(await rows.mark(last))
        restored = await restore.measure(settings)
        seconds, before = last.at_s - first.at_s, first.usage.resident_bytes
        return Memory(kind, count, seconds, before, last.usage.peak_bytes, tuple(marks), restored)

"""What the worker does once a second: measures lag, rewinds what got lost, ticks, and tells lag tools where it is."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from faust.types import TP

from engine.kafka import metrics
from engine.kafka.intake import IntakeStage
from engine.kafka.logs import at
from engine.kafka.opening import JOURNAL
from engine.kafka.partitions import OwnedPartition, Ownership
from engine.kafka.surroundings import Surroundings
from engine.kafka.ticking import by_the_wall, tick_to
from engine.kafka.transport import Standing

EVERY_S = 1.0
STARTING_EVERY_S = 0.1  # until it is ready
COMMIT_EVERY_S = 5.0
READY_LAG_RECORDS = 10_000
READY_LSO_LAG_S = 15.0
_LOST_AFTER_LOOKS = 3

_log = logging.getLogger(__name__)


class Housekeeping:
    """Looks after the stages; `now_ms` is the wall clock."""

    def __init__(
        self,
        around: Surroundings,
        ownership: Ownership,
        intake: IntakeStage,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._around = around
        self._ownership = ownership
        self._intake = intake
        self._now_ms = now_ms
        self._journal = around.settings.topic(JOURNAL)
        self._committed_at = 0.0
        self._lost_looks: dict[int, int] = {}
        self._stable_since: dict[int, tuple[int, float]] = {}
        self._ready = False
        self.assigned = False  # whether the group has given us anything, or nothing, yet
        self.lag_records = 0
        self.lso_lag_s = 0.0

    async def keep(self) -> None:
        """Looks once a second, for ever; raises what ended the following of rulesets or operators' words."""
        while True:
            await asyncio.sleep(EVERY_S if self._ready else STARTING_EVERY_S)
            self._around.operators.raise_failure()
            self._around.rulesets.newest_digest()
            if self.assigned:
                await self._look()
                self._say_ready()

    def unready(self) -> list[str]:
        """Why the worker is not ready, in words; empty where it is."""
        if not self.assigned:
            return ["the group has assigned nothing yet"]
        reasons = [
            f"journal partition {partition.number} is {'halted: ' + partition.halted if partition.halted else 'not restored'}"
            for partition in self._ownership.partitions
            if partition.halted or not partition.open
        ]
        if not self._intake.placed:
            reasons.append("the positions of the inputs are not known yet")
        if self.lag_records > READY_LAG_RECORDS:
            reasons.append(f"{self.lag_records} records behind")
        if self.lso_lag_s > READY_LSO_LAG_S:
            reasons.append(f"an open transaction has held back the journal for {self.lso_lag_s:.0f} s")
        return reasons

    async def _look(self) -> None:
        standings: Mapping[TP, Standing] = await self._around.consumer().standings()
        self._measure(standings)
        for partition in self._ownership.partitions:
            await self._rewind_lost(partition, standings.get(partition.tp))
            self._tick(partition)
        if time.monotonic() - self._committed_at >= COMMIT_EVERY_S:
            self._committed_at = time.monotonic()
            await self.commit_for_tools()

    def _say_ready(self) -> None:
        if not self._ready and not self.unready():
            self._ready = True
            _log.info("ready", extra={"partitions": len(self._ownership.partitions), "lag": self.lag_records})

    # -- lag

    def _measure(self, standings: Mapping[TP, Standing]) -> None:
        set_ = self._around.metrics.set
        for gauge in (metrics.LAG, metrics.LSO_LAG):
            self._around.metrics.forget(gauge)
        applied: dict[TP, int] = {
            partition.tp: partition.deciding.rows.position
            for partition in self._ownership.partitions
            if partition.deciding is not None
        }
        applied |= {source.tp: source.position for source in self._intake.sources if source.position is not None}
        at_rest = {partition.tp for partition in self._ownership.partitions if partition.at_rest}
        at_rest |= {source.tp for source in self._intake.sources if not source.queue}
        self.lag_records, self.lso_lag_s = 0, 0.0
        for tp, standing in standings.items():
            if tp not in applied or standing.highwater is None:
                continue
            lag = standing.highwater - _reached(applied[tp], standing, tp in at_rest)
            self.lag_records += max(0, lag)
            set_(metrics.LAG, max(0, lag), self._around.settings.short(tp.topic), tp.partition)
            if tp.topic == self._journal:
                seconds = self._held_back(tp.partition, standing)
                self.lso_lag_s = max(self.lso_lag_s, seconds)
                set_(metrics.LSO_LAG, seconds, tp.partition)
        partitions = self._ownership.partitions
        set_(metrics.OPEN, sum(partition.open for partition in partitions))
        set_(metrics.HALTED, sum(bool(partition.halted) for partition in partitions))
        set_(metrics.QUEUED, sum(partition.queued for partition in partitions), "decide")
        set_(metrics.QUEUED, sum(len(source.queue) for source in self._intake.sources), "intake")

    def _held_back(self, number: int, standing: Standing) -> float:
        """For how long the readable end has stood still below the end of the log."""
        stable, highwater = standing.stable, standing.highwater
        if stable is None or highwater is None or stable >= highwater:
            self._stable_since.pop(number, None)
            return 0.0
        seen, since = self._stable_since.get(number, (-1, 0.0))
        if seen != stable:
            since = time.monotonic()
            self._stable_since[number] = (stable, since)
        return time.monotonic() - since

    # -- rewinding

    async def _rewind_lost(self, partition: OwnedPartition, standing: Standing | None) -> None:
        """A batch that Faust dropped and nothing follows would never be seen missing: then the partition is read again."""
        number = partition.number
        lost = (
            standing is not None
            and standing.drained is not None
            and partition.open
            and not partition.halted
            and partition.at_rest
            and partition.deciding is not None
            and standing.drained > partition.deciding.rows.position
        )
        if not lost:
            self._lost_looks.pop(number, None)
            return
        self._lost_looks[number] = self._lost_looks.get(number, 0) + 1
        if self._lost_looks[number] >= _LOST_AFTER_LOOKS:
            self._lost_looks.pop(number)
            self._around.metrics.add(metrics.GAPS, 1, JOURNAL)
            _log.warning("a batch was given out but never arrived; reading again", extra=at(JOURNAL, number))
            await partition.place()

    # -- time

    def _tick(self, partition: OwnedPartition) -> None:
        deciding = partition.deciding
        if deciding is None or not partition.open or partition.halted or not by_the_wall(deciding.ruleset()):
            return
        rows = deciding.rows
        to_ms = tick_to(self._now_ms(), rows.clock_ms, rows.next_due_ms(), deciding.ticked_to_ms)
        if to_ms is not None:
            partition.want_tick(to_ms)

    # -- lag tools

    async def commit_for_tools(self) -> None:
        """Commits the positions of the journal to the group, behind the rows; a failure costs lag tools only."""
        offsets = {
            partition.tp: partition.deciding.rows.position
            for partition in self._ownership.partitions
            if partition.deciding is not None and partition.deciding.rows.positioned
        }
        if not offsets:
            return
        try:
            await asyncio.wait_for(self._around.consumer().commit_for_tools(offsets), COMMIT_EVERY_S)
        except Exception as error:  # noqa: BLE001 - whatever it was, no position depends on it
            _log.warning("the group's offsets were not committed (lag tools only): %s", type(error).__name__)


def _reached(applied: int, standing: Standing, at_rest: bool) -> int:
    """How far a partition is: where nothing waits, the consumer may be further, by markers that hold no record."""
    if at_rest and standing.drained is not None and standing.drained <= applied and standing.position is not None:
        return max(applied, standing.position)
    return applied

"""What the stages of a worker share."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from engine.broker.settings import Settings
from engine.kafka.metrics import Metrics
from engine.kafka.operators import Operators
from engine.kafka.rulesets import Rulesets
from engine.kafka.watchdog import Watchdog
from engine.pipeline.partition import Partition
from engine.ruleset.matching import Rules

MakePartition = Callable[[int, int, Callable[[str, str], Rules], Collection[int]], Partition]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`consumer` gives the group's member once Faust has made it; `fail` ends the worker with an error."""

    settings: Settings
    metrics: Metrics
    watchdog: Watchdog
    rulesets: Rulesets
    operators: Operators
    journal_partitions: int
    make_partition: MakePartition
    consumer: Callable[[], Any]
    fail: Callable[[BaseException], None]

"""What the stages of a worker share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.broker.settings import Settings
from engine.kafka.forgetting import Forgetting
from engine.kafka.metrics import Metrics
from engine.kafka.operators import Operators
from engine.kafka.rulesets import Rulesets
from engine.kafka.watchdog import Watchdog


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`consumer` gives the group's member once Faust has made it; `fail` ends the worker with an error."""

    settings: Settings
    metrics: Metrics
    watchdog: Watchdog
    rulesets: Rulesets
    operators: Operators
    forgetting: Forgetting
    journal_partitions: int
    consumer: Callable[[], Any]
    fail: Callable[[BaseException], None]

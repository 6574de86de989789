"""How the parts in one process are timed: CPU time of the process, since the machine has other work; the median of several rounds."""

import statistics
import time
from collections.abc import Callable

_MICROSECONDS = 1e6


def median_us(run: Callable[[], object], events: int, rounds: int) -> float:
    """Microseconds of CPU an event."""
    return statistics.median(cpu_s(run) for _ in range(rounds)) / events * _MICROSECONDS


def elapsed_s(run: Callable[[], object]) -> float:
    """Seconds on the clock, child processes included."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def cpu_s(run: Callable[[], object]) -> float:
    """Seconds of CPU that one run takes."""
    began = time.process_time()
    run()
    return time.process_time() - began

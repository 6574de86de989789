"""Work for processes, in a module that a process of its own can import."""

import os
import sys
import time
from pathlib import Path

from engine.errors import RecordFailed
from engine.replay.processes import Watch, work_off


def squared(number: int, watch: Watch) -> int:
    """Does so much and says so."""
    watch.reached(number)
    return number * number


def failing(number: int, watch: Watch) -> int:
    """The second part fails with an error that cannot be pickled as it is; the others would go on for a minute."""
    if number == 1:
        raise RecordFailed(7, ValueError("no"))
    return endless(number, watch)


def endless(number: int, watch: Watch, told: Path | None = None) -> int:
    """Goes on for a minute, unless it is stopped."""
    if told is not None:
        (told / str(os.getpid())).touch()
    for _ in range(600):
        time.sleep(0.1)
        watch.reached(1)
    return number


def noting(folder: str, watch: Watch) -> int:
    """The same, leaving word of its process."""
    return endless(0, watch, Path(folder))


if __name__ == "__main__":
    work_off(noting, [sys.argv[1]] * 2, 2, lambda done: done)

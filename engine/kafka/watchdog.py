"""A thread that ends the process when it no longer gets anywhere: heartbeats come from another thread, so nobody else would see it.

Exit code 75: somebody else may take over and should.
"""

import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine.errors import WorkerStuck
from engine.kafka import logs

TRANSACTION_S = 15.0
OPEN_S = 60.0
REVOKE_S = 30.0  # each part of it waits 5 s at most, so beyond this it hangs
LOOP_S = 10.0
_LOOK_S = 0.5
_STOPPED_S = 5.0  # looks this far apart mean that the whole process stood still, this thread included

_log = logging.getLogger(__name__)


def end_process(code: int) -> None:
    """Ends the process at once, logs written out. Whatever was open is the broker's to abort."""
    logs.flush()
    sys.stdout.flush()
    os._exit(code)


class Watchdog:
    """Watches what is under way. `clock` in seconds; `end` is called with the exit code."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, end: Callable[[int], None] = end_process) -> None:
        self._clock = clock
        self._end = end
        self._under_way: dict[tuple[str, int], tuple[float, float]] = {}  # what -> (since or last progress, limit)
        self._beat_at = clock()
        self._looked_at = clock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Starts watching."""
        self._thread.start()

    def stop(self) -> None:
        """Stops watching."""
        self._closing.set()

    def beat(self) -> None:
        """The main loop is alive."""
        self._beat_at = self._clock()

    @contextmanager
    def transaction(self, partition: int) -> Iterator[None]:
        """A transaction of a partition is open inside."""
        with self._watched(("transaction", partition), TRANSACTION_S):
            yield

    @contextmanager
    def opening(self, partition: int) -> Iterator[Callable[[], None]]:
        """A partition is being opened inside; call what it gives at each progress."""
        key = ("open", partition)

        def progress() -> None:
            if key in self._under_way:
                self._under_way[key] = (self._clock(), OPEN_S)

        with self._watched(key, OPEN_S):
            yield progress

    @contextmanager
    def revoking(self) -> Iterator[None]:
        """Everything is being suspended inside; the group waits for it."""
        with self._watched(("revoke", 0), REVOKE_S):
            yield

    @contextmanager
    def stopping(self, limit_s: float) -> Iterator[None]:
        """The worker is stopping inside; it has this long."""
        with self._watched(("stop", 0), limit_s):
            yield

    def look(self) -> str:
        """What is stuck, in words; empty where nothing is."""
        now = self._clock()
        if now - self._looked_at > _STOPPED_S:
            self._start_again(now)
        self._looked_at = now
        if now - self._beat_at > LOOP_S:
            return f"the main loop was silent for {now - self._beat_at:.1f} s"
        for (what, number), (since, limit) in list(self._under_way.items()):
            if now - since > limit:
                of = f" of partition {number}" if what in ("transaction", "open") else ""
                return f"{what}{of} made no progress for {now - since:.1f} s"
        return ""

    @contextmanager
    def _watched(self, key: tuple[str, int], limit: float) -> Iterator[None]:
        self._under_way[key] = (self._clock(), limit)
        try:
            yield
        finally:
            self._under_way.pop(key, None)

    def _start_again(self, now: float) -> None:
        self._beat_at = now
        for key, (_, limit) in list(self._under_way.items()):
            self._under_way[key] = (now, limit)

    def _watch(self) -> None:
        while not self._closing.wait(_LOOK_S):
            if stuck := self.look():
                _log.critical("stuck: %s; ending", stuck, extra={"exit_code": WorkerStuck.exit_code})
                faulthandler.dump_traceback(sys.stderr)
                self._end(WorkerStuck.exit_code)
                return

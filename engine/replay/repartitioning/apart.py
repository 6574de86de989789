"""Old partitions decided in processes of their own, while one process merges them: the same entries for any number of processes.

A process has several partitions and one pipe. It is asked for a batch of one of them at a time, always one ahead of what is taken.
"""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from multiprocessing.connection import Connection
from typing import NamedTuple, Self

from engine.errors import EngineError
from engine.history.history import History
from engine.match.choice import Setting
from engine.pipeline.records import Progress, StateRecord
from engine.replay.processes import PartFailed, Stopped
from engine.replay.repartitioning.lane import Entry, Lane
from engine.replay.rules_of import RulesOf

AT_ONCE = 500
_END_S = 5.0


class _Answer(NamedTuple):
    """A batch of a partition, and how far that is; `last` where there are no more."""

    number: int
    batch: Sequence[Entry] | Sequence[StateRecord]
    last: bool
    records: int
    known: int
    progress: Progress


class _Failure(NamedTuple):
    message: str
    exit_code: int


class Apart:
    """The lanes of a history in so many processes. `with Apart(...) as apart`, which ends them."""

    def __init__(self, history: History, processes: int, matcher: Setting = "auto") -> None:
        count = max(1, min(processes, history.partitions))
        self._servers = [_Server(history, range(first, history.partitions, count), matcher) for first in range(count)]
        self.lanes = [FarLane(number, self._servers[number % count]) for number in range(history.partitions)]

    def __enter__(self) -> Self:
        for lane in self.lanes:
            lane.ask()
        return self

    def __exit__(self, *failure: object) -> None:
        for server in self._servers:
            server.end()


class FarLane:
    """A `Lane` of another process."""

    def __init__(self, number: int, server: "_Server") -> None:
        self._number = number
        self._server = server
        self.records = 0
        self.known = 0
        self.progress = Progress()

    def ask(self) -> None:
        """Has the next batch made."""
        self._server.ask(self._number)

    def entries(self) -> Iterator[Entry]:
        """As `Lane.entries`. Raises PartFailed with what the process raised."""
        for batch in self._batches():
            for entry in batch:
                if isinstance(entry, Entry):
                    yield entry
        self.ask()  # for the rows, which come next

    def rows(self) -> Iterator[StateRecord]:
        """As `Lane.rows`, once all entries were taken."""
        for batch in self._batches():
            for row in batch:
                if isinstance(row, StateRecord):
                    yield row

    def _batches(self) -> Iterator[Sequence[Entry] | Sequence[StateRecord]]:
        while True:
            answer = self._server.answer(self._number)
            if not answer.last:
                self.ask()
            yield answer.batch
            self.records, self.known, self.progress = answer.records, answer.known, answer.progress
            if answer.last:
                return


class _Server:
    """A process and this end of its pipe."""

    def __init__(self, history: History, numbers: Sequence[int], matcher: Setting) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, history, matcher, os.getpid()), daemon=True)
        self._process.start()
        theirs.close()
        self._waiting: dict[int, deque[_Answer]] = {number: deque() for number in numbers}

    def ask(self, number: int) -> None:
        """Asks for the next batch of a partition."""
        with suppress(OSError):  # it is gone; whoever waits for the answer is told
            self._pipe.send(number)

    def answer(self, number: int) -> _Answer:
        """The next batch of a partition that was asked for; those of others are kept for them."""
        waiting = self._waiting[number]
        while not waiting:
            try:
                answer = self._pipe.recv()
            except (EOFError, OSError):
                raise PartFailed("a process ended on its own, perhaps for want of memory", Stopped.exit_code) from None
            if isinstance(answer, _Failure):
                raise PartFailed(*answer)
            self._waiting[answer.number].append(answer)
        return waiting.popleft()

    def end(self) -> None:
        """Ends the process, whatever it is at."""
        self._pipe.close()
        self._process.terminate()
        self._process.join(_END_S)


def _serve(pipe: "Connection[_Answer | _Failure, int]", history: History, matcher: Setting, parent: int) -> None:
    """Answers until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started it hears Ctrl-C, and ends this
    rules_of = RulesOf(history.rulesets, matcher)
    made: dict[int, Callable[[], _Answer]] = {}
    with suppress(EOFError, OSError):
        while os.getppid() == parent:
            number = pipe.recv()
            try:
                if number not in made:
                    made[number] = _Batches(number, Lane(history, number, rules_of)).next
                answer: _Answer | _Failure = made[number]()
            except EngineError as error:  # not every error can be pickled
                answer = _Failure(str(error), error.exit_code)
            pipe.send(answer)


class _Batches:
    """A lane's entries in batches, then its rows."""

    def __init__(self, number: int, lane: Lane) -> None:
        self._number, self._lane = number, lane
        self._entries: Iterator[Entry] | None = lane.entries()
        self._rows: Iterator[StateRecord] = iter(())

    def next(self) -> _Answer:
        """The next batch; an empty one ends the entries, and another one the rows."""
        batch: list[Entry] | list[StateRecord]
        if self._entries is not None:
            batch = list(islice(self._entries, AT_ONCE))
            if not batch:
                self._entries, self._rows = None, self._lane.rows()
        else:
            batch = list(islice(self._rows, AT_ONCE))
        lane = self._lane
        return _Answer(self._number, batch, not batch, lane.records, lane.known, lane.progress)

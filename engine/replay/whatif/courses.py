"""The recorded sides of all partitions: derived here as they are read, or ahead of the reader in processes of their own.

A course needs no other partition, since every message stands recorded; so these run beside the other world, a batch ahead of it.
"""

import signal
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from engine.errors import EngineError
from engine.history.history import History
from engine.replay.processes import PartFailed
from engine.replay.whatif.course import Begin, Course, End, Step, course_of
from engine.replay.whatif.question import Question

Batch = Sequence[Step | Begin | End]


@contextmanager
def courses_of(history: History, question: Question, processes: int) -> Iterator[Sequence[Course]]:
    """The courses, by partition. With one process they are derived as they are read; the rest of more derive them."""
    helpers = min(processes - 1, history.partitions)
    if helpers < 1:
        yield [course_of(history, question, number) for number in range(history.partitions)]
        return
    with ExitStack() as running:
        started = [running.enter_context(_started(history, question, at, helpers)) for at in range(helpers)]
        yield [started[number % helpers].course(number) for number in range(history.partitions)]


@contextmanager
def _started(history: History, question: Question, at: int, helpers: int) -> Iterator["_Helper"]:
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(history, question, at, helpers, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield _Helper(ours)
    finally:
        ours.close()
        process.terminate()
        process.join()


class _Helper:
    """A process that derives some of the partitions. Asked for a batch of one, it sends that; each is asked for one ahead."""

    def __init__(self, pipe: "Connection[Any, Any]") -> None:
        self._pipe = pipe
        self._come: defaultdict[int, list[Batch | None]] = defaultdict(list)

    def course(self, number: int) -> Course:
        """The batches of a partition."""
        self._pipe.send(number)
        return self._batches(number)

    def _batches(self, number: int) -> Course:
        while (batch := self._receive(number)) is not None:
            self._pipe.send(number)
            yield batch

    def _receive(self, number: int) -> Batch | None:
        come = self._come[number]
        while not come:
            try:
                of, batch, failure = self._pipe.recv()
            except EOFError as gone:
                raise EngineError("a process that derived recorded records ended") from gone
            if failure is not None:
                raise failure
            self._come[of].append(batch)
        return come.pop(0)


def _serve(history: History, question: Question, at: int, helpers: int, pipe: "Connection[Any, Any]") -> None:
    """What a helper runs: it answers until its asker is gone, who alone hears Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    numbers = range(at, history.partitions, helpers)
    try:
        courses = {number: course_of(history, question, number) for number in numbers}
        while True:
            number = pipe.recv()
            pipe.send((number, next(courses[number], None), None))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except EngineError as failure:
        pipe.send((0, None, PartFailed(str(failure), failure.exit_code)))

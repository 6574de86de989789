"""Work on several partitions in processes of their own: the same results in the same order for any number of them.

The work and its tasks are pickled. What goes wrong in one ends the others; Ctrl-C ends all of them.
"""

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Protocol, TypeVar

from engine.errors import EngineError

T = TypeVar("T")
R = TypeVar("R")

LOOK_EVERY_S = 0.2
COLLECT_EVERY = 10_000


class Watch(Protocol):
    """What the work tells of itself; it does so often, since this is where it is stopped."""

    def reached(self, more: int) -> None:
        """So much more is done. Raises Stopped where nobody waits for the rest."""


Work = Callable[[T, Watch], R]
Reached = Callable[[int], object]


class Stopped(EngineError):
    """The work was given up: another part of it failed, or whoever asked for it is gone."""

    exit_code = 75


class PartFailed(EngineError):
    """An error of the work in another process, with its exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code

    def __reduce__(self) -> tuple[type["PartFailed"], tuple[str, int]]:
        return PartFailed, (str(self), self.exit_code)


def usable(partitions: int) -> int:
    """How many processes are of use: one for each CPU that may be used, at most one for each partition."""
    return max(1, min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1, partitions))


def work_off(work: Work[T, R], tasks: Sequence[T], processes: int, reached: Reached) -> list[R]:
    """The results in the order of the tasks; `reached` is told how much is done in all. Raises what the work raises.

    With one process it is done here.
    """
    if processes <= 1 or len(tasks) <= 1:
        counting = _Counting(reached)
        with _collecting_seldom():
            return [work(task, counting) for task in tasks]
    context = multiprocessing.get_context("spawn")
    done = context.Array("q", len(tasks), lock=False)  # each written by one process, and only read here
    stop = context.Event()
    pool = ProcessPoolExecutor(min(processes, len(tasks)), context, _begin, (done, stop))
    futures = [pool.submit(_part, work, number, task) for number, task in enumerate(tasks)]
    try:
        _until_done(futures, lambda: reached(sum(done)))
        return [future.result() for future in futures]
    except BrokenProcessPool as broken:
        raise PartFailed(
            f"a process ended on its own, perhaps for want of memory: {broken}", Stopped.exit_code
        ) from None
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def _until_done(futures: Sequence[Future[R]], look: Callable[[], object]) -> None:
    waiting = set(futures)
    while waiting:
        ended, waiting = wait(waiting, LOOK_EVERY_S)
        look()
        for future in ended:
            future.result()


class _Counting:
    """The watch of work in this process."""

    def __init__(self, told: Reached) -> None:
        self._told, self._done = told, 0

    def reached(self, more: int) -> None:
        _collect_after(self._done, more)
        self._done += more
        self._told(self._done)


class _Telling:
    """The watch of work in another process."""

    def __init__(self, number: int) -> None:
        self._number = number

    def reached(self, more: int) -> None:
        done, stop = _shared[0]
        _collect_after(done[self._number], more)
        done[self._number] += more
        if stop.is_set():
            raise Stopped("given up")


# What a process of the pool shares with the one that started it can be handed over only as the process begins.
_shared: list[tuple["multiprocessing.sharedctypes.SynchronizedArray[int]", "multiprocessing.synchronize.Event"]] = []


def _begin(
    done: "multiprocessing.sharedctypes.SynchronizedArray[int]", stop: "multiprocessing.synchronize.Event"
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started it hears Ctrl-C, and tells
    threading.Thread(target=_end_with_parent, name="watching the parent", daemon=True).start()
    _shared.append((done, stop))


def _end_with_parent() -> None:
    """A process of the pool that waits for work would wait for ever once nobody is there to give it any."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(Stopped.exit_code)


def _part(work: Work[T, R], number: int, task: T) -> R:
    try:
        with _collecting_seldom():
            return work(task, _Telling(number))
    except EngineError as error:
        raise PartFailed(str(error), error.exit_code) from None  # not every error can be pickled


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Rows are many and deciding leaves no cycles: looking through them all again and again took a tenth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _collect_after(done: int, more: int) -> None:
    """What reads from a broker leaves some, so that they are looked for now and then among what is new."""
    if (done + more) // COLLECT_EVERY > done // COLLECT_EVERY:
        gc.collect(1)

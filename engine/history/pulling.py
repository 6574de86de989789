"""Asynchronous reading taken synchronously: a thread with a loop of its own reads ahead of the one who takes."""

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import aclosing
from typing import Any, TypeVar

T = TypeVar("T")

AHEAD = 3  # items read ahead: one is worked on, one is ready, one is on its way
_LOOK_S = 0.1


class _End:
    """What the thread says last, with what ended it early."""

    def __init__(self, failure: BaseException | None) -> None:
        self.failure = failure


def finished(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result of a coroutine, also where the caller's own thread runs a loop already. Raises what it raises."""
    results: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(asyncio.run(make()))
        except BaseException as failure:  # noqa: BLE001 - raised again in the caller's thread
            failures.append(failure)

    thread = threading.Thread(target=run, name="asking", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_LOOK_S)  # in steps, so that Ctrl-C is heard
    if failures:
        raise failures[0]
    return results[0]


def pulled(make: Callable[[], AsyncGenerator[T, None]], ahead: int = AHEAD) -> Generator[T, None, None]:
    """The items of an asynchronous generator. Closing it early ends the reading. Raises what the generator raises."""
    items: queue.Queue[T | _End] = queue.Queue(ahead)
    stopped = threading.Event()
    thread = threading.Thread(target=_pump, args=(make, items, stopped), name="reading ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := items.get(), _End):
            yield item
        if item.failure is not None:
            raise item.failure
    finally:
        stopped.set()
        thread.join()


def _pump(make: Callable[[], AsyncGenerator[T, None]], items: queue.Queue[T | _End], stopped: threading.Event) -> None:
    async def run() -> None:
        async with aclosing(make()) as source:
            async for item in source:
                if not await asyncio.to_thread(_put, items, item, stopped):
                    return

    try:
        asyncio.run(run())
    except BaseException as failure:  # noqa: BLE001 - raised again in the caller's thread
        _put(items, _End(failure), stopped)
    else:
        _put(items, _End(None), stopped)


def _put(items: queue.Queue[T | _End], item: T | _End, stopped: threading.Event) -> bool:
    """False where nobody takes any more."""
    while not stopped.is_set():
        try:
            items.put(item, timeout=_LOOK_S)
        except queue.Full:
            continue
        return True
    return False

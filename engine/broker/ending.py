"""Ending a task for certain."""

import asyncio
from typing import Any

AGAIN_S = 0.5


async def end(task: "asyncio.Task[Any]") -> None:
    """Cancels a task and returns when it has ended; what it raised is not raised here.

    Asked again until it has: a cancellation is lost where what the task waits for ends at the same moment (`wait_for` of
    Python 3.11), and a task that then goes on would be waited for for ever.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN_S)

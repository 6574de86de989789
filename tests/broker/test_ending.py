"""A task that is ended has ended, also where a cancellation is lost on its way."""

import asyncio

from engine.broker.ending import end


async def test_a_task_that_loses_a_cancellation_is_asked_again() -> None:
    lost = 0

    async def losing() -> None:
        nonlocal lost
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:  # as `wait_for` of Python 3.11 does where both come at once
            lost += 1
        await asyncio.sleep(60)

    task = asyncio.create_task(losing())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end(task)
    assert lost == 1
    assert task.cancelled()


async def test_what_a_task_raised_is_not_raised_by_ending_it() -> None:
    async def failing() -> None:
        raise ValueError

    task = asyncio.create_task(failing())
    await asyncio.wait({task})
    await end(task)
    assert isinstance(task.exception(), ValueError)

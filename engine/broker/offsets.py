"""Positions kept at the broker under a group id without membership: intake's own."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from engine.broker.clients import consumer
from engine.broker.refusals import named_errors
from engine.broker.settings import Settings

ANSWER_TIMEOUT_S = 15.0


class Positions:
    """The committed positions of one group id, read and written without joining it; topics are short names.

    `async with Positions(settings, settings.intake_group) as positions`. Raises BrokerUnavailable or BrokerRefused. The
    group must have no members: the broker refuses commits of outsiders to a group that has.
    """

    def __init__(self, settings: Settings, group_id: str) -> None:
        self._settings = settings
        self._group_id = group_id
        self._context: AbstractAsyncContextManager[AIOKafkaConsumer] = consumer(settings, group_id)
        self._kafka: AIOKafkaConsumer = None
        self._assigned: set[TopicPartition] = set()
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._kafka = await self._context.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._context.__aexit__(None, None, None)

    async def read(self, wanted: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """The next offset to read for each (topic, partition) that has a commit; others are absent. Checks no bounds."""
        keys = sorted(wanted)
        async with self._bounded("reading committed positions"):
            found = await asyncio.gather(*(self._kafka.committed(self._tp(key)) for key in keys))
        return {key: int(offset) for key, offset in zip(keys, found, strict=True) if offset is not None}

    async def commit(self, positions: Mapping[tuple[str, int], int]) -> None:
        """Commits the next offset to read of each (topic, partition); returns when the broker confirmed it."""
        if not positions:
            return
        offsets = {self._tp(key): offset for key, offset in positions.items()}
        async with self._one_at_a_time, self._bounded("committing positions"):
            self._assign(offsets)
            await self._kafka.commit(offsets)

    def _tp(self, key: tuple[str, int]) -> TopicPartition:
        return TopicPartition(self._settings.topic(key[0]), key[1])

    def _assign(self, wanted: Collection[TopicPartition]) -> None:
        """The client commits only what is assigned to it; paused, so that it fetches nothing."""
        if self._assigned.issuperset(wanted):
            return
        self._assigned.update(wanted)
        self._kafka.assign(sorted(self._assigned))
        self._kafka.pause(*self._assigned)
        for tp in self._assigned:
            self._kafka.seek(tp, 0)  # any position will do: without one the client looks for it

    @asynccontextmanager
    async def _bounded(self, doing: str) -> AsyncIterator[None]:
        """Names errors and ends the client's endless retries."""
        async with (
            named_errors(self._settings, f"{doing} of group {self._group_id}"),
            asyncio.timeout(ANSWER_TIMEOUT_S),
        ):
            yield

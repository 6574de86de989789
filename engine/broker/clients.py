"""Clients of the broker: made from settings, started, and their errors named for what the caller does."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from engine.broker.settings import Settings


@contextmanager
def named_errors(settings: Settings, doing: str) -> Iterator[None]:
    """Turns aiokafka's errors into BrokerUnavailable or BrokerRefused, saying what was being done and where."""
    raise NotImplementedError


class Producer:
    """A started producer of this deployment; topics are given by their short names. Made by the two functions below."""

    transactional_id: str | None

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic has; raises BrokerUnavailable or BrokerRefused."""
        raise NotImplementedError

    async def abandon(self, timeout_s: float = 2.0) -> bool:
        """Tries one abort of the open transaction, so that others read on; True where the broker confirmed it. Use it no more afterwards."""
        raise NotImplementedError

    async def stop(self, timeout_s: float = 5.0) -> None:
        """Closes it, in bounded time also where the broker is away; what was not acknowledged is lost. May be called twice."""
        raise NotImplementedError


async def transactional_producer(settings: Settings, transactional_id: str) -> Producer:
    """Starts a producer and thereby fences the earlier one of the same id; returns when that one's transaction has ended.

    Raises BrokerUnavailable or BrokerRefused. Stop it with `stop`.
    """
    raise NotImplementedError


async def idempotent_producer(settings: Settings) -> Producer:
    """Starts a producer without transactions: acks=all, no duplicates by retries, order kept per partition."""
    raise NotImplementedError


@asynccontextmanager
async def consumer(settings: Settings, group_id: str | None = None, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that reads committed records, commits nothing by itself and never resets its position silently."""
    raise NotImplementedError
    yield


@asynccontextmanager
async def admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """An administration client."""
    raise NotImplementedError
    yield


async def probe(settings: Settings, timeout_s: float = 5.0) -> None:
    """Asks the broker for its topics once; raises BrokerUnavailable or BrokerRefused."""
    raise NotImplementedError

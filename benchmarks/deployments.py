"""Brokers and deployments of the measurements: on free ports of this machine, in directories that go away."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from engine.broker import topics
from engine.broker.embedded import free_port
from engine.broker.settings import Settings
from engine.cli.rules_publish import publish_folder
from engine.cli.sending import Sent, send
from engine.replay.lines import Line
from tests.support import apache
from tests.support.brokers import Broker, Embedded, broker_settings


def unavailable() -> str | None:
    """Why Apache Kafka cannot be had here; None where it can."""
    return apache.unavailable()


@asynccontextmanager
async def broker(kind: str, directory: Path) -> AsyncIterator[Broker]:
    """A broker that runs inside the block."""
    started = await asyncio.to_thread(_MAKE[kind], directory)
    await started.start()
    try:
        yield started
    finally:
        await started.stop()


async def deployment(on: Broker, name: str) -> Settings:
    """A deployment of its own: topics created, the sample rules published."""
    settings = broker_settings(on, name, web_port=free_port())
    await topics.apply(settings)
    await publish_folder(settings, settings.rules)
    return settings


async def feed(settings: Settings, lines: Iterable[Line]) -> Sent:
    """Writes events to the inputs as `guerdon feed` does."""
    return await send(settings, lines, _Unseen())


class _Unseen:
    def reached(self, done: int, total: int | None = None) -> None:
        """Shows nothing."""


_MAKE: Mapping[str, Callable[[Path], Broker]] = {
    "embedded": Embedded,
    "apache": lambda directory: apache.ApacheBroker(directory, apache.fetched_jars()),
}

"""Brokers for tests: the embedded one and Apache Kafka behind one face, to be killed and started again."""

import asyncio
import itertools
import os
import random
import re
import zlib
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition

from engine.broker.clients import admin
from engine.broker.embedded import EmbeddedBroker
from engine.broker.reading import end_offsets, partitions_of
from engine.broker.settings import Settings, client_options, load_settings

ROOT = Path(__file__).parents[2]
SECRET = "secret-of-the-tests-" + "0123456789" * 3
PARTITIONS = 4

T = TypeVar("T")


class Broker(Protocol):
    """A broker that a test may kill (`kill -9`), stop and start again on the same data and port."""

    @property
    def bootstrap(self) -> str:
        """host:port without security."""

    @property
    def kind(self) -> str:
        """`embedded` or `apache`."""

    @property
    def kill_keeps_acknowledged(self) -> bool:
        """Whether what it acknowledged survives `kill`; the embedded one saves about once a second."""

    @property
    def pid(self) -> int | None:
        """The process, for SIGSTOP and the like."""

    def alive(self) -> bool:
        """Whether it runs."""

    async def start(self) -> object:
        """Returns when it answers requests; does nothing where it runs."""

    async def stop(self) -> None:
        """Ends it as an operator would."""

    def kill(self) -> None:
        """Crashes it."""


class Embedded(EmbeddedBroker):
    """The embedded broker with its kind."""

    kind = "embedded"
    kill_keeps_acknowledged = False


async def crash(broker: Broker) -> None:
    """Ends a broker as hard as its promises allow."""
    if broker.kill_keeps_acknowledged:
        broker.kill()
    else:
        await broker.stop()


def broker_settings(broker: Broker, name: str, **given: object) -> Settings:
    """Settings of a deployment of its own on a broker: prefix and application id from `name`, 4 partitions, one replica."""
    common = {
        "bootstrap": broker.bootstrap,
        "embedded": broker.kind == "embedded",
        "prefix": f"{name}.",
        "app_id": name,
        "secret": SECRET,
        "partitions": PARTITIONS,
        "replication": 1,
        "topics_file": ROOT / "topics.yaml",
        "rules": ROOT / "rules",
        "web_port": 0,
    }
    return load_settings(**(common | given))


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables by which a child process gets the same settings (but its own group on the embedded broker)."""
    values = {}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if value is None or (name == "membership_group" and settings.embedded):
            continue
        text = value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        values[f"GUERDON_{name.upper()}"] = text.lower() if isinstance(value, bool) else text
    return values


async def dissolve(settings: Settings) -> None:
    """Deletes a deployment's topics: a broker that carries those of all earlier tests starts slowly."""
    async with admin(settings) as kafka:
        names = [name for name in await kafka.list_topics() if name.startswith(settings.prefix)]
        if names:
            await kafka.delete_topics(names)


async def settled(settings: Settings, topic: str, timeout_s: float = 30.0) -> None:
    """Waits until no transaction is open on a topic: a confirmed commit is visible only with its markers, a moment later."""
    tps = [TopicPartition(settings.topic(topic), number) for number in range(await partitions_of(settings, topic))]
    raw = AIOKafkaConsumer(**client_options(settings), isolation_level="read_uncommitted", enable_auto_commit=False)
    await raw.start()
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                written = {tp.partition: end for tp, end in (await raw.end_offsets(tps)).items()}
                if written == await end_offsets(settings, topic):
                    return
                await asyncio.sleep(0.02)
    finally:
        await raw.stop()


_numbers = itertools.count(1)


def unique_name(test_name: str) -> str:
    """A name for a test's topics and groups that no other test of this process has; brokers are fresh in each process."""
    words = re.sub(r"[^a-z0-9]+", "-", test_name.lower()).strip("-")[:40].strip("-")
    return f"{words}-{next(_numbers)}"


def seed_of(test_name: str) -> int:
    """The seed of a test: GUERDON_TEST_SEED where set, else a random one; printed, so that a failure can be run again."""
    given = os.environ.get("GUERDON_TEST_SEED")
    base = int(given) if given else random.SystemRandom().randrange(1 << 32)
    print(f"GUERDON_TEST_SEED={base} (for {test_name})")
    return base ^ zlib.crc32(test_name.encode())


def blocking(make: Callable[[], Coroutine[object, object, T]]) -> T:
    """Runs a coroutine to its end in a thread of its own, for fixtures that live longer than a test's loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(make())).result()

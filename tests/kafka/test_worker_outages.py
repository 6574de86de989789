"""The broker's disk full, and the broker away for more than a minute: nothing acknowledged is lost, and nothing is doubled."""

import asyncio
import contextlib
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.broker import topics
from engine.broker.settings import Settings
from engine.errors import EngineError
from tests.support.apache import ApacheBroker, fetched_jars, unavailable
from tests.support.brokers import broker_settings, unique_name
from tests.support.workers import WorkerProcess, enrolment, events_of, feed, publish, purchase, until

MEMBERS = 20
AWAY_S = 65
DISK = "160m"
pytestmark = pytest.mark.apache


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, small enough to be filled."""
    if unavailable():
        pytest.skip(f"THE BROKER'S DISK IS NOT FILLED: {unavailable()}")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "guerdon-test", str(tmp_path)],  # noqa: S607  # wherever mount is
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"THE BROKER'S DISK IS NOT FILLED: no file system can be mounted here: {mounted.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)  # noqa: S607  # the same


async def _deployment(broker: ApacheBroker, name: str) -> Settings:
    settings = broker_settings(broker, unique_name(name))
    assert (await topics.apply(settings)).remaining == ()
    await publish(settings)
    await feed(settings, [enrolment(f"M-{number}") for number in range(MEMBERS)])
    return settings


async def _all_once(settings: Settings, least: int) -> None:
    """At least so many inputs are decided, each once; no outcome is there twice; the points are ten a sale."""
    events = await until(settings, "decisions", lambda found: len(found) >= least, 120)
    assert set(Counter(event["causationid"] for event in events).values()) == {1}
    awarded = [event for event in await events_of(settings, "points") if event["type"] == "points.awarded"]
    assert len({event["id"] for event in awarded}) == len(awarded)
    assert sum(event["data"]["points"] for event in awarded) == (len(events) - MEMBERS) * 10


def _fill(folder: Path) -> Path:
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as output, contextlib.suppress(OSError):  # until no space is left, as wanted
        while True:
            output.write(os.urandom(1 << 16))
    return filler


async def test_a_full_disk_of_the_broker_loses_nothing_acknowledged(small_disk: Path) -> None:
    broker = ApacheBroker(small_disk, fetched_jars())
    await broker.start()
    try:
        settings = await _deployment(broker, "disk")
        acknowledged = 0
        with WorkerProcess(settings) as worker:
            worker.wait_for("ready", 60)
            acknowledged += await feed(settings, [purchase(f"M-{at % MEMBERS}", at) for at in range(500)])
            filler = await asyncio.to_thread(_fill, small_disk)
            with contextlib.suppress(EngineError, TimeoutError):  # what is not acknowledged is not counted
                acknowledged += await feed(settings, [purchase(f"M-{at % MEMBERS}", at) for at in range(500, 3_000)])
            for _ in range(300):
                if worker.code is not None:
                    break
                await asyncio.sleep(0.2)
            assert worker.code in (None, 69, 70, 75), worker.said()
        filler.unlink()
        broker.kill()
        await broker.start()
        with WorkerProcess(settings) as again:
            again.wait_for("ready", 90)
            await feed(settings, [purchase("M-1", 9_999)])
            await _all_once(settings, MEMBERS + acknowledged + 1)
    finally:
        await broker.stop()


async def test_a_broker_away_for_more_than_a_minute_costs_nothing(apache_broker: ApacheBroker) -> None:
    settings = await _deployment(apache_broker, "away")
    with WorkerProcess(settings) as worker:
        worker.wait_for("ready", 60)
        await feed(settings, [purchase(f"M-{at % MEMBERS}", at) for at in range(1_000)])
        await asyncio.sleep(0.3)
        apache_broker.kill()
        await asyncio.sleep(AWAY_S)
        first = worker.code
        await apache_broker.start()
    assert first in (None, 69, 70, 75)
    with WorkerProcess(settings) as again:
        again.wait_for("ready", 90)
        await feed(settings, [purchase(f"M-{at % MEMBERS}", at) for at in range(1_000, 1_200)])
        await _all_once(settings, MEMBERS + 1_200)

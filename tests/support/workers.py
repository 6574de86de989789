"""Worker processes for tests, and what a deployment needs around them: rules published, events fed, outcomes read."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self

import orjson

from engine.broker.clients import idempotent_producer
from engine.broker.publishing import publish_ruleset
from engine.broker.reading import beginning_offsets, end_offsets, read_spans
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, write_batches
from engine.ruleset.model import Ruleset
from engine.ruleset.published import pack
from engine.wire import journal
from tests.support.brokers import ROOT, environment_of
from tests.support.programme import ruleset

Line = Mapping[str, Any]


class WorkerProcess:
    """A worker in a process of its own; its log lines are kept, and printed when the test fails."""

    def __init__(self, settings: Settings, *poisons: str, **overrides: str) -> None:
        environment = {**os.environ, **environment_of(settings), **overrides}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.poisoned_worker", *poisons],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        self.lines: list[Line] = []
        self._more = threading.Condition()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.poll()

    def wait_for(self, event: str, timeout_s: float = 30.0) -> Line:
        """The first log line whose event starts so; fails where the process ends or the time passes before."""
        deadline = time.monotonic() + timeout_s
        with self._more:
            while True:
                for line in self.lines:
                    if str(line["event"]).startswith(event):
                        return line
                ended = self._process.poll() is not None and not self._reading.is_alive()
                assert not ended, f"ended with {self.code} before {event!r}:\n{self.said()}"
                assert time.monotonic() < deadline, f"no {event!r} within {timeout_s} s:\n{self.said()}"
                self._more.wait(0.1)

    def wait(self, timeout_s: float = 40.0) -> int:
        """Waits for its end; the exit code."""
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {timeout_s} s:\n{self.said()}") from None
        self._reading.join(5)
        return code

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal."""
        self._process.send_signal(number)

    def stop(self, timeout_s: float = 40.0) -> int:
        """SIGTERM and wait; the exit code."""
        if self._process.poll() is None:
            self._process.terminate()
        return self.wait(timeout_s)

    def kill(self) -> None:
        """SIGKILL and wait."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(10)
        self._reading.join(5)

    def said(self) -> str:
        """Its log."""
        return "\n".join(orjson.dumps(line).decode() for line in self.lines)

    def _read(self) -> None:
        assert self._process.stderr is not None
        for raw in self._process.stderr:
            try:
                line = orjson.loads(raw)
            except orjson.JSONDecodeError:
                line = {"event": "stderr", "text": raw.decode(errors="replace").rstrip()}
            with self._more:
                self.lines.append(line)
                self._more.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        self.kill()
        if failed is not None:
            print(f"--- log of worker {self.pid} ---\n{self.said()}")


async def publish(settings: Settings, made: Ruleset | None = None) -> Ruleset:
    """Publishes a ruleset (the tests' own by default) and its activation."""
    published = made or ruleset()
    salt = secrets.token_hex(32)

    def activation(partition: int) -> tuple[bytes, bytes]:
        return journal.ACTIVATION_KEY, journal.encode_activation(partition, published.digest, salt, published.semantics)

    await publish_ruleset(settings, published.digest, pack(published, {}), activation)
    return published


def cloudevent(event_type: str, event_id: str, data: Mapping[str, Any], time_: str | None = None) -> bytes:
    """An input as producers publish it."""
    moment = time_ or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return orjson.dumps(
        {"specversion": "1.0", "id": event_id, "source": "test", "type": event_type, "time": moment, "data": data}
    )


def enrolment(member: str) -> tuple[str, bytes]:
    """Topic and value of a member's enrolment."""
    return "members", cloudevent(
        "member.enrolled", f"enrol-{member}", {"member_id": member, "profile": {"city": "Bonn"}}
    )


def purchase(member: str, number: int, amount_minor: int = 1000) -> tuple[str, bytes]:
    """Topic and value of a sale of one line."""
    line = {"line_id": "1", "sku": "S-1", "quantity": 1, "amount_minor": amount_minor, "category": "grocery"}
    data = {
        "transaction_id": f"T-{member}-{number}",
        "member_id": member,
        "currency": "USD",
        "amount_minor": amount_minor,
        "lines": [line],
    }
    return "transactions", cloudevent("transaction.completed", f"sale-{member}-{number}", data)


async def feed(settings: Settings, inputs: Iterable[tuple[str, bytes | None]]) -> int:
    """Writes inputs in order, spread over the partitions of their topics by turns; returns how many."""
    producer = await idempotent_producer(settings)
    try:
        records = []
        for number, (topic, value) in enumerate(inputs):
            partition = number % await producer.partitions(topic)
            records.append(Outgoing(topic, partition, b"any", value))
        await write_batches(producer, records)
    finally:
        await producer.stop()
    return len(records)


async def records_of(settings: Settings, topic: str) -> list[Any]:
    """All committed records of a topic as fetched, in order within each partition."""
    starts, ends = await beginning_offsets(settings, topic), await end_offsets(settings, topic)
    found: list[Any] = []
    async for batch in read_spans(settings, topic, {number: (starts[number], ends[number]) for number in starts}):
        found += batch.records
    return sorted(found, key=lambda record: (record.partition, record.offset))


async def events_of(settings: Settings, topic: str) -> list[Any]:
    """The events on an outcome topic."""
    return [orjson.loads(record.value) for record in await records_of(settings, topic)]


async def until(
    settings: Settings, topic: str, enough: Callable[[Sequence[Any]], bool], timeout_s: float = 40.0
) -> list[Any]:
    """The events of an outcome topic as soon as they are enough; fails after the timeout."""
    deadline = time.monotonic() + timeout_s
    while True:
        events = await events_of(settings, topic)
        if enough(events):
            return events
        assert time.monotonic() < deadline, f"{len(events)} events on {topic} after {timeout_s} s"
        await asyncio.sleep(0.3)

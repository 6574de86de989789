"""A real worker process under measurement: what it has decided, used and kept, sampled from outside."""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.deployments import feed
from benchmarks.processes import Usage, usage
from engine.broker.settings import Settings
from engine.errors import EngineError
from engine.replay.lines import Line
from tests.support.brokers import environment_of

EVERY_S = 0.1
STOP_S = 40.0
STALL_S = 60.0
_TAKEN_IN = re.compile(rb'^guerdon_batch_records_total\{stage="intake"\} (\S+)', re.MULTILINE)
_DECIDED = re.compile(rb'^guerdon_decided_total\{what="events"\} (\S+)', re.MULTILINE)

GUERDON = (sys.executable, "-m", "engine.cli.main")  # this environment's


class WorkerEnded(EngineError):
    """The worker ended, or decided nothing more, before all was decided."""


class Sample(NamedTuple):
    """What the worker had done by an instant (`time.monotonic`); it was asked right before the kernel was."""

    at_s: float
    taken_in: int
    decided: int
    usage: Usage


class Worker:
    """A started `guerdon worker`."""

    def __init__(self, settings: Settings, log: Path, process: "subprocess.Popen[bytes]") -> None:
        self._settings = settings
        self._log = log
        self._process = process

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def sample(self) -> Sample | None:
        """What it has done by now; None while its web server does not answer yet."""
        if self._process.poll() is not None:
            raise WorkerEnded(
                f"the worker ended with {self._process.returncode}:\n{self._log.read_text('utf-8')[-2000:]}"
            )
        try:
            with urlopen(f"http://127.0.0.1:{self._settings.web_port}/metrics", timeout=20) as answer:
                text = answer.read()
        except (URLError, ConnectionError):
            return None
        return Sample(time.monotonic(), *progress_in(text), usage(self.pid))

    async def work_off(self, events: int) -> tuple[Sample, Sample]:
        """Waits until so many events are decided. The last sample before the first event, and the first after the last one."""
        before: list[Sample] = []
        last = await self.decided(events, lambda sample: before.append(sample) if sample.taken_in == 0 else None)
        return (before or [last])[-1], last

    async def decided(self, events: int, seen: Callable[[Sample], object] = lambda _: None) -> Sample:
        """Waits until so many events are decided since its start; every sample until then is shown to `seen`."""
        moved, moved_at = -1, time.monotonic()
        while True:
            sample = await asyncio.to_thread(self.sample)
            if sample is not None:
                seen(sample)
                if sample.decided >= events:
                    return sample
                if sample.taken_in + sample.decided != moved:
                    moved, moved_at = sample.taken_in + sample.decided, sample.at_s
            if time.monotonic() - moved_at > STALL_S:
                raise WorkerEnded(
                    f"nothing moved for {STALL_S:.0f} s before {events} events were decided; see {self._log}"
                )
            await asyncio.sleep(EVERY_S)

    async def stop(self) -> None:
        """Ends it as an operator would, or by force where that takes too long."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                await asyncio.to_thread(self._process.wait, STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


@asynccontextmanager
async def worker(settings: Settings, log: Path, command: Sequence[str] = GUERDON) -> AsyncIterator[Worker]:
    """A worker of the deployment that runs inside the block; its log goes to a new file."""
    process = await asyncio.to_thread(_started, settings, log, command)
    started = Worker(settings, log, process)
    try:
        yield started
    finally:
        await started.stop()


def _started(settings: Settings, log: Path, command: Sequence[str]) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        return subprocess.Popen(
            [*command, "worker"],
            env=os.environ | environment_of(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


async def enrol(settings: Settings, enrolments: Sequence[Line], log: Path) -> None:
    """Lets a worker decide the enrolments, and ends it."""
    await feed(settings, enrolments)
    async with worker(settings, log) as enrolling:
        await enrolling.work_off(len(enrolments))


def progress_in(metrics: bytes) -> tuple[int, int]:
    """How many inputs were taken in and how many events decided, by the worker's own metrics."""
    return _number(_TAKEN_IN, metrics), _number(_DECIDED, metrics)


def _number(pattern: "re.Pattern[bytes]", text: bytes) -> int:
    found = pattern.search(text)
    return int(float(found[1])) if found else 0

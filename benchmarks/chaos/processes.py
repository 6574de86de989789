"""Workers as an orchestrator runs them: `guerdon worker` in a process of its own, started again with backoff when it ends."""

import asyncio
import contextlib
import os
import signal
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

GUERDON = (sys.executable, "-m", "engine.cli.main")
FIRST_PAUSE_S = 0.3
LONGEST_PAUSE_S = 5.0
STEADY_S = 20.0
STOP_S = 60.0
STUCK_AT_STOP = -999  # in `exits`: it did not end when told to

Line = Mapping[str, Any]


class Worker:
    """One worker, kept running while `keep` is true. `exits` counts its exit codes, a signal as its negative number."""

    def __init__(self, name: str, environment: Mapping[str, str], root: Path, log: Path) -> None:
        self.name = name
        self.environment = dict(environment)
        self.keep = True
        self.exits: Counter[int] = Counter()
        self.log = log
        self._root = root
        self._child: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._running = asyncio.Event()
        self._ended = asyncio.Event()
        self._started_at = 0  # where in the log the running process began
        log.touch()

    @property
    def alive(self) -> bool:
        """Whether the process runs (a stopped one does)."""
        return self._running.is_set()

    def start(self) -> None:
        """Starts it and keeps it running."""
        self.keep = True
        self._keeping = asyncio.create_task(self._keep(), name=self.name)

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the process where it runs."""
        if self.alive and self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                self._child.send_signal(number)

    async def ended(self, timeout_s: float = STOP_S) -> int:
        """Waits for the end of the process that runs; its exit code."""
        child = self._child
        if child is None:
            raise AssertionError(f"{self.name} was never started")
        code = await asyncio.wait_for(child.wait(), timeout_s)
        await asyncio.sleep(0)
        return code

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """Ends it for good (until `start`); its exit code, None where it was not running."""
        self.keep = False
        code: int | None = None
        if self.alive:
            self.send(number)
            try:
                code = await self.ended()
            except TimeoutError:
                self.send(signal.SIGKILL)
                code = await self.ended()
                self.exits[STUCK_AT_STOP] += 1
        if self._keeping is not None:
            # With `keep` false it ends by itself, unless it is waiting to start the next process.
            await asyncio.wait({self._keeping}, timeout=0.2)
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
            self._keeping = None
        return code

    async def keep_metrics(self) -> None:
        """Writes what the running process says of itself beside its log, for whoever looks into a violation."""
        port = self.environment["GUERDON_WEB_PORT"]
        for path in ("metrics", "readyz"):
            request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}")
            with contextlib.suppress(OSError):
                answer = await asyncio.to_thread(urllib.request.urlopen, request, timeout=3)
                self.log.with_suffix(f".{path}").write_bytes(answer.read())

    def mark(self) -> int:
        """The present end of its log."""
        return self.log.stat().st_size

    def lines(self, since: int | None = None) -> list[Line]:
        """Its log lines from a mark on, by default of the process that runs; what is no JSON is left out."""
        with self.log.open("rb") as file:
            file.seek(self._started_at if since is None else since)
            return [line for raw in file if (line := _parsed(raw)) is not None]

    def said(self, event: str, since: int | None = None) -> list[Line]:
        """The lines whose event starts so."""
        return [line for line in self.lines(since) if str(line.get("event", "")).startswith(event)]

    @property
    def ready(self) -> bool:
        """Whether the running process has said that it is ready."""
        return self.alive and bool(self.said("ready"))

    async def _keep(self) -> None:
        pause_s = FIRST_PAUSE_S
        while self.keep:
            began = time.monotonic()
            self._started_at = self.mark()
            with self.log.open("ab") as log:
                self._child = await asyncio.create_subprocess_exec(
                    *GUERDON,
                    "worker",
                    env={**os.environ, **self.environment},
                    cwd=self._root,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self._running.set()
            try:
                code = await self._child.wait()
            except asyncio.CancelledError:
                self._running.clear()
                if self._child.returncode is None:
                    self._child.kill()
                    await self._child.wait()
                self.exits[self._child.returncode or 0] += 1
                raise
            self._running.clear()
            self.exits[code] += 1
            if time.monotonic() - began >= STEADY_S:
                pause_s = FIRST_PAUSE_S
            if self.keep:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _parsed(raw: bytes) -> Line | None:
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return line if isinstance(line, dict) else None


async def run_command(
    arguments: tuple[str, ...], environment: Mapping[str, str], root: Path, output: Path | None = None
) -> tuple[int, str]:
    """Runs a `guerdon` command; its exit code and what it said on stderr. `output` takes its stdout."""
    with (output or Path(os.devnull)).open("wb") as out:
        child = await asyncio.create_subprocess_exec(
            *GUERDON,
            *arguments,
            env={**os.environ, **environment},
            cwd=root,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await child.communicate()
    return child.returncode or 0, said.decode(errors="replace")

"""The worker as a child process: started again with backoff when it ends, stopped by its own process id."""

import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.cli import screen
from engine.errors import BrokerRefused, EngineError, TopicsDiffer, UsageError

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
STEADY_S = 60.0  # having run so long, the next pause is the first again
STOP_S = 45.0  # batches are finished and the group is left within that time
LOG_LINES = 5
WORKER = (sys.executable, "-m", "engine.cli.main", "worker")
# Starting again would end the same way.
HOPELESS = frozenset({UsageError.exit_code, BrokerRefused.exit_code, TopicsDiffer.exit_code})


class WorkerEnded(EngineError):
    """The worker ended in a way that starting it again does not repair."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class WorkerProcess:
    """One worker, kept running. Its output goes to `log`."""

    def __init__(self, environment: Mapping[str, str], log: Path, command: Sequence[str] = WORKER) -> None:
        """`environment`: what is set besides our own."""
        self._command = command
        self._environment = {**os.environ, **environment}
        self._log = log
        self._child: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child is not None and self._child.returncode is None else None

    async def start(self) -> None:
        """Starts it and keeps it running in the background."""
        self._child = await self._spawn()
        self._keeping = asyncio.create_task(self._keep(), name="worker process")

    async def ended(self) -> None:
        """Waits for an end that starting again does not repair, and raises it."""
        assert self._keeping is not None, "not started"  # noqa: S101 - our bug
        await asyncio.shield(self._keeping)

    async def stop(self) -> None:
        """Ends it by SIGTERM, by SIGKILL after a while."""
        if self._keeping is not None:
            self._keeping.cancel()
        child = self._child
        if child is None or child.returncode is not None:
            return
        child.terminate()
        try:
            await asyncio.wait_for(child.wait(), STOP_S)
        except TimeoutError:
            screen.warn(f"the worker (pid {child.pid}) did not stop within {STOP_S:.0f} s and is killed")
            child.kill()
            await child.wait()

    async def _keep(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            assert self._child is not None  # noqa: S101 - started before
            began = time.monotonic()
            code = await self._child.wait()
            if code in HOPELESS:
                raise WorkerEnded(f"the worker ended with {code}; the end of {self._log}:\n{self._end_of_log()}", code)
            pause_s = FIRST_PAUSE_S if time.monotonic() - began >= STEADY_S else pause_s
            screen.warn(f"the worker ended with {code} (see {self._log}); starting it again in {pause_s:g} s")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            self._child = await self._spawn()

    async def _spawn(self) -> asyncio.subprocess.Process:
        """A process in a session of its own, so that Ctrl-C reaches us alone and we stop it in our order."""
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self._command,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _end_of_log(self) -> str:
        lines = self._log.read_text("utf-8", "replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-LOG_LINES:])

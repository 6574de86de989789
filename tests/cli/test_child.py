"""The worker's process: started again, given up where that is no use, stopped by its own id."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from engine.cli import child
from engine.cli.child import WorkerEnded, WorkerProcess

SLEEP = "import time; time.sleep(60)"


def process(tmp_path: Path, code: str) -> WorkerProcess:
    return WorkerProcess({"COUNT": str(tmp_path / "count")}, tmp_path / "log", (sys.executable, "-c", code))


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_worker_that_ends_is_started_again_with_growing_pauses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "FIRST_PAUSE_S", 0.01)
    code = "import os, time; f = open(os.environ['COUNT'], 'a'); print(time.time(), file=f, flush=True); os._exit(70)"
    worker = process(tmp_path, code)
    await worker.start()
    count = tmp_path / "count"
    async with asyncio.timeout(20):
        while not count.exists() or len(count.read_text().splitlines()) < 4:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
    await worker.stop()


async def test_a_worker_that_cannot_start_is_given_up_with_the_end_of_its_log(tmp_path: Path) -> None:
    worker = process(tmp_path, "import sys; print('GUERDON_SECRET is not set', file=sys.stderr); sys.exit(2)")
    await worker.start()
    with pytest.raises(WorkerEnded, match="GUERDON_SECRET is not set") as ended:
        await asyncio.wait_for(worker.ended(), 20)
    assert ended.value.exit_code == 2
    await worker.stop()


async def test_stopping_ends_the_process_and_does_not_start_another(tmp_path: Path) -> None:
    worker = process(tmp_path, SLEEP)
    await worker.start()
    pid = worker.pid
    assert pid is not None
    await worker.stop()
    assert worker.pid is None
    assert gone(pid)


async def test_one_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "STOP_S", 0.3)
    worker = process(tmp_path, f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1); {SLEEP}")
    await worker.start()
    pid = worker.pid
    assert pid is not None
    await asyncio.sleep(0.5)
    await worker.stop()
    assert gone(pid)

"""Work in several processes: results in order, errors as they were, nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.replay.processes import PartFailed, usable, work_off
from tests.support.brokers import ROOT
from tests.support.working import failing, squared


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_their_tasks_and_progress_is_told(processes: int) -> None:
    told: list[int] = []
    assert work_off(squared, [5, 2, 9], processes, told.append) == [25, 4, 81]
    assert told[-1] == 16


def test_an_error_of_one_part_ends_the_others_and_keeps_its_words_and_exit_code() -> None:
    began = time.monotonic()
    with pytest.raises(PartFailed, match="offset 7: ValueError: no") as failed:
        work_off(failing, [0, 1, 2], 2, lambda done: done)
    assert failed.value.exit_code == 70
    assert time.monotonic() - began < 50  # the others would have gone on for a minute


def test_no_more_processes_are_of_use_than_there_are_partitions() -> None:
    assert usable(1) == 1
    assert 1 <= usable(1000) <= (os.cpu_count() or 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_one_that_started_it(number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.working", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as parent:
        while len(list(tmp_path.iterdir())) < 2:
            assert parent.poll() is None
            time.sleep(0.05)
        parent.send_signal(number)
        assert parent.wait(40) != 0
    deadline = time.monotonic() + 40
    while any(Path(f"/proc/{path.name}").exists() for path in tmp_path.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.05)

"""`guerdon archive` beside a worker at work, and what analysts read of its files without us."""

import asyncio
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from engine.broker.settings import Settings
from engine.cli.main import app
from engine.history.archive import Archive
from engine.history.history import History
from engine.history.live import Live
from tests.support.brokers import environment_of
from tests.support.workers import WorkerProcess, enrolment, events_of, feed, publish, purchase, until

MEMBERS = 20


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def recorded(history: History) -> dict[str, Any]:
    """All that a history gives."""
    everything: dict[str, Any] = {
        f"journal {number}": [record for batch in history.journal(number) for record in batch]
        for number in history.spans
    }
    for topic in history.topics():
        for number in history.spans:
            everything[f"{topic} {number}"] = [each for batch in history.published(topic, number) for each in batch]
    for number in history.spans:
        everything[f"rows {number}"] = list(history.rows(history.snapshots[-1], number))
    told = (history.partitions, history.spans, history.rulesets, list(history.publications), history.quarantined)
    return {**everything, "told": told, "positions": history.snapshots[-1].positions}


async def test_a_deployment_at_work_is_archived_and_gone_on_with(
    deployment: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment_of(deployment).items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "archive"
    await publish(deployment)
    await feed(deployment, [enrolment(f"M-{number}") for number in range(MEMBERS)])
    with WorkerProcess(deployment) as worker:
        await until(deployment, "decisions", lambda events: len(events) >= MEMBERS)
        for round_ in range(2):
            numbers = range(round_ * 500, (round_ + 1) * 500)
            await feed(deployment, [purchase(f"M-{number % MEMBERS}", number) for number in numbers])
            made = await asyncio.to_thread(run, "archive", folder)
            assert made.exit_code == 0, made.stderr
        await until(deployment, "decisions", lambda events: len(events) >= MEMBERS + 1_000)
        assert worker.stop() == 0
    made = await asyncio.to_thread(run, "archive", folder, "--json")
    assert made.exit_code == 0, made.stderr
    told = orjson.loads(made.stdout)
    live, archive = await asyncio.to_thread(Live.at, deployment), Archive(folder)
    assert told["held"]["journal"]["records"] == sum(len(batch) for each in live.spans for batch in live.journal(each))
    assert recorded(archive) == recorded(live)
    assert len(archive.snapshots) >= 2
    _assert_read_without_us(folder, Counter(_points(await events_of(deployment, "points"))))
    checked = run("archive", folder, "--check")
    assert (checked.exit_code, "is what was archived" in checked.stdout) == (0, True)
    path = next((folder / "points" / "partition=0").iterdir())
    path.write_bytes(path.read_bytes()[:-9])
    checked = run("archive", folder, "--check")
    assert checked.exit_code == 1
    assert str(path.relative_to(folder)) in checked.stdout


def _points(events: list[Any]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for event in events:
        if event["type"] == "points.awarded":
            sums[event["subject"]] += event["data"]["points"]
    return sums


def _assert_read_without_us(folder: Path, expected: Counter[str]) -> None:
    points = pd.read_parquet(folder / "points")
    assert str(points["time"].dtype) == "datetime64[ms, UTC]"
    awarded = points[points["type"] == "points.awarded"]
    data = pd.json_normalize(awarded["value"].map(orjson.loads).tolist())
    assert data.groupby("subject")["data.points"].sum().to_dict() == dict(expected)
    assert sum(expected.values()) > 0


def test_check_asks_no_broker_and_says_what_holds_no_archive(tmp_path: Path) -> None:
    refused = run("archive", tmp_path, "--check")
    assert (refused.exit_code, "holds no archive" in refused.stderr) == (2, True)
    assert run("archive", tmp_path, "--check", "--no-snapshot").exit_code == 2


def test_no_command_loads_pyarrow_before_it_needs_it() -> None:
    loaded = "import engine.cli.main, sys; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0

"""`guerdon whatif` of a deployment at work and of its archives: the shipped rules, and the same with another rate."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from engine.broker.settings import Settings
from engine.cli.main import app
from engine.history.archive import Archive
from engine.history.archiving import archive
from engine.history.live import Live
from tests.support.brokers import ROOT, environment_of
from tests.support.shop import grocer, shop
from tests.support.workers import WorkerProcess, feed, publish, until

RULES = ROOT / "rules"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["whatif", *map(str, arguments)])


def reported(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = orjson.loads(result.stdout)
    return found


async def test_a_deployment_and_its_archives_under_other_rules(
    deployment: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment_of(deployment).items():
        monkeypatch.setenv(name, value)
    await publish(deployment, grocer())
    lines = shop(seed=11, members=8, days=30)
    half = len(lines) // 2
    with WorkerProcess(deployment) as worker:
        worker.wait_for("ready")
        await feed(deployment, [(line.topic, line.value) for line in lines[:half]])
        await until(deployment, "decisions", lambda events: len(events) >= len({line.value for line in lines[:half]}))
        await asyncio.to_thread(archive, await asyncio.to_thread(Live.at, deployment), tmp_path / "one")
        await feed(deployment, [(line.topic, line.value) for line in lines[half:]])
        await until(deployment, "decisions", lambda events: len(events) >= len({line.value for line in lines}))
        assert worker.stop() == 0
    live = await asyncio.to_thread(Live.at, deployment)
    await asyncio.to_thread(archive, live, tmp_path / "rest", since=tmp_path / "one")
    await asyncio.to_thread(archive, live, tmp_path / "one")
    assert any(span.start for span in Archive(tmp_path / "rest").spans.values())
    await asyncio.to_thread(_ask, tmp_path)


def _ask(tmp_path: Path) -> None:
    said = run("--rules", RULES)
    assert said.exit_code == 0, said.output
    assert said.stdout == "Nothing differs: under these rules every outcome is what was recorded.\n"
    for part in ("one", "rest"):
        assert reported("--rules", grocer().digest[:12], "--archive", tmp_path / part)["same"], part
    other = tmp_path / "rules"
    shutil.copytree(RULES, other)
    produce = other / "campaigns" / "fresh-produce.yaml"
    produce.write_text(produce.read_text().replace("points: 2, per: 1.00", "points: 3, per: 1.00"))
    broker = reported("--rules", other)
    folder = reported("--rules", other, "--archive", tmp_path / "one", "--processes", 2, "--out", tmp_path / "out")
    assert broker["headline"]["points_difference"] > 0
    assert broker["changes"] == ["campaign fresh-produce: points 2 -> 3 per 1.00 of produce"]
    broker["question"]["history"] = folder["question"]["history"]
    assert broker == folder
    assert orjson.loads((tmp_path / "out" / "report.json").read_bytes()) == folder
    words = run("--rules", other, "--archive", tmp_path / "one")
    assert words.stdout.startswith("Under the new rules members would have got ")
    assert "fresh-produce" in words.stdout
    alone = reported("--rules", other, "--archive", tmp_path / "one", "--members", "M-1,M-3")
    assert alone["question"]["members"] == 2
    assert {row["member_id"] for row in alone["members"]["gainers"]} <= {"M-1", "M-3"}
    wrong = run("--rules", other, "--archive", tmp_path / "one", "--from", "tomorrow")
    assert wrong.exit_code == 2

"""Replay and verify on a real deployment whose worker was killed: from the broker and from an archive, and with a fault planted."""

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

from engine.broker.clients import idempotent_producer
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, write_batches
from tests.support.brokers import ROOT, dissolve, environment_of, settled
from tests.support.shop import grocer, shop
from tests.support.workers import WorkerProcess, feed, publish, records_of, until

GUERDON = (sys.executable, "-m", "engine.cli.main")


async def guerdon(settings: Settings, *arguments: str, code: int = 0) -> str:
    """The standard output of a command that ends with `code`."""
    ended = await asyncio.to_thread(
        subprocess.run,
        (*GUERDON, *arguments),
        cwd=ROOT,
        env=os.environ | environment_of(settings) | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == code, ended.stdout + ended.stderr
    return str(ended.stdout)


async def verified(settings: Settings, *arguments: str, code: int = 0) -> Any:
    return orjson.loads(await guerdon(settings, "verify", "--json", *arguments, code=code))


async def append(settings: Settings, *records: Outgoing) -> None:
    producer = await idempotent_producer(settings)
    try:
        await write_batches(producer, records)
    finally:
        await producer.stop()


async def test_a_run_with_a_killed_worker_verifies_until_somebody_tampers_with_it(
    deployment: Settings, tmp_path: Path, rng: random.Random
) -> None:
    await publish(deployment, grocer())
    lines = shop(seed=rng.randrange(1 << 30), members=8, days=60)
    inputs = [(line.topic, line.value) for line in lines]
    decided = len(set(inputs))
    await feed(deployment, inputs[:150])
    with WorkerProcess(deployment) as worker:
        await until(deployment, "decisions", lambda events: len(events) > 50)
        await feed(deployment, inputs[150:])
        await asyncio.sleep(rng.random() / 5)
        worker.kill()
    with WorkerProcess(deployment) as worker:
        worker.wait_for("ready")
        await until(deployment, "decisions", lambda events: len(events) >= decided)
        assert worker.stop() == 0
    await settled(deployment, "state")

    live = await verified(deployment, "--processes", "2")
    assert live["agrees"]
    assert live["outcomes"]["decisions"] >= decided
    assert live["rows"] > 100
    archive = str(tmp_path / "archive")
    await guerdon(deployment, "archive", archive)
    stored = await verified(deployment, "--archive", archive, "--processes", "1")
    same = ("outcomes", "messages", "rows", "own_rows", "accounts", "outcome_ids", "agrees")
    assert {name: stored[name] for name in same} == {name: live[name] for name in same}

    await _replays(deployment, tmp_path, archive)
    await _is_found(deployment, Path(archive))


async def _replays(deployment: Settings, tmp_path: Path, archive: str) -> None:
    await guerdon(deployment, "replay", "--archive", archive, "--out", str(tmp_path / "out"), "--processes", "1")
    points = [record.value for record in await records_of(deployment, "points")]
    written = [orjson.dumps(orjson.loads(line)["value"]) for line in (tmp_path / "out/points.jsonl").open("rb")]
    assert written == points
    other = deployment.model_copy(update={"prefix": f"again-{deployment.prefix}"})
    try:
        await guerdon(deployment, "replay", "--archive", archive, "--to-prefix", other.prefix, "--processes", "1")
        assert [record.value for record in await records_of(other, "points")] == points
        await guerdon(deployment, "replay", "--archive", archive, "--to-prefix", other.prefix, code=2)
        assert len(await records_of(other, "points")) == len(points)
    finally:
        await dissolve(other)


async def _is_found(deployment: Settings, archive: Path) -> None:
    decision = (await records_of(deployment, "decisions"))[7]
    await append(deployment, Outgoing("decisions", decision.partition, decision.key, decision.value))
    report = await verified(deployment, "--processes", "1", code=1)
    assert report["differs"] == [{"kind": "twice", "topic": "decisions", "count": 1}]
    assert report["first"]["name"] == orjson.loads(decision.value)["id"]
    assert report["first"]["journal_record"]["value"]

    damaged = next(path for path in sorted((archive / "points").rglob("*.parquet")) if path.stat().st_size > 5_000)
    content = bytearray(damaged.read_bytes())
    content[len(content) // 3] ^= 1
    damaged.write_bytes(content)
    report = await verified(deployment, "--archive", str(archive), "--processes", "1", code=1)
    assert report["divergences"][0]["kind"] == "damaged_file"
    assert report["divergences"][0]["name"] == str(damaged.relative_to(archive))

"""Archives taken while workers decide: each verifies, a part that begins at another's snapshot as well."""

import asyncio
import random
from pathlib import Path

from engine.broker.settings import Settings
from engine.history.archive import Archive
from engine.history.archiving import archive
from engine.history.live import Live
from engine.replay.verifying.whole import verify
from tests.support.shop import grocer, shop
from tests.support.workers import WorkerProcess, feed, publish, until


async def test_archives_of_a_deployment_at_work_verify(
    deployment: Settings, tmp_path: Path, rng: random.Random
) -> None:
    await publish(deployment, grocer())
    lines = shop(seed=rng.randrange(1 << 30), members=12, days=60)
    with WorkerProcess(deployment) as worker:
        worker.wait_for("ready")
        for part, folder in enumerate(("one", "two", "two", "one")):
            chunk = lines[part * len(lines) // 4 : (part + 1) * len(lines) // 4]
            await feed(deployment, [(line.topic, line.value) for line in chunk])
            await asyncio.sleep(rng.random())
            live = await asyncio.to_thread(Live.at, deployment)
            since = tmp_path / "one" if folder == "two" else None
            await asyncio.to_thread(archive, live, tmp_path / folder, since=since, file_records=100)
        await until(deployment, "decisions", lambda events: len(events) >= len({line.value for line in lines}))
        worker.kill()
    live = await asyncio.to_thread(Live.at, deployment)
    await asyncio.to_thread(archive, live, tmp_path / "two", file_records=100)
    two = Archive(tmp_path / "two")
    assert any(span.start for span in two.spans.values())
    for history, start in (
        (live, None),
        (Archive(tmp_path / "one"), None),
        (two, two.snapshots[0]),
        (two, two.snapshots[1]),
    ):
        report = await asyncio.to_thread(verify, history, start, 1, lambda _done: None)
        assert report.agrees, (report.name, start, report.counts, report.first)

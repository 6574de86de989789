"""A forgotten member's sealing keys are deleted, through crashes and for what comes late (B-51)."""

import asyncio
import os
import subprocess
import sys
import time
from typing import Any

import orjson

from engine.broker.reading import read_table
from engine.broker.settings import Settings
from engine.core.partitioning import partition_of
from engine.pipeline.partition import Bounds, JournalRecord, Partition
from engine.ruleset.matching import Rules
from tests.support.brokers import ROOT, environment_of
from tests.support.programme import rules
from tests.support.workers import WorkerProcess, cloudevent, feed, publish, purchase, records_of, until

ADDRESS = "ada@example.org"
INSIDE = ("journal", "state", "keys", "member-changes", "decisions", "notifications", "points")


def _enrolment(member: str, event_id: str = "") -> tuple[str, bytes]:
    data = {
        "member_id": member,
        "profile": {"email": ADDRESS, "name": "Ada", "city": "Bonn"},
        "external_ids": [{"kind": "email", "value": f"{member}-{ADDRESS}"}],
        "consents": ["email"],
    }
    return "members", cloudevent("member.enrolled", event_id or f"enrol-{member}", data)


def _update(member: str, number: int) -> tuple[str, bytes]:
    data = {"member_id": member, "profile": {"phone": f"+49 228 {number}"}}
    return "members", cloudevent("member.updated", f"update-{member}-{number}", data)


def _wish(member: str) -> tuple[str, bytes]:
    return "members", cloudevent("member.forgotten", f"forget-{member}", {"member_id": member})


async def _decided(settings: Settings, count: int) -> list[Any]:
    return await until(settings, "decisions", lambda events: len(events) >= count)


async def _keys(settings: Settings) -> list[str]:
    """The subjects of the keys that are left once `keys` is compacted."""
    return sorted(key.decode().split("/")[0] for key in await read_table(settings, "keys"))


async def _until_keys(settings: Settings, left: list[str], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while (found := await _keys(settings)) != left:
        assert time.monotonic() < deadline, f"{found} instead of {left} after {timeout_s} s"
        await asyncio.sleep(0.2)


def _state(settings: Settings, *arguments: str) -> str:
    command = [sys.executable, "-m", "engine.cli.main", "state", *arguments]
    environment = {**os.environ, **environment_of(settings)}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return ran.stdout


async def test_b51_forgetting_deletes_the_members_keys_and_no_others(deployment: Settings) -> None:
    await publish(deployment)
    with WorkerProcess(deployment) as worker:
        await feed(deployment, [_enrolment("M-1"), _enrolment("M-2")])
        await _decided(deployment, 2)
        await feed(deployment, [_update("M-1", 1), purchase("M-1", 1)])
        await _decided(deployment, 4)
        assert await _keys(deployment) == ["member:M-1", "member:M-1", "member:M-2"]
        assert f"email: {ADDRESS}" in _state(deployment, "member:M-1", "--unseal")
        await feed(deployment, [_wish("M-1")])
        await _decided(deployment, 5)
        await _until_keys(deployment, ["member:M-2"])
        assert worker.stop() == 0
    shown = _state(deployment, "member:M-1", "--unseal")
    assert "forgotten" in shown
    assert "email" not in shown
    assert f"email: {ADDRESS}" in _state(deployment, "member:M-2", "--unseal")
    for topic in INSIDE:
        for record in await records_of(deployment, topic):
            assert ADDRESS.encode() not in (record.value or b""), topic


async def test_b51_a_worker_that_is_killed_between_commit_and_deletion_deletes_after_its_restart(
    deployment: Settings,
) -> None:
    await publish(deployment)
    await feed(deployment, [_enrolment("M-1"), _enrolment("M-2")])
    with WorkerProcess(deployment, "--keeping-keys") as worker:
        await _decided(deployment, 2)
        await feed(deployment, [_wish("M-1")])
        worker.wait_for("keeping keys")
        worker.kill()
    assert await _keys(deployment) == ["member:M-1", "member:M-2"]
    with WorkerProcess(deployment) as worker:
        await _until_keys(deployment, ["member:M-2"])
        assert worker.stop() == 0


async def test_b51_what_is_sealed_for_a_forgotten_member_later_loses_its_key_too(deployment: Settings) -> None:
    await publish(deployment)
    with WorkerProcess(deployment) as worker:
        await feed(deployment, [_enrolment("M-1")])
        await _decided(deployment, 1)
        await feed(deployment, [_wish("M-1")])
        await _decided(deployment, 2)
        await _until_keys(deployment, [])
        await feed(deployment, [_update("M-1", 1), _enrolment("M-1", "again")])
        await _decided(deployment, 4)
        await _until_keys(deployment, [])
        assert worker.stop() == 0
    tombstones = [record.key for record in await records_of(deployment, "keys") if record.value is None]
    assert len(set(tombstones)) == 3, "those of the enrolment, of the update and of the second enrolment"


async def test_b51_a_replay_after_forgetting_gives_the_rows_of_the_live_run(deployment: Settings) -> None:
    made = await publish(deployment)
    with WorkerProcess(deployment) as worker:
        await feed(deployment, [_enrolment("M-1"), purchase("M-1", 1)])
        await until(deployment, "points", lambda events: len(events) >= 1)
        await feed(deployment, [_wish("M-1"), purchase("M-1", 2)])
        await until(deployment, "points", lambda events: len(events) >= 2)
        await _until_keys(deployment, [])
        assert worker.stop() == 0
    live = {
        key.decode(): value
        for key, value in (await read_table(deployment, "state")).items()
        if not key.startswith(b"_")
    }
    assert await _replayed(deployment, rules(made)) == live
    row = orjson.loads(live["member:M-1"])
    assert (row["accounts"]["points"]["balance"], row["profile"]) == (20, {"city": "Bonn"})


async def _replayed(settings: Settings, in_force: Rules) -> dict[str, bytes]:
    """The rows that the journal as it lies there comes to."""
    records = await records_of(settings, "journal")
    count = settings.partitions or 0
    rows: dict[str, bytes] = {}
    for number in range(count):
        own = [
            JournalRecord(record.offset, record.timestamp, record.key, record.value)
            for record in records
            if record.partition == number
        ]
        partition = Partition(number, count, lambda _digest, _salt: in_force)
        partition.commit(partition.fold(0, own[-1].offset + 1, own, Bounds()))
        assert all(partition_of(key.partition("/")[0], count) == number for key in partition.rows)
        rows |= partition.rows
    return rows

"""A live deployment copied into another number of partitions, and gone on with there."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from engine.broker.reading import read_table
from engine.broker.settings import Settings, load_settings
from engine.history.live import Live
from engine.replay.repartitioning import place
from engine.replay.repartitioning.copying import Copying
from engine.replay.repartitioning.lane import Lane
from engine.replay.repartitioning.writing import write_journal
from engine.replay.rules_of import RulesOf
from engine.replay.verifying.report import Report
from engine.replay.verifying.whole import verify
from engine.ruleset.effects import AwardPoints, Fixed
from engine.ruleset.limits import Limit, Window
from tests.support.brokers import ROOT, dissolve, environment_of
from tests.support.programme import campaign, ruleset
from tests.support.workers import WorkerProcess, cloudevent, enrolment, feed, publish, purchase, records_of, until

MEMBERS = 12
CAP = Limit("times", 5, "campaign", Window("ever"), "refuse")
CAPPED = ruleset(*ruleset().campaigns, campaign("capped", AwardPoints(Fixed(7), "points"), limits=(CAP,)))


def guerdon(settings: Settings, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "engine.cli.main", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment_of(settings)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def returned(member: str, number: int) -> tuple[str, bytes]:
    data = {
        "return_id": f"R-{member}-{number}",
        "member_id": member,
        "original_transaction_id": f"T-{member}-{number}",
        "lines": [{"line_id": "1", "quantity": 1}],
    }
    return "returns", cloudevent("transaction.returned", f"return-{member}-{number}", data)


def linked(member: str, card: str) -> tuple[str, bytes]:
    data = {"member_id": member, "external_id": {"kind": "card", "value": card}}
    return "members", cloudevent("member.linked", f"link-{member}-{card}", data)


async def decided(settings: Settings, count: int) -> Sequence[Any]:
    return await until(settings, "decisions", lambda events: len({each["causationid"] for each in events}) >= count)


async def rows_of(settings: Settings) -> dict[bytes, bytes]:
    return {key: value for key, value in (await read_table(settings, "state")).items() if not key.startswith(b"_")}


async def subjects_of(settings: Settings) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for record in await records_of(settings, "journal"):
        if b":" in record.key:
            found.setdefault(record.key, []).append(record.value)
    return found


def points(rows: Mapping[bytes, bytes], member: str) -> Any:
    return orjson.loads(rows[f"member:{member}".encode()])["accounts"]["points"]


def verified(settings: Settings) -> Report:
    return verify(Live.at(settings), None, 1, lambda _: None)


def message(record: Any) -> Any:
    return orjson.loads(record.value)


async def lived(settings: Settings) -> int:
    """Some days of a few members, worked off; how many inputs there were."""
    await publish(settings, CAPPED)
    inputs = [enrolment(f"M-{number}") for number in range(MEMBERS)]
    inputs += [linked(f"M-{number}", f"card-{number // 2}") for number in range(MEMBERS)]  # each is wanted by two
    inputs += [purchase(f"M-{number}", at) for number in range(MEMBERS) for at in range(3)]
    inputs += [returned(f"M-{number}", 0) for number in range(3)]
    with WorkerProcess(settings) as worker:
        worker.wait_for("ready")
        await feed(settings, inputs)
        await decided(settings, len(inputs))
        await asyncio.sleep(2)  # what answers come after the decisions
        assert worker.stop() == 0
    return len(inputs)


def beside(settings: Settings, partitions: int) -> Settings:
    given = {name: getattr(settings, name) for name in ("bootstrap", "embedded", "app_id", "secret", "replication")}
    paths = {name: getattr(settings, name) for name in ("topics_file", "rules", "web_port")}
    return load_settings(**given, **paths, prefix=f"{settings.prefix}new.", partitions=partitions)


async def test_a_deployment_goes_on_in_another_number_of_partitions(deployment: Settings) -> None:
    await lived(deployment)
    new = beside(deployment, 3)
    try:
        made = guerdon(deployment, "repartition", "--to-prefix", new.prefix, "--partitions", 3, "--json")
        assert made.returncode == 0, made.stderr
        counts = orjson.loads(made.stdout)
        rows = await rows_of(deployment)
        assert await rows_of(new) == rows
        assert counts["rows"] == len(rows) > MEMBERS
        assert (counts["from_partitions"], counts["to_partitions"]) == (4, 3)
        assert await subjects_of(new) == await subjects_of(deployment)
        assert counts["messages"] > 0
        assert await read_table(new, "keys") == await read_table(deployment, "keys")
        before = {orjson.loads(row.value)["id"] for row in await records_of(deployment, "points")}
        assert {orjson.loads(row.value)["id"] for row in await records_of(new, "points")} == before

        copied = await asyncio.to_thread(verified, new)
        assert (copied.agrees, copied.rows, copied.messages) == (True, counts["rows"], counts["messages"])

        again = guerdon(deployment, "repartition", "--to-prefix", new.prefix, "--partitions", 3)
        assert (again.returncode, "holds records" in again.stderr) == (2, True)

        inputs = [returned("M-5", 1), purchase("M-5", 77, 5_000), purchase("M-6", 1), purchase("M-7", 78)]
        had = len(await records_of(new, "decisions"))
        with WorkerProcess(new) as worker:
            worker.wait_for("ready")
            await feed(new, inputs)
            decisions = await until(new, "decisions", lambda events: len(events) >= had + len(inputs))
            assert worker.stop() == 0
        statuses = Counter((each["causationid"], each["data"]["status"]) for each in decisions)
        decided_now = ("return-M-5-1", "sale-M-5-77", "sale-M-7-78", "sale-M-6-1")
        assert [statuses[cause, "decided"] for cause in decided_now] == [1, 1, 1, 1]
        # The sale of M-6, sent again, is a repeat: its decision says so, and is no second sale.
        assert sum(statuses.values()) == had + len(inputs)
        was, has = points(rows, "M-5"), points(await rows_of(new), "M-5")
        assert has["balance"] == was["balance"] - 10 + 50
        assert points(await rows_of(new), "M-6") == points(rows, "M-6")
        given = [
            each for each in map(message, await records_of(new, "points")) if each["data"].get("campaign") == "capped"
        ]
        uses = Counter(each["type"] for each in given)
        assert uses["points.awarded"] - uses["points.reversed"] <= 5 <= uses["points.awarded"]
        sent = [each["id"] for each in map(message, await records_of(new, "journal")) if each["kind"] == "message"]
        assert len(sent) == len(set(sent)) > counts["messages"]
        gone_on = await asyncio.to_thread(verified, new)
        assert gone_on.agrees, gone_on.value(9)
    finally:
        await dissolve(new)


async def test_the_journal_may_come_from_an_archive_that_has_all_of_it(deployment: Settings, tmp_path: Path) -> None:
    await lived(deployment)
    new = beside(deployment, 1)
    asked = ("repartition", "--to-prefix", new.prefix, "--partitions", 1, "--archive", tmp_path / "kept")
    try:
        assert guerdon(deployment, "archive", tmp_path / "kept").returncode == 0
        made = guerdon(deployment, *asked, "--processes", 1)
        assert made.returncode == 0, made.stderr
        rows = await rows_of(deployment)
        assert f"all {len(rows):,} rows are as they were" in made.stdout
        assert await rows_of(new) == rows
        with WorkerProcess(deployment) as worker:
            worker.wait_for("ready")
            await feed(deployment, [enrolment("late")])
            await until(
                deployment, "decisions", lambda events: any(each["causationid"] == "enrol-late" for each in events)
            )
            assert worker.stop() == 0
        late = guerdon(deployment, *asked)
        assert (late.returncode, "archive them first" in late.stderr) == (2, True), late.stderr
    finally:
        await dissolve(new)


async def test_what_is_not_taken_in_is_not_left_behind(deployment: Settings) -> None:
    await publish(deployment, CAPPED)
    await feed(deployment, [enrolment("M")])
    refused = guerdon(deployment, "repartition", "--to-prefix", f"{deployment.prefix}new.", "--partitions", 3)
    assert refused.returncode == 2
    assert "holds events that are not taken in, from 0 on" in refused.stderr


async def test_no_worker_decides_a_copy_that_is_not_completed(deployment: Settings) -> None:
    await lived(deployment)
    new = beside(deployment, 2)
    try:
        await place.make_topics(new)
        history = await asyncio.to_thread(Live.at, deployment)
        await place.write_tables(new, await place.read_tables(deployment, 2), {}, 2)
        rules_of = RulesOf(history.rulesets)
        lanes = [Lane(history, number, rules_of) for number in range(4)]
        await write_journal(new, 2, Copying(lanes, 2), lambda _: None)
        with WorkerProcess(new) as worker:
            assert worker.wait() == 78
            assert "belongs to a copy that is not completed" in worker.said()
        assert await rows_of(new) == {}
    finally:
        await dissolve(new)

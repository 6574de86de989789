"""Publishing to running workers: rules change under load at one point of each journal partition, at once, at an instant, in shadow."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from engine.broker.publishing import load_published
from engine.broker.settings import Settings
from engine.cli.rules_publish import How, publish_folder
from engine.cli.rules_tests import TestsFailed as Failed
from engine.core.instants import render
from engine.errors import UsageError
from engine.ruleset.published import unpack
from engine.wire import journal
from tests.support.workers import WorkerProcess, enrolment, events_of, feed, purchase, records_of, until

MEMBERS = 30
PROGRAMME = "programme: shop\nzone: UTC\ncurrency: USD\naccounts: {points: {}}\n"
CAMPAIGN = """\
campaign: base
on: transaction.completed
base: true
then:
  - award_points: {points: 1, per: 1.00}
"""
TEST = """\
campaign: base
cases:
  - name: ten
    when: {transaction: {amount: 10.00}}
    then: {award_points: 10}
"""


def folder(path: Path, points: int, **more: str) -> Path:
    texts = {
        "programme.yaml": PROGRAMME,
        "campaigns/base.yaml": CAMPAIGN.replace("points: 1,", f"points: {points},"),
        "campaigns/base.test.yaml": TEST.replace(": 10}", f": {points * 10}}}"),
        **{f"campaigns/{name}.yaml": text for name, text in more.items()},
    }
    for name, text in texts.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return path


class Feeding:
    """Feeds in small portions until it is told to stop, so that something is always on its way."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stopped = False
        self.count = 0

    async def run(self) -> None:
        while not self._stopped:
            numbers = range(self.count, self.count + 50)
            await feed(self._settings, [purchase(f"M-{number % MEMBERS}", number) for number in numbers])
            self.count += 50

    def stop(self) -> None:
        self._stopped = True


def switches(events: Sequence[Any]) -> dict[int, list[str]]:
    """The digests that decided each journal partition, in the journal's order, each as often as it began."""
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for event in events:
        partition, _, offset = event["position"].partition(":")
        found[int(partition)].append((int(offset), event["rulesetdigest"]))
    return {number: [digest for digest, _ in groupby(each for _, each in sorted(at))] for number, at in found.items()}


async def decided_by(settings: Settings, digest: str) -> None:
    """Waits until every journal partition is decided by a ruleset."""
    await until(
        settings,
        "decisions",
        lambda events: all(digest in switches(events).get(number, ()) for number in range(4)),
    )


async def test_a_hot_publish_decides_every_event_once_and_by_one_ruleset(deployment: Settings, tmp_path: Path) -> None:
    digests = [(await publish_folder(deployment, folder(tmp_path / "1", 1), test=True)).ruleset.digest]
    await feed(deployment, [enrolment(f"M-{number}") for number in range(MEMBERS)])
    with WorkerProcess(deployment) as worker:
        worker.wait_for("ready")
        feeding = Feeding(deployment)
        task = asyncio.create_task(feeding.run())
        await until(deployment, "decisions", lambda events: len(events) > MEMBERS + 200)
        digests.append((await publish_folder(deployment, folder(tmp_path / "2", 2))).ruleset.digest)
        await decided_by(deployment, digests[1])
        at = render(time.time_ns() // 1_000_000 + 2_000)
        digests.append((await publish_folder(deployment, folder(tmp_path / "3", 3), How(at=at))).ruleset.digest)
        await decided_by(deployment, digests[2])
        feeding.stop()
        await task
        total = MEMBERS + feeding.count
        await until(deployment, "decisions", lambda events: len(events) >= total, 90)
        assert worker.stop() == 0
    with WorkerProcess(deployment) as late:  # whoever starts later takes what the journal says, and activates nothing
        late.wait_for("ready")
        await feed(deployment, [purchase(f"M-{number % MEMBERS}", number) for number in range(90_000, 90_100)])
        events = await until(deployment, "decisions", lambda events: len(events) >= total + 100)
        assert late.stop() == 0
    causes = [event["causationid"] for event in events]
    assert len(causes) == len(set(causes)) == total + 100
    by_cause: dict[str, set[str]] = defaultdict(set)
    points = await events_of(deployment, "points")
    for event in [*events, *points]:
        by_cause[event["causationid"]].add(event["rulesetdigest"])
    assert all(len(found) == 1 for found in by_cause.values())
    assert {event["rulesetdigest"]: event["data"]["points"] for event in points} == dict(
        zip(digests, (10, 20, 30), strict=True)
    )
    assert all(event["data"]["points"] == 10 * (digests.index(event["rulesetdigest"]) + 1) for event in points)
    assert set(switches(events)) == set(range(4))
    assert all(order == digests for order in switches(events).values())
    activations = [
        decoded.digest
        for record in await records_of(deployment, "journal")
        if isinstance(decoded := journal.decode(record.value), journal.Activation)
    ]
    assert sorted(activations) == sorted(digests * 4)


async def test_history_tells_who_published_what_and_when(deployment: Settings, tmp_path: Path) -> None:
    first = folder(tmp_path / "1", 1)
    with pytest.raises(UsageError, match="--at needs rules that are in force"):
        await publish_folder(deployment, first, How(at="2026-12-01"))
    one = (await publish_folder(deployment, first, How(by="anna"))).ruleset.digest
    again = await publish_folder(deployment, first, How(by="anna"))
    assert again.partitions == 0
    two = (await publish_folder(deployment, folder(tmp_path / "2", 2), How(at="2031-12-01", by="ben"))).ruleset.digest
    back = await publish_folder(deployment, first, How(by="anna"))  # takes back what waits
    assert back.partitions == 4
    rulesets, history = await load_published(deployment)
    assert set(rulesets) == {one, two}
    assert [(each.digest, each.by, each.at_ms and render(each.at_ms)) for each in history] == [
        (one, "anna", None),
        (two, "ben", "2031-12-01T00:00:00.000Z"),
        (one, "anna", None),
    ]


async def test_a_candidate_runs_in_shadow_beside_the_rules_in_force(deployment: Settings, tmp_path: Path) -> None:
    live = (await publish_folder(deployment, folder(tmp_path / "1", 1))).ruleset.digest
    fifty = CAMPAIGN.replace("base", "fifty").replace("fifty: true\n", "").replace("1, per: 1.00", "50")
    candidate = folder(tmp_path / "2", 2, fifty=fifty)
    shadow = await publish_folder(deployment, candidate, How(shadow=True))
    assert [(each.name, each.state) for each in shadow.ruleset.campaigns] == [
        ("base", "live"),
        ("base@candidate", "shadow"),
        ("fifty", "shadow"),
    ]
    rulesets, history = await load_published(deployment)
    assert [bool(each.shadow) for each in history] == [False, True]
    assert "candidate/campaigns/fifty.yaml" in unpack(rulesets[shadow.ruleset.digest])[1]
    await feed(deployment, [enrolment("M-1"), purchase("M-1", 1)])
    with WorkerProcess(deployment) as worker:
        events = await until(deployment, "decisions", lambda events: len(events) >= 2)
        assert worker.stop() == 0
    (decision,) = [
        event["data"] for event in events if event["type"] == "decision.recorded" and "shadow" in event["data"]
    ]
    would = {each["campaign"]: (each["fired"], each["points"]) for each in decision["shadow"]}
    assert would == {"base@candidate": (True, {"points": 20}), "fifty": (True, {"points": 50})}
    points = await events_of(deployment, "points")
    assert [event["data"]["points"] for event in points] == [10]
    assert live not in {event["rulesetdigest"] for event in points}


async def test_rules_whose_tests_fail_are_not_published(deployment: Settings, tmp_path: Path) -> None:
    rules = folder(tmp_path / "1", 1)
    (rules / "campaigns/base.test.yaml").write_text(TEST.replace("points: 10", "points: 11"))
    with pytest.raises(Failed, match="1 of 1 cases failed"):
        await publish_folder(deployment, rules, test=True)
    assert await load_published(deployment) == ({}, [])
    assert (await publish_folder(deployment, rules)).partitions == 4

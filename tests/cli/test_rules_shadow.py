"""A candidate's whole life on a broker: put in shadow, held against what is live, some of it promoted, all of it, taken out again."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine.broker.publishing import load_published
from engine.broker.settings import Settings
from engine.cli.rules_publish import How, now_ms, publish_folder
from engine.cli.rules_shadow import difference_of, promote_candidate, stop_shadow
from engine.core.instants import render
from engine.errors import UsageError
from engine.history.live import Live
from engine.replay.liability.point import Offsets
from engine.replay.liability.reckoning import liability
from engine.replay.shadow.reading import read
from engine.replay.shadow.report import values
from engine.ruleset.published import PROMOTED, STOPPED
from tests.support.brokers import environment_of
from tests.support.workers import WorkerProcess, cloudevent, enrolment, feed, purchase, until

PROGRAMME = """\
programme: shop
zone: UTC
currency: USD
accounts: {points: {worth: 0.01, expires: {after: 12 months}}}
returns: {accept_for: 30 days}
"""
BASE = "campaign: base\non: transaction.completed\nbase: true\nthen:\n  - award_points: {points: 1, per: 1.00}\n"
FIFTY = "campaign: fifty\non: transaction.completed\nthen:\n  - award_points: {points: 50}\n"


def folder(path: Path, points: int, *, fifty: bool) -> Path:
    texts = {"programme.yaml": PROGRAMME, "campaigns/base.yaml": BASE.replace("points: 1,", f"points: {points},")}
    if fifty:
        texts["campaigns/fifty.yaml"] = FIFTY
    for name, text in texts.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return path


def shown(settings: Settings) -> dict[str, Any]:
    history = Live.at(settings)
    _, difference = difference_of(history)
    read(history, difference, lambda _: None)
    return values(difference)


def asked(settings: Settings, *arguments: str) -> str:
    """The standard output of a command, in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-m", "engine.cli.main", *arguments],
        env={**os.environ, **environment_of(settings)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def check_what_is_owed(settings: Settings, tmp_path: Path) -> None:
    """185 points were awarded and 30 came back; alike from rows, from the journal, and by command."""
    recorded = Live.at(settings)
    owed = liability(recorded, None, 1, lambda _: None)
    assert [(each.account, each.outstanding) for each in owed.accounts] == [("points", 185 - 30)]
    assert (owed.outstanding_minor, owed.members) == (155, 2)
    ends = Offsets({number: span.decided - 1 for number, span in recorded.spans.items() if span.decided > span.start})
    assert liability(recorded, ends, 2, lambda _: None).accounts == owed.accounts
    now = orjson.loads(asked(settings, "liability", "--json", "--csv", str(tmp_path / "owed.csv")))
    assert (now["accounts"][0]["outstanding"], now["accounts"][0]["outstanding_minor"]) == (155, 155)
    assert len((tmp_path / "owed.csv").read_text().splitlines()) == 1 + len(now["accounts"][0]["months"])
    assert "2 members have points to spend" in asked(
        settings, "liability", "--processes", "2", "--at", render(now_ms())
    )


async def awarded(settings: Settings, decisions: int, awards: int) -> list[int]:
    """The points of all awards, least first, once so many events are decided; one topic may be seen a moment before the other."""
    await until(settings, "decisions", lambda events: len(events) >= decisions)
    points = await until(settings, "points", lambda events: len(of_type(events, "points.awarded")) >= awards)
    return sorted(of_type(points, "points.awarded"))


def of_type(events: Sequence[Any], kind: str) -> list[int]:
    """The points of the events of a type."""
    return [event["data"]["points"] for event in events if event["type"] == kind]


async def test_from_shadow_into_force(deployment: Settings, tmp_path: Path) -> None:
    live = (await publish_folder(deployment, folder(tmp_path / "1", 1, fifty=False))).ruleset.digest
    with pytest.raises(UsageError, match="nothing is in shadow"):
        await promote_candidate(deployment, (), None, "anna")
    with WorkerProcess(deployment) as worker:
        await feed(deployment, [enrolment("M-1"), enrolment("M-2"), purchase("M-1", 1)])
        assert await awarded(deployment, 3, 1) == [10]  # before the candidate: not counted
        candidate = folder(tmp_path / "2", 2, fifty=True)
        await publish_folder(deployment, candidate, How(shadow=True, by="ben"))
        await feed(deployment, [purchase("M-1", 2), purchase("M-2", 1, 3000), purchase("M-2", 2, 500)])
        assert await awarded(deployment, 6, 4) == [5, 10, 10, 30]

        found = shown(deployment)
        said = asked(deployment, "rules", "shadow")
        assert "fifty     new" in said
        assert "+135 points" in said
        figures = {
            each["campaign"]: (each["kind"], each["would_fire_on"], each["fired_on"], each["would_give"], each["gave"])
            for each in found["campaigns"]
        }
        assert figures == {
            "base": ("changed", 3, 3, {"points": 90}, {"points": 45}),
            "fifty": ("new", 3, 0, {"points": 150}, {}),
        }
        assert (found["decisions"], found["net"]["difference"]) == (3, {"points": 195})
        assert (found["net"]["would_give_minor"], found["net"]["gave_minor"]) == (240, 45)
        assert found["members_who_gain"]["most"] == [
            {"member": "M-2", "difference": {"points": 35 + 100}},
            {"member": "M-1", "difference": {"points": 10 + 50}},
        ]
        assert found["first"]["member"] in {"M-1", "M-2"}

        with pytest.raises(UsageError, match="not in shadow: base2; there are base, fifty"):
            await promote_candidate(deployment, ["base2"], None, "ben")
        some = await promote_candidate(deployment, ["fifty"], None, "ben")
        assert (some.rest, some.partitions) == (True, 4)
        await feed(deployment, [purchase("M-1", 3)])
        assert await awarded(deployment, 7, 6) == [5, 10, 10, 10, 30, 50]
        rest = shown(deployment)
        assert [(each["campaign"], each["would_give"]) for each in rest["campaigns"]] == [("base", {"points": 20})]

        whole = await promote_candidate(deployment, (), None, "ben")
        await feed(deployment, [purchase("M-2", 3)])
        assert await awarded(deployment, 8, 8) == [5, 10, 10, 10, 20, 30, 50, 50]

        back = {"return_id": "R-1", "original_transaction_id": "T-M-2-1", "member_id": "M-2"}
        line = [{"line_id": "1", "quantity": 1}]
        await feed(deployment, [("returns", cloudevent("transaction.returned", "back", {**back, "lines": line}))])
        await until(deployment, "decisions", lambda events: len(events) >= 9)
        points = await until(deployment, "points", lambda events: bool(of_type(events, "points.reversed")))
        assert of_type(points, "points.reversed") == [30]  # what the rules gave that had the candidate in shadow
        assert worker.stop() == 0
    _, history = await load_published(deployment)
    assert [(each.digest, each.by, each.how, each.campaigns, bool(each.shadow)) for each in history[2:]] == [
        (some.digest, "ben", PROMOTED, ("fifty",), False),
        (history[3].digest, "ben", "", (), True),
        (whole.digest, "ben", PROMOTED, (), False),
    ]
    assert history[0].digest == live
    with pytest.raises(UsageError, match=r"was promoted \(ben"):
        difference_of(Live.at(deployment))

    said = asked(deployment, "rules", "history")
    assert "promoted: fifty" in said
    assert "promoted" in said.splitlines()[1]
    check_what_is_owed(deployment, tmp_path)


async def test_out_of_shadow_and_changed_meanwhile(deployment: Settings, tmp_path: Path) -> None:
    live = (await publish_folder(deployment, folder(tmp_path / "1", 1, fifty=False))).ruleset.digest
    candidate = folder(tmp_path / "2", 2, fifty=True)
    await publish_folder(deployment, candidate, How(shadow=True))
    assert (await stop_shadow(deployment, "eve")).in_force == live
    with pytest.raises(UsageError, match=r"it was taken out \(eve"):
        await promote_candidate(deployment, (), None, "ben")
    _, history = await load_published(deployment)
    assert (history[-1].digest, history[-1].how) == (live, STOPPED)
    await publish_folder(deployment, candidate, How(shadow=True))
    await publish_folder(deployment, folder(tmp_path / "3", 3, fifty=False), How(by="eve"))
    with pytest.raises(UsageError, match=r"have changed since the candidate was put there .* by eve"):
        await promote_candidate(deployment, (), None, "ben")

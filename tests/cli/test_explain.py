"""`guerdon explain` of a deployment at work, from the public record to the points, and of its archive."""

import asyncio
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from engine.broker.settings import Settings
from engine.cli.main import app
from engine.replay.explaining import model
from tests.support.brokers import environment_of
from tests.support.workers import WorkerProcess, cloudevent, enrolment, feed, publish, purchase, until

E_MAIL = "ada@example.com"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


async def test_an_event_and_its_award_are_explained_from_the_broker_and_from_an_archive(
    deployment: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment_of(deployment).items():
        monkeypatch.setenv(name, value)
    await publish(deployment)
    profile = {"city": "Bonn", "email": E_MAIL}
    joined = cloudevent("member.enrolled", "join-A", {"member_id": "A", "profile": profile})
    await feed(deployment, [("members", joined), enrolment("M")])
    with WorkerProcess(deployment) as worker:
        await until(deployment, "decisions", lambda events: len(events) >= 2)
        back = {"return_id": "R", "original_transaction_id": "T-M-1", "lines": [{"line_id": "1", "quantity": 1}]}
        await feed(deployment, [purchase("M", 1, 12345)])
        (award,) = await until(deployment, "points", lambda events: len(events) >= 1)
        returned = cloudevent("transaction.returned", "back-M-1", {"member_id": "M", **back})
        await feed(deployment, [("returns", returned)])
        await until(deployment, "points", lambda events: len(events) >= 2)
        assert worker.stop() == 0
    await asyncio.to_thread(_explain_all, award, tmp_path)


def _explain_all(award: dict[str, str], tmp_path: Path) -> None:
    said = run("explain", "sale-M-1")
    assert said.exit_code == 0, said.stderr
    assert "123.45 at 1 per 1.00 = 123.45, rounded down to 123" in said.stdout
    assert "Of 123 points by base: 123 taken back" in said.stdout
    event = _explained("sale-M-1")
    assert event.input is not None
    assert event.input.received is not None
    assert event.input.received.kept
    assert event.input.received.value["data"] == event.input.data
    assert _explained(award["id"]).cause == event.cause
    page = tmp_path / "page.html"
    assert run("explain", award["id"], "--html", page).exit_code == 0
    assert "123 points awarded by base" in page.read_text()
    _assert_sealed()
    unknown = run("explain", "nothing")
    assert unknown.exit_code == 1
    assert "nothing has the id nothing: searched" in unknown.stderr
    folder = tmp_path / "archive"
    assert run("archive", folder).exit_code == 0
    archived = _explained("sale-M-1", "--archive", folder)
    assert archived.input is not None
    assert archived.input.received is not None
    assert "an archive holds no public records" in archived.input.received.note
    assert archived.fates == event.fates
    assert archived.considered == event.considered


def _assert_sealed() -> None:
    for hidden in (run("explain", "join-A"), run("explain", "join-A", "--json"), run("explain", "join-A", "--all")):
        assert hidden.exit_code == 0, hidden.stderr
        assert E_MAIL not in hidden.stdout
    shown = _explained("join-A", "--unseal")
    assert shown.input is not None
    assert shown.input.data["profile"]["email"] == E_MAIL
    assert shown.input.received is not None
    assert shown.input.received.value["data"]["profile"]["email"] == E_MAIL


def _explained(*arguments: object) -> model.Explanation:
    made = run("explain", *arguments, "--json")
    assert made.exit_code == 0, made.stderr
    return model.Explanation.model_validate(orjson.loads(made.stdout))

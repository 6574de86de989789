"""What people and other tools are shown of a liability, and of a candidate in shadow."""

import csv
from pathlib import Path

import pytest

from engine.cli import liability, rules_shadow, screen
from engine.errors import UsageError
from engine.replay.liability.statement import COLUMNS, AccountStatement, Liability, MonthOfAccount
from engine.replay.shadow.comparing import Comparison, Pair
from engine.replay.shadow.difference import Difference, First, Place
from engine.replay.shadow.standing import InShadow
from engine.ruleset.published import Publication
from tests.support.programme import UTC

MONTHS = (
    MonthOfAccount("2026-11", 1_200, 0, 0, 1_200, 300),
    MonthOfAccount("2026-12", 0, 50, 0, 50, 12),
    MonthOfAccount(None, 5, 0, 0, 5, None),
)
POINTS = AccountStatement("points", True, 1_500_000, 1_205, 50, 0, 1_255, 0, 7, 3, 1, 2_000, 600, 200, 250, MONTHS)
STATUS = AccountStatement("status", False, None, 9, 0, 0, 9, 0, 0, 1, 0, 9, 0, 0, None, ())


def owed(*, beyond: bool = False) -> Liability:
    at = "2026-11-03T00:00:00.000Z"
    return Liability(at, {0: 12, 1: 9}, 0, beyond, 0, "d" * 64, "UTC", "USD", 2, 3, 1, (POINTS, STATUS))


def test_accounts_and_months_are_shown_with_their_worth(capsys: pytest.CaptureFixture[str]) -> None:
    liability._show(owed())
    said = " ".join(capsys.readouterr().out.split())
    assert "as of 2026-11-03T00:00:00.000Z (the journal before 0:12, 1:9)" in said
    assert "3 members have points to spend, 1 owe some" in said
    assert "points 1,255 1,205 50 0 18.83 7 3" in said  # 18.825
    assert "status (not to spend) 9" in said
    assert "25.0% of what left it so far expired (200 expired, 600 spent)" in said
    assert "2026-11 1,200 1,200 18.00 300" in said
    assert "never 5 5 0.08" in said


def test_an_instant_after_the_log_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    liability._show(owed(beyond=True))
    assert "the log ends before" in capsys.readouterr().out


def test_the_table_is_the_same_as_csv_and_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `analysis` is not installed")
    liability._write_csv(owed(), tmp_path / "owed.csv")
    liability._write_parquet(owed(), tmp_path / "owed.parquet")
    with (tmp_path / "owed.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["month"] for row in rows] == ["2026-11", "2026-12", "never"]
    assert (rows[1]["expiring_minor"], rows[1]["expected_minor"]) == ("75", "18")
    kept = parquet.read_table(tmp_path / "owed.parquet").to_pylist()
    texts = [{name: "" if value is None else str(value) for name, value in row.items()} for row in kept]
    assert texts == [{**row, "month": row["month"].replace("never", "")} for row in rows]


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        liability._write_csv(owed(), tmp_path / "none" / "owed.csv")


def test_a_shadow_is_shown_by_campaign_day_member_and_first_difference(capsys: pytest.CaptureFixture[str]) -> None:
    pair = Pair("base", "changed", "base@candidate", "base", True, True, ("its limits are not applied",))
    compared = Comparison("b" * 64, "c" * 64, "a" * 64, (pair,), UTC, "USD", 2, {"points": 1_000_000})
    difference = Difference(compared, {0: 4})
    difference.decisions = 1_000
    base = difference.campaigns[0]
    for day in range(1, 10):
        difference._add(base, "M-1", f"2026-11-0{day}", {"points": 100}, {"points": 150})
    base.would_events, base.gave_events = 9, 9
    base.first = First("2026-11-01T00:00:00.000Z", Place(0, 7), "e-1", "shop", "sale", "M-1", {}, {"points": 150}, "x")
    standing = InShadow(Publication(0, "b" * 64, "ben", None, "c" * 64), "c" * 64, "a" * 64)
    for title, columns, rows in rules_shadow._tables(standing, difference):
        screen.show_table(columns, rows, title)
    said = " ".join(capsys.readouterr().out.split())
    assert "cccccccccccc in shadow beside aaaaaaaaaaaa since 1970-01-01T00:00:00.000Z (ben); 1,000 decisions" in said
    assert "base changed 9 9 points 900 1,350 -450 1 its limits are not applied" in said
    assert "worth in USD 9.00 13.50 -4.50" in said
    assert "2026-11-02" not in said  # the last seven days
    assert "2026-11-03 points 100 150 -50" in said
    assert "0 members would gain, 1 would lose" in said
    assert "would give nothing: x gave +150 points place journal 0:7" in said

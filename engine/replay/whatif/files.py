"""The answer as files for analysts: tables as CSV and Parquet, every outcome that differs as Parquet, the report as JSON and a page."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from engine.core import keys
from engine.errors import UsageError
from engine.replay.whatif.comparing import Outcome
from engine.replay.whatif.differences import Difference
from engine.replay.whatif.page import page_of
from engine.replay.whatif.report import Report
from engine.replay.whatif.tables import Row, Tables

REPORT, PAGE = "report.json", "report.html"
_AT_ONCE = 20_000  # outcomes that are written together
_TEXTS = frozenset(
    {
        "account",
        "campaign",
        "change",
        "day",
        "member_id",
        "month",
        "title",
        "subject",
        "time",
        "type",
        "id_recorded",
        "id_new",
    }
)
_OUTCOMES = (
    "partition",
    "offset",
    "only_new_record",
    "time",
    "type",
    "subject",
    "member_id",
    "campaign",
    "account",
    "change",
    "points_recorded",
    "points_new",
    "id_recorded",
    "id_new",
)
_SPENDING = frozenset({"points.reversed", "points.spent", "points.expired"})


class Files:
    """A folder of files. Takes the outcomes that differ while both worlds run, and the rest at the end. Use it as a context."""

    def __init__(self, folder: Path) -> None:
        """A folder that is new, empty, or holds an earlier answer, which goes. Raises UsageError otherwise."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()) and not (folder / REPORT).exists():
                raise UsageError(f"{folder} holds something else than an earlier answer; nothing was written")
            (folder / REPORT).unlink(missing_ok=True)
            self._outcomes = pq.ParquetWriter(folder / "outcomes.parquet", _schema(_OUTCOMES), compression="zstd")
        except OSError as error:
            raise UsageError(f"cannot write to {folder}: {error.strerror or error}") from error
        self._folder = folder
        self._waiting: list[Row] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._outcomes.close()

    def take(self, difference: Difference) -> None:
        """Writes an outcome that differs."""
        self._waiting.append(_row_of(difference))
        if len(self._waiting) >= _AT_ONCE:
            self._flush()

    def finish(self, report: Report, tables: Tables) -> None:
        """Writes everything else; the report last, so that a folder with one is complete."""
        self._flush()
        self._write("campaigns", tables.campaigns(), _CAMPAIGNS)
        self._write("days", tables.days(), _DAYS)
        members = list(tables.members())
        ladders = [name for name in members[0] if name not in _MEMBERS] if members else []
        self._write("members", members, (*_MEMBERS, *ladders))
        (self._folder / PAGE).write_text(page_of(report), encoding="utf-8")
        (self._folder / REPORT).write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")

    def _flush(self) -> None:
        if self._waiting:
            self._outcomes.write_table(_table(self._waiting, _OUTCOMES))
            self._waiting = []

    def _write(self, name: str, rows: Sequence[Row], columns: Sequence[str]) -> None:
        with (self._folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            written = csv.writer(file, lineterminator="\n")
            written.writerow(columns)
            written.writerows([row[column] for column in columns] for row in rows)
        pq.write_table(_table(rows, columns), self._folder / f"{name}.parquet", compression="zstd")


def _compared(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}_{side}" for name in names for side in ("recorded", "new", "difference"))


_CAMPAIGNS = ("campaign", "title", "account", "change", *_compared("awards", "points", "minor", "returned", "members"))
_DAYS = ("day", "account", *_compared("points"))
_MEMBERS = ("member_id", *_compared("points", "balance"))


def _table(rows: Iterable[Row], columns: Sequence[str]) -> pa.Table:
    found = list(rows)
    return pa.table({name: [row[name] for row in found] for name in columns}, schema=_schema(columns))


def _schema(columns: Sequence[str]) -> pa.Schema:
    return pa.schema([(name, _type_of(name)) for name in columns])


def _type_of(column: str) -> pa.DataType:
    if column == "only_new_record":
        return pa.bool_()
    numbers = column.startswith(_NUMBERS) or column in ("partition", "offset")
    return pa.int64() if numbers and column not in _TEXTS else pa.string()


_NUMBERS = ("awards_", "points_", "minor_", "returned_", "members_", "balance_")


def _row_of(difference: Difference) -> Row:
    """One outcome that differs, with the points of both sides: below zero where a member loses them."""
    recorded, other = difference.pair
    said = recorded if recorded is not None else other
    if said is None:
        raise AssertionError("an outcome that neither world has")
    data: Mapping[str, Any] = said["data"]
    subject: str = said["subject"]
    member = keys.name_of(subject) if keys.kind_of(subject) == "member" else None
    return {
        "partition": difference.partition,
        "offset": difference.offset,
        "only_new_record": difference.inserted,
        "time": said["time"],
        "type": said["type"],
        "subject": subject,
        "member_id": member,
        "campaign": data.get("campaign"),
        "account": data.get("account"),
        "change": "only recorded" if other is None else "only new" if recorded is None else "changed",
        "points_recorded": _points(recorded),
        "points_new": _points(other),
        "id_recorded": None if recorded is None else recorded["id"],
        "id_new": None if other is None else other["id"],
    }


def _points(outcome: Outcome | None) -> int | None:
    if outcome is None or not outcome["type"].startswith("points.") or "points" not in outcome["data"]:
        return None
    points: int = outcome["data"]["points"]
    return -points if outcome["type"] in _SPENDING else points

"""Archives that somebody changed: by a byte, which the manifest tells, and with a manifest made to fit, which only deriving tells."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.history.archive import Archive
from engine.history.archiving import archive
from engine.history.manifest import MANIFEST
from engine.replay.verifying.report import Report
from engine.replay.verifying.whole import verify
from engine.ruleset.published import pack
from tests.support.recorded import Remembered, remember
from tests.support.shop import grocer, shop
from tests.support.told import Record, Told

RULES = grocer()
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def history() -> Remembered:
    return remember(RULES, shop(members=9, days=16))


@pytest.fixture
def folder(history: Remembered, tmp_path: Path) -> Path:
    told = Told(partitions=history.partitions, outcome_topics=history.topics())
    for number, records in history.records.items():
        told.records["journal", number] = [
            Record("journal", number, each.offset, each.timestamp_ms, each.key, each.value) for each in records
        ]
        told.kept[number] = list(history.rows(history.snapshots[0], number))
        told.decided[number] = records[-1].offset + 1
    for (topic, number), outcomes in history.outcomes.items():
        told.records[topic, number] = [Record(topic, number, each.offset, 0, each.key, each.value) for each in outcomes]
    told.add("rulesets", 0, RULES.digest.encode(), pack(RULES, {}))
    archive(told, tmp_path / "archive")
    return tmp_path / "archive"


def verified(folder: Path) -> Report:
    return verify(Archive(folder), None, 1, lambda done: done)


def rewrite(folder: Path, topic: str, change: Callable[[Rows], Rows]) -> None:
    """Changes the records of the topic's first file, and the manifest so that it fits."""
    path = folder / MANIFEST
    manifest = json.loads(path.read_text())
    file = next(each for each in manifest["files"] if each["topic"] == topic and each["partition"] == 0)
    table = pq.read_table(folder / file["path"])
    rows = change(table.to_pylist())
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), folder / file["path"])
    written = (folder / file["path"]).read_bytes()
    file |= {"records": len(rows), "bytes": len(written), "sha256": sha256(written).hexdigest()}
    path.write_text(json.dumps(manifest))


def test_an_archive_that_nobody_touched_agrees(folder: Path) -> None:
    assert verified(folder).agrees


def test_an_outcome_edited_in_file_and_manifest_is_named_with_both_versions(folder: Path) -> None:
    seen: dict[str, Any] = {}

    def edit(rows: Rows) -> Rows:
        at = next(at for at, row in enumerate(rows) if row["type"] == "points.awarded" and at > len(rows) // 2)
        event = orjson.loads(rows[at]["value"])
        event["data"]["points"] += 1
        seen.update(event)
        rows[at]["value"] = orjson.dumps(event).decode()
        return rows

    rewrite(folder, "points", edit)
    report = verified(folder)
    assert report.counts == {("changed", "points"): 1}
    assert report.first is not None
    first = report.first.divergence
    assert (first.kind, first.topic, first.name) == ("changed", "points", seen["id"])
    assert f"0:{first.offset}" == seen["position"]


def test_a_sale_taken_out_of_file_and_manifest_is_named_by_the_outcomes_that_go_back_to_it(folder: Path) -> None:
    gone: dict[str, Any] = {}

    def remove(rows: Rows) -> Rows:
        at = next(at for at, row in enumerate(rows) if row["type"] == "transaction.completed" and at > len(rows) // 2)
        gone.update(rows[at])
        return rows[:at] + rows[at + 1 :]

    rewrite(folder, "journal", remove)
    report = verified(folder)
    assert report.first is not None
    first = report.first.divergence
    assert (first.kind, first.partition, first.offset) == ("extra", 0, gone["offset"])
    assert not report.agrees


@pytest.mark.parametrize("where", ["points", "journal", "decisions", "snapshots/*"])
def test_a_flipped_byte_names_its_file_and_blames_nothing_else(folder: Path, where: str) -> None:
    path = max(folder.glob(f"{where}/partition=0*"))
    path = min(path.glob("*.parquet")) if path.is_dir() else path
    written = bytearray(path.read_bytes())
    written[len(written) // 2] ^= 1
    path.write_bytes(written)
    report = verified(folder)
    assert report.counts == {("damaged_file", "archive"): 1}
    assert report.first is not None
    assert report.first.divergence.name == path.relative_to(folder).as_posix()

"""An archive: whole whenever a run ends, gone on with by the next, refused where it does not belong, and read byte for byte."""

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from engine.broker.settings import load_settings
from engine.errors import BrokerUnavailable, EngineError, FileDamaged, UsageError
from engine.history import archiving, columns, manifest
from engine.history.archive import Archive
from engine.history.archiving import ArchiveRefused, Report, archive
from engine.history.checking import check
from engine.history.opening import open_history
from engine.pipeline.records import StateRecord
from tests.support.told import Record, Told

SMALL = 7  # records a file, so that there are many


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine does not fail here, and bringing so many small files to its disk takes most of the time."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


def event(of: str, number: int, /, **more: Any) -> bytes:
    body = {"id": f"{of}-{number}", "type": of, "subject": f"member:M-{number % 3}", **more}
    return orjson.dumps(body)


def deployment(count: int = 40) -> Told:
    told = Told()
    for partition in range(told.partitions):
        go_on(told, partition, count)
        told.kept[partition] = [
            StateRecord(b"_position", orjson.dumps({"next": count}), None),
            StateRecord(b"member:M-%d" % partition, b'{"a":1}', None),
            StateRecord(b"member:M-9/lot", b"\xfe\xff", 1_700_000_000_000),
        ]
    told.add("rulesets", 0, b"digest", b'{"not":"read here"}')
    told.add("quarantine", 0, b"record/1/4", b'{"reason":"poison"}')
    return told


def go_on(told: Told, partition: int, count: int) -> None:
    for number in range(count):
        hole = 5 if number == 3 else 0
        record = told.add(
            "journal", partition, b"member:M", event("sale", number, kind="event", time=number), hole=hole
        )
        points = event(
            "points.awarded", number, time="2026-01-02T03:04:05.006Z", position=f"{partition}:{record.offset}"
        )
        told.add("points", partition, b"member:M", points)


def run(told: Told, folder: Path, **given: Any) -> Report:
    return archive(told, folder, file_records=SMALL, **given)


def journal_of(found: Archive, partition: int, start: int = 0, end: int | None = None) -> list[tuple[Any, ...]]:
    return [tuple(record) for batch in found.journal(partition, start, end) for record in batch]


def expected(told: Told, topic: str, partition: int) -> list[tuple[Any, ...]]:
    return [(each.offset, each.timestamp, each.key, each.value) for each in told.records[topic, partition]]


def assert_holds(folder: Path, told: Told) -> None:
    """The archive holds all of the deployment, and nothing is wrong with it."""
    found = Archive(folder)
    held = manifest.load(folder)
    assert held is not None
    assert list(check(folder, held)) == []
    assert found.damaged() == []
    for partition in range(told.partitions):
        assert found.spans[partition] == told.cut.spans[partition]
        assert journal_of(found, partition) == expected(told, "journal", partition)
        for topic in found.topics():
            read = [tuple(each[2:]) for batch in found.published(topic, partition) for each in batch]
            assert read == expected(told, topic, partition)
            assert found.published_from(topic, partition) == 0
        assert list(found.rows(found.snapshots[-1], partition)) == told.kept[partition]
    assert found.quarantined == {1: frozenset({4})}
    unnamed = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert unnamed - {file.path for file in held.files} == {"manifest.json", ".lock"}


def test_an_archive_holds_all_that_is_there(tmp_path: Path) -> None:
    told = deployment()
    report = run(told, tmp_path / "archive")
    topics = {file.topic.partition("/")[0] for file in report.added}
    assert topics == {"journal", "points", "rulesets", "quarantine", "snapshots"}
    assert report.lost == []
    assert_holds(tmp_path / "archive", told)


def test_another_process_reads_the_same_cut(tmp_path: Path) -> None:
    told = deployment()
    run(told, tmp_path)
    found = Archive(tmp_path)
    before = journal_of(found, 0)
    pickled = pickle.dumps(found)
    go_on(told, 0, 20)
    run(told, tmp_path)
    assert journal_of(pickle.loads(pickled), 0) == before  # noqa: S301 - our own
    assert len(journal_of(Archive(tmp_path), 0)) == len(before) + 20


@pytest.mark.parametrize(("start", "end"), [(0, 1), (0, None), (30, 55), (61, 62), (60, 60), (10_000, None), (14, 28)])
def test_a_part_of_the_journal_is_what_was_asked_for(tmp_path: Path, start: int, end: int | None) -> None:
    told = deployment()
    run(told, tmp_path)
    wanted = [each for each in expected(told, "journal", 1) if start <= each[0] and (end is None or each[0] < end)]
    assert journal_of(Archive(tmp_path), 1, start, end) == wanted


def test_any_bytes_come_back_as_they_were(tmp_path: Path) -> None:
    odd: list[tuple[bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]] = [
        (None, None, ()),
        (b"", b"", (("a", b"\xff"), ("a", b""))),
        (b"\xff\xfe", "ä\0ö".encode(), (("ü", b"x"),)),
        (b"text", b"\xed\xa0\x80", ()),  # a surrogate, which is not UTF-8
        (b"text", b"[1,2]", ()),
        (b"text", b"9" * 40, ()),
        (b"text", b'{"id":7,"type":null,"time":"yesterday","subject":["x"]}', ()),
        (b"text", b'{"time":99999999999999999999}', ()),
    ]
    told = Told(partitions=1)
    for key, value, headers in odd:
        told.add("journal", 0, key, value, headers)
        told.add("points", 0, key, value, headers)
    run(told, tmp_path)
    held = manifest.load(tmp_path)
    assert held is not None
    for topic in ("journal", "points"):
        read = [
            (each.key, each.value, each.headers)
            for file in held.of(topic, 0)
            for batch in columns.read(tmp_path / file.path, whole=True)
            for each in batch
        ]
        assert read == odd
    assert [record[2:] for record in journal_of(Archive(tmp_path), 0)] == [
        (key or b"", value or b"") for key, value, _ in odd
    ]


def test_the_columns_say_what_is_asked_for_most(tmp_path: Path) -> None:
    told = Told(partitions=1)
    told.add("journal", 0, b"k", event("sale", 1, kind="event", time=5))
    told.add("journal", 0, b"k", b'{"kind":"clock.tick","id":"t","to":7}')
    run(told, tmp_path)
    (path,) = (tmp_path / "journal" / "partition=0").iterdir()
    table = pq.ParquetFile(path).read()
    rows = table.select(["offset", "kind", "id", "type", "subject"]).to_pylist()
    assert rows == [
        {"offset": 0, "kind": "event", "id": "sale-1", "type": "sale", "subject": "member:M-1"},
        {"offset": 2, "kind": "clock.tick", "id": "t", "type": None, "subject": None},
    ]
    assert [each.timestamp() for each in table.column("time").to_pylist()] == [0.005, 0.007]


@pytest.mark.parametrize("batches", range(0, 42, 6))
def test_a_run_that_ends_anywhere_is_gone_on_with(tmp_path: Path, batches: int) -> None:
    told = deployment()
    told.fails_after = batches
    with pytest.raises(BrokerUnavailable):
        run(told, tmp_path)
    with pytest.raises(UsageError, match="not finished"):
        Archive(tmp_path)
    told.fails_after = None
    go_on(told, 0, 10)
    run(told, tmp_path)
    assert_holds(tmp_path, told)


@pytest.mark.parametrize("written", range(1, 27, 4))
def test_a_kill_between_a_file_and_the_manifest_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    told = deployment()
    saves = 0
    save = manifest.save

    def killed(folder: Path, held: manifest.Manifest) -> None:
        nonlocal saves
        saves += 1
        if saves == written:
            raise KeyboardInterrupt
        save(folder, held)

    with monkeypatch.context() as patch:
        patch.setattr(manifest, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            run(told, tmp_path)
    (tmp_path / "journal" / "partition=1").mkdir(parents=True, exist_ok=True)
    (tmp_path / "journal" / "partition=1" / "x.parquet.part").write_bytes(b"half")
    if written == 1:
        shutil.rmtree(tmp_path / "journal")  # before the first manifest nothing else is written
    run(told, tmp_path)
    assert_holds(tmp_path, told)


def test_an_archive_is_extended_by_what_came_since(tmp_path: Path) -> None:
    told = deployment()
    first = run(told, tmp_path)
    go_on(told, 1, 30)
    told.kept[1].append(StateRecord(b"member:new", b"{}", None))
    told.taken_at_ms += 1000
    second = run(told, tmp_path)
    assert_holds(tmp_path, told)
    assert sum(file.records for file in second.added if file.topic == "journal") == 30
    assert len(Archive(tmp_path).snapshots) == 2
    assert {file.path for file in first.added}.isdisjoint(file.path for file in second.added)
    third = run(told, tmp_path)
    assert third.added == []
    assert_holds(tmp_path, told)


def test_an_earlier_cut_stays_readable_while_a_run_is_interrupted(tmp_path: Path) -> None:
    told = deployment()
    run(told, tmp_path)
    before = {number: journal_of(Archive(tmp_path), number) for number in range(2)}
    go_on(told, 0, 40)
    go_on(told, 1, 40)
    told.fails_after = 8
    with pytest.raises(BrokerUnavailable):
        run(told, tmp_path)
    assert {number: journal_of(Archive(tmp_path), number) for number in range(2)} == before


def test_no_snapshot_is_taken_where_none_is_wanted(tmp_path: Path) -> None:
    run(deployment(), tmp_path, snapshot=False)
    assert Archive(tmp_path).snapshots == []


def _other_prefix(told: Told) -> None:
    told.prefix = "other."


def _other_cluster(told: Told) -> None:
    told.cluster = "c-2"


def _more_partitions(told: Told) -> None:
    told.partitions = 3


def _other_journal(told: Told) -> None:
    last = told.records["journal", 1][-1]
    told.records["journal", 1][-1] = last._replace(value=b"{}")


def _shorter_journal(told: Told) -> None:
    del told.records["journal", 1][-3:]


def _cut_journal(told: Told) -> None:
    go_on(told, 1, 5)
    told.begins["journal", 1] = told.records["journal", 1][-1].offset
    told.records["journal", 1] = told.records["journal", 1][-1:]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (_other_prefix, "the prefix is 'shop.' there, 'other.' here"),
        (_other_cluster, "the cluster is"),
        (_more_partitions, "the number of journal partitions is 2 there, 3 here"),
        (_other_journal, "journal record 1:83 is not the one of"),
        (_shorter_journal, "up to offset 79; .* has it up to 85"),
        (_cut_journal, "lacks it from 85 on"),
    ],
)
def test_what_does_not_belong_to_the_archive_is_refused(
    tmp_path: Path, changed: Callable[[Told], None], says: str
) -> None:
    told = deployment()
    run(told, tmp_path)
    before = (tmp_path / "manifest.json").read_bytes()
    changed(told)
    with pytest.raises(ArchiveRefused, match=says):
        run(told, tmp_path)
    assert (tmp_path / "manifest.json").read_bytes() == before


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        run(deployment(), tmp_path)


def test_two_do_not_archive_to_one_folder(tmp_path: Path) -> None:
    told = deployment()

    def reached(_done: int, _total: int) -> None:
        with pytest.raises(UsageError, match="another process"):
            run(deployment(), tmp_path)

    run(told, tmp_path, reached=reached)


def test_outcomes_that_the_broker_deleted_before_are_said(tmp_path: Path) -> None:
    told = deployment()
    run(told, tmp_path)
    at = told.end("points", 0)
    go_on(told, 0, 10)
    told.begins["points", 0] = told.records["points", 0][-4].offset
    report = run(told, tmp_path)
    assert [tuple(each) for each in report.lost] == [("points", 0, at, told.begins["points", 0])]
    found = Archive(tmp_path)
    assert found.published_from("points", 0) == told.begins["points", 0]
    assert [each.offset for batch in found.published("points", 0) for each in batch] == [
        each.offset for each in told.records["points", 0][-4:]
    ]
    held = manifest.load(tmp_path)
    assert held is not None
    assert [fault.path for fault in check(tmp_path, held)] == [
        f"points/partition=0/{told.begins['points', 0]:020d}.parquet"
    ]


def test_letters_of_intake_are_not_archived(tmp_path: Path) -> None:
    told = deployment()
    told.add("dead-letters", 0, b"transactions/0/7", b'{"data_base64":"bmFtZQ=="}')
    told.add("dead-letters", 0, b"journal:0", b"{}")
    run(told, tmp_path)
    found = Archive(tmp_path)
    assert [each.key for batch in found.published("dead-letters", 0) for each in batch] == [b"journal:0"]


def test_a_long_history_is_kept_in_parts(tmp_path: Path) -> None:
    told = deployment()
    run(told, tmp_path / "one")
    starts = {number: told.end("journal", number) for number in range(2)}
    for number in range(2):
        go_on(told, number, 20)
    told.add("points", 0, b"late", event("points.awarded", 99, position="0:4"))  # of a record before this part
    told.taken_at_ms += 1000
    run(told, tmp_path / "two", since=tmp_path / "one")
    found = Archive(tmp_path / "two")
    assert {number: span.start for number, span in found.spans.items()} == starts
    assert found.snapshots[0] == Archive(tmp_path / "one").snapshots[0]
    assert [snapshot.positions for snapshot in found.snapshots] == [starts, told.cut.positions]
    for number in range(2):
        assert journal_of(found, number) == expected(told, "journal", number)[40:]
        assert list(found.rows(found.snapshots[0], number)) == told.kept[number]
        published = [each.value for batch in found.published("points", number) for each in batch]
        assert published == [each.value for each in told.records["points", number][40:60]]
    go_on(told, 0, 3)
    run(told, tmp_path / "two")
    assert journal_of(Archive(tmp_path / "two"), 0) == expected(told, "journal", 0)[40:]
    shutil.rmtree(tmp_path / "one")
    assert Archive(tmp_path / "two").damaged() == []


def test_a_part_whose_beginning_was_interrupted_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = deployment()
    run(told, tmp_path / "one")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(archiving, "copied", killed)
        with pytest.raises(KeyboardInterrupt):
            run(told, tmp_path / "two", since=tmp_path / "one")
    with pytest.raises(UsageError, match="say --since again"):
        run(told, tmp_path / "two")
    run(told, tmp_path / "two", since=tmp_path / "one")
    assert list(Archive(tmp_path / "two").rows(Archive(tmp_path / "two").snapshots[0], 1)) == told.kept[1]


def test_a_snapshot_that_is_damaged_begins_nothing(tmp_path: Path) -> None:
    told = deployment()
    run(told, tmp_path / "one")
    path = next((tmp_path / "one" / "snapshots").rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FileDamaged, match="is not what was archived"):
        run(told, tmp_path / "two", since=tmp_path / "one")


def test_a_history_is_opened_from_a_folder(tmp_path: Path) -> None:
    run(deployment(), tmp_path)
    assert isinstance(open_history(tmp_path, load_settings()), Archive)
    with pytest.raises(UsageError, match="holds no archive"):
        open_history(tmp_path / "nowhere", load_settings())


def test_a_part_begins_only_where_the_other_has_a_snapshot(tmp_path: Path) -> None:
    told = deployment()
    run(told, tmp_path / "one", snapshot=False)
    with pytest.raises(UsageError, match="no archive with a snapshot"):
        run(told, tmp_path / "two", since=tmp_path / "one")


def test_a_part_does_not_begin_at_another_deployments_snapshot(tmp_path: Path) -> None:
    run(deployment(), tmp_path / "one")
    other = deployment()
    _other_journal(other)
    with pytest.raises(ArchiveRefused, match="another deployment"):
        run(other, tmp_path / "two", since=tmp_path / "one")


def test_a_flipped_byte_is_found_anywhere(tmp_path: Path) -> None:
    told = deployment()
    run(told, tmp_path)
    held = manifest.load(tmp_path)
    assert held is not None
    file = held.of("journal", 0)[2]
    path = tmp_path / file.path
    whole = path.read_bytes()
    for at in range(0, len(whole), 97):
        flipped = bytearray(whole)
        flipped[at] ^= 0x10
        path.write_bytes(flipped)
        assert [fault.path for fault in check(tmp_path, held)] == [file.path]
        assert Archive(tmp_path).damaged() == [file.path]
        try:
            read = journal_of(Archive(tmp_path), 0)
        except FileDamaged as error:
            assert str(path) in str(error)  # noqa: PT017 - bytes of statistics do not matter to who reads
        else:
            assert read == expected(told, "journal", 0)


def test_a_record_taken_out_of_a_file_is_noticed_by_who_reads(tmp_path: Path) -> None:
    run(deployment(), tmp_path)
    path = next((tmp_path / "journal" / "partition=0").iterdir())
    table = pq.ParquetFile(path).read()
    pq.write_table(table.slice(0, table.num_rows - 1), path)
    with pytest.raises(FileDamaged, match="6 records, 7 were archived"):
        journal_of(Archive(tmp_path), 0)


def test_a_missing_file_is_found(tmp_path: Path) -> None:
    run(deployment(), tmp_path)
    held = manifest.load(tmp_path)
    assert held is not None
    lost = held.of("points", 1)[1]
    (tmp_path / lost.path).unlink()
    assert list(check(tmp_path, held)) == [(lost.path, "is not there")]
    assert Archive(tmp_path).damaged() == [lost.path]
    with pytest.raises(FileDamaged, match=lost.path):
        list(Archive(tmp_path).published("points", 1))


def test_a_file_that_the_manifest_lost_is_missed(tmp_path: Path) -> None:
    run(deployment(), tmp_path)
    held = manifest.load(tmp_path)
    assert held is not None
    held.files.remove(held.of("journal", 0)[1])
    assert [fault.what for fault in check(tmp_path, held)] == ["begins at offset 33, the file before it ends at 19"]
    held.files.remove(held.of("journal", 0)[-1])
    assert "should have offsets 0 to 85" in list(check(tmp_path, held))[-1].what


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format":2}', '{"format":1}', '{"format":1,"cut":null,"files":[{}]}']
)
def test_a_manifest_that_cannot_be_read_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(UsageError, match=r"manifest\.json"):
        Archive(tmp_path)


def test_a_disk_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match="cannot be written"):
        run(deployment(), tmp_path / "file")


def test_a_record_of_none_is_no_row_of_a_table(tmp_path: Path) -> None:
    told = deployment()
    told.records["quarantine", 0].append(Record("quarantine", 0, 50, 0, b"record/1/4", None))
    run(told, tmp_path)
    assert Archive(tmp_path).quarantined == {1: frozenset({4})}

"""Taking a deployment into an archive: what came since the last time, in files that are whole or not there.

Never taken: the sealing keys and the public inputs. So what is personal stays sealed here by keys that lie elsewhere, and a member
who is forgotten there is forgotten here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import orjson

from engine.broker.reading import Fetched
from engine.errors import EngineError, UsageError
from engine.history import columns, manifest
from engine.history.columns import Recorded
from engine.history.cut import JOURNAL, Cut
from engine.history.folder import WholeFile, alone, copied, sweep
from engine.history.history import Snapshot
from engine.history.manifest import SNAPSHOTS, File, Kept, Manifest, Reached
from engine.history.outcome_topics import is_of_deciding
from engine.history.tables import TABLES
from engine.pipeline.records import JournalRecord, StateRecord, hash_of

FILE_RECORDS = 50_000
FILE_BYTES = 64 << 20
GROUP_RECORDS = 10_000  # what a reader has in memory at a time
GROUP_BYTES = 8 << 20


class Source(Protocol):
    """What is archived: `engine.history.live.Live`, or what a test makes of lists."""

    @property
    def name(self) -> str:
        """What it is called in messages to people."""

    @property
    def prefix(self) -> str:
        """What the deployment's topics begin with."""

    @property
    def cut(self) -> Cut:
        """Up to where each topic is read."""

    @property
    def snapshots(self) -> Sequence[Snapshot]:
        """Where rows can be had of; the last is taken."""

    def rows(self, snapshot: Snapshot, partition: int) -> Iterator[StateRecord]:
        """The rows of a partition, by key."""

    def fetched(
        self, topic: str, partition: int, start: int, end: int, *, compacted: bool = False
    ) -> Iterator[Sequence[Fetched]]:
        """The records of a topic as the broker gives them, in batches; of a compacted one those that are left."""


class ArchiveRefused(EngineError):
    """The folder holds another deployment's archive, or one that the broker cannot continue."""

    exit_code = 78


class Lost(NamedTuple):
    """Records of an outcome topic that the broker deleted before they were archived."""

    topic: str
    partition: int
    first: int
    next: int


class Report(NamedTuple):
    """What one run added, what the archive holds now, and what the broker could not give any more."""

    added: Sequence[File]
    held: Manifest
    lost: Sequence[Lost]


class _Place(NamedTuple):
    """A partition to be read from one offset to another."""

    topic: str
    partition: int
    start: int
    end: int


def archive(
    source: Source,
    folder: Path,
    *,
    snapshot: bool = True,
    since: Path | None = None,
    reached: Callable[[int, int], None] = lambda _done, _total: None,
    file_records: int = FILE_RECORDS,
) -> Report:
    """Brings the folder's archive up to the source's cut; begins it where there is none. `reached` is told how far it is.

    `since`: a new archive begins at the newest snapshot of this other one. Raises UsageError, ArchiveRefused.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder):
            held = manifest.load(folder) or _begun(source, folder, since)
            _demand_same(held, source, folder)
            _demand_continued(held, source, folder)
            sweep(folder, [file.path for file in held.files])
            _bring_snapshot(held, folder, since)
            return _Run(source, folder, held, reached, file_records).run(snapshot=snapshot)
    except OSError as error:
        raise EngineError(f"{folder} cannot be written: {error}") from error


class _Run:
    """One run over all topics. The manifest is saved after each file."""

    def __init__(
        self, source: Source, folder: Path, held: Manifest, reached: Callable[[int, int], None], file_records: int
    ) -> None:
        self._source = source
        self._cut = source.cut
        self._folder = folder
        self._held = held
        self._reached = reached
        self._file_records = file_records
        self._added: list[File] = []
        self._lost: list[Lost] = []

    def run(self, *, snapshot: bool) -> Report:
        """The snapshot first, while the broker has the rows; in the end the manifest says the new cut."""
        kept = self._snapshot() if snapshot else None
        places = [*self._journal(), *self._outcomes(), *self._tables()]
        total = sum(place.end - place.start for place in places)
        done = 0
        for place in places:
            for after in self._take(place):
                self._reached(done + after - place.start, total)
            done += place.end - place.start
        self._conclude(kept)
        return Report(self._added, self._held, self._lost)

    def _journal(self) -> Iterator[_Place]:
        for number, span in self._cut.spans.items():
            yield _Place(JOURNAL, number, self._next(JOURNAL, number, self._held.start[number]), span.end)

    def _outcomes(self) -> Iterator[_Place]:
        since = next((kept for kept in self._held.snapshots if kept.name == self._held.since), None)
        for topic, ends in self._cut.outcomes.items():
            for number, (begin, end) in ends.items():
                first = begin if since is None else since.before.get(topic, {}).get(number, 0)
                wanted = self._next(topic, number, first)
                if begin > wanted:
                    self._lost.append(Lost(topic, number, wanted, begin))
                yield _Place(topic, number, max(begin, wanted), max(begin, end))

    def _tables(self) -> Iterator[_Place]:
        for topic in TABLES:
            for number, (begin, end) in self._cut.tables.get(topic, {}).items():
                yield _Place(topic, number, self._next(topic, number, begin), end)

    def _next(self, topic: str, partition: int, otherwise: int) -> int:
        found = self._held.next(topic, partition)
        return otherwise if found is None else found

    def _take(self, place: _Place) -> Iterator[int]:
        """Archives a place, file by file; says after each up to where."""
        groups = _grouped(self._records(place), min(GROUP_RECORDS, self._file_records))
        group = next(groups, None)
        first = place.start
        if group is None and self._held.next(place.topic, place.partition) == first:
            self._stretch(place)
            first = place.end
        while first < place.end:
            path = f"{place.topic}/partition={place.partition}/{first:020d}.parquet"
            with WholeFile(self._folder, path, self._schema_of(place.topic)) as file:
                while group is not None and file.records < self._file_records and file.raw < FILE_BYTES:
                    file.write(group)
                    last = group[-1]
                    group = next(groups, None)
            after = place.end if group is None else group[0].offset
            self._add(file.named(place.topic, place.partition, first, after))
            if place.topic == JOURNAL and file.records:
                self._held.last[place.partition] = _mark(last)
            manifest.save(self._folder, self._held)
            yield after
            first = after

    def _schema_of(self, topic: str) -> object:
        if topic == JOURNAL:
            return columns.JOURNAL
        return columns.OUTCOMES if topic in self._cut.outcomes else columns.TABLE

    def _records(self, place: _Place) -> Iterator[Recorded]:
        compacted = place.topic in TABLES
        start = (
            self._held.start.get(place.partition, 0) if self._held.since and place.topic in self._cut.outcomes else 0
        )
        for batch in self._source.fetched(place.topic, place.partition, place.start, place.end, compacted=compacted):
            for each in batch:
                if not is_of_deciding(place.topic, each.key) or (start and _decided_at(each.value) < start):
                    continue
                yield Recorded(each.offset, each.timestamp, each.key, each.value, tuple(each.headers))

    def _add(self, file: File) -> None:
        self._held.files.append(file)
        self._added.append(file)

    def _stretch(self, place: _Place) -> None:
        """There is nothing more up to the place's end: the last file reaches it. Saved with the next file or the cut."""
        if place.start < place.end:
            last = self._held.of(place.topic, place.partition)[-1]
            self._held.files[self._held.files.index(last)] = replace(last, next=place.end)

    def _snapshot(self) -> tuple[Kept, list[File]] | None:
        """Writes the present rows, unless the newest snapshot has the same positions."""
        cut = self._cut
        if self._held.snapshots and self._held.snapshots[-1].positions == cut.positions:
            return None
        name = datetime.fromtimestamp(cut.taken_at_ms / 1000, UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        files = []
        for partition in sorted(cut.spans):
            rows = (
                Recorded(0, 0, *row[:2], (), row.due_ms)
                for row in self._source.rows(self._source.snapshots[-1], partition)
            )
            with WholeFile(self._folder, f"{SNAPSHOTS}/{name}/partition={partition}.parquet", columns.ROWS) as file:
                for group in _grouped(rows, GROUP_RECORDS):
                    file.write(group)
            files.append(file.named(f"{SNAPSHOTS}/{name}", partition, 0, 0))
        return Kept(name, cut.taken_at_ms, cut.positions, cut.settled, cut.outcomes_before), files

    def _conclude(self, kept: tuple[Kept, list[File]] | None) -> None:
        cut, held = self._cut, self._held
        if kept is not None:
            held.snapshots.append(kept[0])
            for file in kept[1]:
                self._add(file)
        spans = {number: span._replace(start=held.start[number]) for number, span in cut.spans.items()}
        ends = {topic: {number: end for number, (_, end) in found.items()} for topic, found in cut.outcomes.items()}
        held.cut = Reached(cut.taken_at_ms, spans, ends)
        manifest.save(self._folder, held)


def _begun(source: Source, folder: Path, since: Path | None) -> Manifest:
    """The manifest of a new archive, saved before anything else stands in the folder."""
    if any(not path.name.startswith((".", manifest.MANIFEST)) for path in folder.iterdir()):
        raise UsageError(f"{folder} is not empty and holds no archive")
    cut = source.cut
    held = Manifest(
        source.prefix, cut.cluster, len(cut.spans), {number: span.start for number, span in cut.spans.items()}
    )
    if since is not None:
        other = _other(since)
        _demand_same(other, source, since)
        newest = other.snapshots[-1]
        held.since, held.start = newest.name, newest.positions
    manifest.save(folder, held)
    return held


def _bring_snapshot(held: Manifest, folder: Path, since: Path | None) -> None:
    """Copies the snapshot that an archive begins at from the other archive, if that was not done yet."""
    if since is not None and held.since is None:
        raise UsageError(f"{folder} holds an archive that does not begin at a snapshot of another")
    if held.since is None or any(kept.name == held.since for kept in held.snapshots):
        return
    if since is None:
        raise UsageError(f"{folder} was not begun to its end: say --since again, with the same archive")
    other = _other(since)
    kept = next((each for each in other.snapshots if each.name == held.since), None)
    if kept is None:
        raise UsageError(f"{since} has no snapshot {held.since}, which {folder} begins at")
    for file in other.files:
        if file.topic == f"{SNAPSHOTS}/{kept.name}":
            copied(since, folder, file)
            held.files.append(file)
    held.snapshots.append(kept)
    manifest.save(folder, held)


def _other(folder: Path) -> Manifest:
    other = manifest.load(folder)
    if other is None or not other.snapshots:
        raise UsageError(f"{folder} is no archive with a snapshot to begin at")
    return other


def _demand_same(held: Manifest, source: Source, folder: Path) -> None:
    """Raises ArchiveRefused where the archive is of another deployment than the source."""
    cut = source.cut
    for what, here, there in (
        ("the prefix", held.prefix, source.prefix),
        ("the cluster", held.cluster, cut.cluster),
        ("the number of journal partitions", held.partitions, len(cut.spans)),
    ):
        if here != there:
            raise ArchiveRefused(
                f"{folder} is an archive of another deployment: {what} is {here!r} there, {there!r} here"
            )
    for number, (offset, digest) in sorted(held.last.items()):
        span = cut.spans[number]
        if not span.start <= offset < span.end:
            continue  # cut away, or too short: said by who continues it
        found = [each for batch in source.fetched(JOURNAL, number, offset, offset + 1) for each in batch]
        if not found or hash_of(JournalRecord(offset, 0, found[0].key or b"", found[0].value or b"")) != digest:
            raise ArchiveRefused(
                f"{folder} is an archive of another deployment: its journal record {number}:{offset} is not the one of {source.name}"
            )


def _demand_continued(held: Manifest, source: Source, folder: Path) -> None:
    """Raises ArchiveRefused where the source's journal has not all that the archive lacks."""
    for number, span in source.cut.spans.items():
        wanted = held.next(JOURNAL, number)
        wanted = held.start[number] if wanted is None else wanted
        if span.start > wanted:
            raise ArchiveRefused(
                f"{source.name} has the journal partition {number} from offset {span.start} on; {folder} lacks it from {wanted} on"
            )
        if span.end < wanted:
            raise ArchiveRefused(
                f"{source.name} has the journal partition {number} up to offset {span.end}; {folder} has it up to {wanted}"
            )


def _grouped(records: Iterable[Recorded], most: int) -> Iterator[list[Recorded]]:
    group: list[Recorded] = []
    size = 0
    for record in records:
        group.append(record)
        size += len(record.key or b"") + len(record.value or b"")
        if len(group) >= most or size >= GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _mark(record: Recorded) -> tuple[int, str]:
    return record.offset, hash_of(JournalRecord(record.offset, 0, record.key or b"", record.value or b""))


def _decided_at(value: bytes | None) -> int:
    """The journal offset that an outcome goes back to; that of one which says none counts as late."""
    try:
        return int(orjson.loads(value or b"")["position"].partition(":")[2])
    except (ValueError, KeyError, TypeError, AttributeError):
        return 1 << 62

"""An archive's folder as a history: read to the cut that its manifest says, file by file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from engine.errors import UsageError
from engine.history import columns, manifest
from engine.history.checking import missing_or_changed
from engine.history.columns import Recorded
from engine.history.cut import JOURNAL
from engine.history.history import Published, Snapshot, Span
from engine.history.manifest import SNAPSHOTS, File, Manifest, Reached
from engine.history.tables import QUARANTINE, RULESETS, Entry, publications_in, quarantined_in, rulesets_in
from engine.pipeline.records import JournalRecord, StateRecord
from engine.ruleset.model import Ruleset
from engine.ruleset.published import Publication


class Archive:
    """Implements `engine.history.history.History`. What is read of a file that cannot be read raises FileDamaged."""

    def __init__(self, folder: Path) -> None:
        """Raises UsageError where the folder holds no archive, or one that was never finished."""
        self._folder = folder
        self._manifest, self._cut = _opened(folder)

    def __reduce__(self) -> tuple[Callable[..., "Archive"], tuple[Path, Manifest, Reached]]:
        """With the manifest as it was read: another process has the same cut, though the archive goes on meanwhile."""
        return _same, (self._folder, self._manifest, self._cut)

    @property
    def name(self) -> str:
        """The folder."""
        return str(self._folder)

    @property
    def partitions(self) -> int:
        """Partitions of the journal."""
        return self._manifest.partitions

    @property
    def spans(self) -> Mapping[int, Span]:
        """What there is of each journal partition."""
        return self._cut.spans

    @cached_property
    def rulesets(self) -> Mapping[str, Ruleset]:
        """All that were published, by digest."""
        return rulesets_in(self._entries(RULESETS))

    @cached_property
    def publications(self) -> Sequence[Publication]:
        """Who published which when, oldest first."""
        return publications_in(self._entries(RULESETS))

    @cached_property
    def quarantined(self) -> Mapping[int, frozenset[int]]:
        """The offsets that an operator took out, by journal partition."""
        return quarantined_in(self._entries(QUARANTINE))

    @property
    def snapshots(self) -> Sequence[Snapshot]:
        """Those of the runs that archived, oldest first."""
        return [kept.snapshot for kept in self._manifest.snapshots]

    def rows(self, snapshot: Snapshot, partition: int) -> Iterator[StateRecord]:
        """The rows of a partition at a snapshot, by key."""
        for batch in self._read(self._manifest.of(f"{SNAPSHOTS}/{snapshot.name}", partition)):
            for record in batch:
                yield StateRecord(record.key or b"", record.value, record.due_ms)

    def journal(self, partition: int, start: int = 0, end: int | None = None) -> Iterator[Sequence[JournalRecord]]:
        """The records of a partition in batches as they are stored."""
        span = self._cut.spans[partition]
        last = span.end if end is None else min(end, span.end)
        for batch in self._read(self._manifest.of(JOURNAL, partition), max(start, span.start), last):
            yield [JournalRecord(each[0], each[1], each[2] or b"", each[3] or b"") for each in batch]

    def topics(self) -> Sequence[str]:
        """The outcome topics, by name."""
        return sorted(self._cut.outcomes)

    def published(self, topic: str, partition: int) -> Iterator[Sequence[Published]]:
        """The records of an outcome topic in batches as they are stored, from `published_from` on."""
        end = self._cut.outcomes[topic].get(partition, 0)
        for batch in self._read(self._unbroken(topic, partition), 0, end):
            yield [Published(topic, partition, each[0], each[1], each[2] or b"", each[3] or b"") for each in batch]

    def published_from(self, topic: str, partition: int) -> int:
        """The offset that is had all from: the first, or where the broker had deleted some before they were archived, the next."""
        files = self._unbroken(topic, partition)
        return files[0].first if files else 0

    def damaged(self) -> list[str]:
        """The files, by path within the folder, that are missing or not what was archived."""
        return [path for path, _ in missing_or_changed(self._folder, self._manifest)]

    def _unbroken(self, topic: str, partition: int) -> Sequence[File]:
        files = self._manifest.of(topic, partition)
        for number in range(len(files) - 1, 0, -1):
            if files[number].first != files[number - 1].next:
                return files[number:]
        return files

    def _entries(self, topic: str) -> Iterator[Entry]:
        for partition in sorted({file.partition for file in self._manifest.files if file.topic == topic}):
            for batch in self._read(self._manifest.of(topic, partition)):
                for each in batch:
                    if each.key is not None and each.value is not None:
                        yield Entry(each.key, each.value)

    def _read(
        self, files: Sequence[File], start: int | None = None, end: int | None = None
    ) -> Iterator[list[Recorded]]:
        """The records of files in batches, only those files that may have some between the offsets."""
        for file in files:
            if (start is None or file.next > start) and (end is None or file.first < end):
                yield from columns.read(self._folder / file.path, start, end, records=file.records)


def _opened(folder: Path) -> tuple[Manifest, Reached]:
    held = manifest.load(folder)
    if held is None:
        raise UsageError(f"{folder} holds no archive; `guerdon archive {folder}` writes one")
    if held.cut is None:
        raise UsageError(
            f"{folder} is an archive that was begun and not finished: run `guerdon archive {folder}` again"
        )
    return held, held.cut


def _same(folder: Path, held: Manifest, cut: Reached) -> Archive:
    archive = Archive.__new__(Archive)
    archive._folder, archive._manifest, archive._cut = folder, held, cut  # noqa: SLF001 - made as it was
    return archive

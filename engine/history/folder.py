"""The files of an archive's folder: written whole or not at all, by one at a time, and held against their digests."""

import fcntl
import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engine.errors import FileDamaged, UsageError
from engine.history.columns import Recorded, Writer
from engine.history.manifest import PART, SNAPSHOTS, File, sync_folder
from engine.history.outcome_topics import outcome_topics
from engine.history.tables import TABLES

LOCK = ".lock"
_FOLDERS = ("journal", SNAPSHOTS, *TABLES, *outcome_topics())
_AT_ONCE = 1 << 20


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keeps others from writing to the folder. Raises UsageError where somebody does."""
    with (folder / LOCK).open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"{folder}: another process is archiving to it") from None
        yield


class WholeFile:
    """A file that gets its name when it is whole and on the disk; where the block fails, it never does."""

    def __init__(self, folder: Path, path: str, schema: Any) -> None:  # noqa: ANN401 - pyarrow ships no types
        self._folder = folder
        self._path = path
        self._part = folder / (path + PART)
        self._part.parent.mkdir(parents=True, exist_ok=True)
        self._writer = Writer(self._part, schema)
        self.records = 0
        self.raw = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            with suppress(Exception):  # what failed before is what matters; nobody names this file
                self._writer.close()
        else:
            self._writer.close()
            _sync_file(self._part)
            self._part.rename(self._folder / self._path)
            _sync_parents(self._folder, self._path)

    def write(self, records: Sequence[Recorded]) -> None:
        """Adds records."""
        self._writer.write(records)
        self.records += len(records)
        self.raw += sum(len(record.key or b"") + len(record.value or b"") for record in records)

    def named(self, topic: str, partition: int, first: int, after: int) -> File:
        """The file as the manifest names it, once it is whole."""
        path = self._folder / self._path
        size = path.stat().st_size
        return File(self._path, topic, partition, first, after, self.records, self.raw, size, sha256_of(path))


def copied(source: Path, target: Path, file: File) -> None:
    """Takes a file over from another archive. Raises FileDamaged where it is not what that one's manifest says."""
    part = target / (file.path + PART)
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        part.write_bytes((source / file.path).read_bytes())
    except FileNotFoundError as missing:
        raise FileDamaged(f"{source / file.path} is not there") from missing
    if sha256_of(part) != file.sha256:
        raise FileDamaged(f"{source / file.path} is not what was archived")
    _sync_file(part)
    part.rename(target / file.path)
    _sync_parents(target, file.path)


def sweep(folder: Path, named: Collection[str]) -> None:
    """Removes what an earlier run left behind, which no manifest names."""
    for name in _FOLDERS:
        for path in sorted((folder / name).rglob("*")):
            of_ours = path.name.endswith((".parquet", PART))
            if of_ours and path.is_file() and str(path.relative_to(folder)) not in named:
                path.unlink()


def sha256_of(path: Path) -> str:
    """The digest of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_AT_ONCE):
            digest.update(chunk)
    return digest.hexdigest()


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_parents(folder: Path, path: str) -> None:
    """Makes the names on the way to a file last."""
    parent = (folder / path).parent
    while parent != folder:
        sync_folder(parent)
        parent = parent.parent
    sync_folder(folder)

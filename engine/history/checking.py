"""Holding an archive against its manifest: every file's digest, and that no offset is missing between them."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from engine.history.cut import JOURNAL
from engine.history.folder import sha256_of
from engine.history.manifest import File, Manifest


class Fault(NamedTuple):
    """What is wrong with a file, or with what there should be: its path within the folder, and in words."""

    path: str
    what: str


def check(
    folder: Path, held: Manifest, reached: Callable[[int, int], None] = lambda _done, _total: None
) -> Iterator[Fault]:
    """All that is wrong. `reached` is told how many files were looked at."""
    yield from missing_or_changed(folder, held, reached)
    yield from _gaps(held)


def missing_or_changed(
    folder: Path, held: Manifest, reached: Callable[[int, int], None] = lambda _done, _total: None
) -> Iterator[Fault]:
    """The files that are not there, or not as they were written."""
    for number, file in enumerate(held.files, 1):
        path = folder / file.path
        if not path.is_file():
            yield Fault(file.path, "is not there")
        elif sha256_of(path) != file.sha256:
            yield Fault(file.path, "is not what was archived: its SHA-256 differs from the manifest's")
        reached(number, len(held.files))


def _gaps(held: Manifest) -> Iterator[Fault]:
    """Where a partition's files do not follow each other, or the journal's do not reach from its start to its end."""
    places = dict.fromkeys((file.topic, file.partition) for file in held.files)
    for topic, partition in places:
        files = held.of(topic, partition)
        for before, file in pairwise(files):
            if file.first != before.next:
                yield Fault(file.path, f"begins at offset {file.first}, the file before it ends at {before.next}")
    if held.cut is None:
        return
    for number, span in held.cut.spans.items():
        files = held.of(JOURNAL, number)
        if span.end > span.start and not _reaches(files, span.start, span.end):
            has = f"from {files[0].first} to {files[-1].next}" if files else "nothing of it"
            yield Fault(f"{JOURNAL}/partition={number}", f"should have offsets {span.start} to {span.end}, has {has}")


def _reaches(files: Sequence[File], start: int, end: int) -> bool:
    return bool(files) and files[0].first <= start and files[-1].next >= end

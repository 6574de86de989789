"""An archive's manifest: what the folder holds, of which deployment, and up to which cut it belongs together.

The manifest is replaced as a whole after each file; what it does not name is not part of the archive.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from engine.errors import UsageError
from engine.history.history import Snapshot, Span

FORMAT = 1
MANIFEST = "manifest.json"
SNAPSHOTS = "snapshots"
PART = ".part"  # what a file is called until it is whole


@dataclass(frozen=True, slots=True)
class File:
    """A file of records of one partition at `first <= offset < next`; `path` within the folder.

    The files of a partition follow each other without a gap. `raw`: bytes of keys and values. A snapshot's files have the
    topic `snapshots/<name>` and offsets 0.
    """

    path: str
    topic: str
    partition: int
    first: int
    next: int
    records: int
    raw: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A snapshot whose rows the archive has. `before`: outcomes of records from the positions on stand at or behind these offsets."""

    name: str
    taken_at_ms: int
    positions: Mapping[int, int]
    settled: Mapping[int, int]
    before: Mapping[str, Mapping[int, int]]

    @property
    def snapshot(self) -> Snapshot:
        """As histories give it."""
        return Snapshot(self.name, self.positions, self.settled, self.taken_at_ms)


@dataclass(frozen=True, slots=True)
class Reached:
    """The cut that the archive holds as a whole, also while a later one is being added: spans, and ends of outcomes by topic."""

    taken_at_ms: int
    spans: Mapping[int, Span]
    outcomes: Mapping[str, Mapping[int, int]]


@dataclass(slots=True)
class Manifest:
    """What an archive holds.

    `start`: where its journal begins. `since`: the snapshot of an earlier archive that it goes on from. `last`: of each journal
    partition offset and hash of the last record here, to be held against the broker's.
    """

    prefix: str
    cluster: str
    partitions: int
    start: Mapping[int, int]
    since: str | None = None
    cut: Reached | None = None
    last: dict[int, tuple[int, str]] = field(default_factory=dict)
    snapshots: list[Kept] = field(default_factory=list)
    files: list[File] = field(default_factory=list)

    def of(self, topic: str, partition: int) -> Sequence[File]:
        """The files of a partition, in their order."""
        return [file for file in self.files if file.partition == partition and file.topic == topic]

    def next(self, topic: str, partition: int) -> int | None:
        """The first offset of a partition that is not here; None where nothing of it is."""
        files = self.of(topic, partition)
        return files[-1].next if files else None


def load(folder: Path) -> Manifest | None:
    """The manifest of a folder, None where it has none. Raises UsageError where it cannot be read."""
    path = folder / MANIFEST
    try:
        body = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise UsageError(f"{path}: not a manifest of format {FORMAT}, which is what this program reads")
    try:
        return _manifest(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{path} is damaged: {error!r}") from error


def save(folder: Path, manifest: Manifest) -> None:
    """Replaces the manifest; afterwards it stays, whatever happens to the machine."""
    body = {"format": FORMAT, "tool": f"guerdon {version('guerdon')}", **asdict(manifest)}
    if manifest.cut is not None:  # a span is a tuple, which JSON would make a list
        body["cut"]["spans"] = {number: span._asdict() for number, span in manifest.cut.spans.items()}
    part = folder / (MANIFEST + PART)
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    with part.open("wb") as file:
        file.write(orjson.dumps(body, option=options))
        file.flush()
        os.fsync(file.fileno())
    part.rename(folder / MANIFEST)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Makes the names of a folder's files last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _manifest(body: Mapping[str, Any]) -> Manifest:
    cut = body["cut"]
    return Manifest(
        prefix=body["prefix"],
        cluster=body["cluster"],
        partitions=body["partitions"],
        start=_numbered(body["start"]),
        since=body["since"],
        cut=None
        if cut is None
        else Reached(
            cut["taken_at_ms"],
            {int(number): Span(**span) for number, span in cut["spans"].items()},
            {topic: _numbered(ends) for topic, ends in cut["outcomes"].items()},
        ),
        last={int(number): (int(offset), str(digest)) for number, (offset, digest) in body["last"].items()},
        snapshots=[
            Kept(
                each["name"],
                each["taken_at_ms"],
                _numbered(each["positions"]),
                _numbered(each["settled"]),
                {topic: _numbered(offsets) for topic, offsets in each["before"].items()},
            )
            for each in body["snapshots"]
        ],
        files=[File(**each) for each in body["files"]],
    )


def _numbered(values: Mapping[str, int]) -> Mapping[int, int]:
    return {int(number): int(value) for number, value in values.items()}

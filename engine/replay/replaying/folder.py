"""What a replay writes to a folder: as a simulation does, though each partition is written by a process of its own."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import orjson

from engine.errors import UsageError
from engine.pipeline.records import StateRecord, TopicRecord
from engine.replay import lines
from engine.replay.lines import Line
from engine.replay.outputs import STATE, SUMMARY
from engine.replay.tally import Tally
from engine.wire.rows import DUE_HEADER, encode_due

_PART = ".part"  # of what one partition wrote, until all are put together


def prepare(folder: Path) -> None:
    """Makes a folder ready: one that is new, empty, or holds an earlier run, whose files go. Raises UsageError otherwise."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = list(folder.iterdir())
        ours = [path for path in there if path.name == SUMMARY or path.suffix in (".jsonl", _PART)]
        if len(ours) < len(there) or (there and not _is_run(ours)):
            raise UsageError(f"{folder} holds something else than an earlier run; nothing was written")
        for path in ours:
            path.unlink()
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror or error}") from error


class PartFiles:
    """Writes the outcomes and the rows of one partition. Use it as a context."""

    def __init__(self, folder: Path, partition: int) -> None:
        self._folder, self._partition = folder, partition
        self._files: dict[str, IO[bytes]] = {}
        self.tally = Tally()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for file in self._files.values():
            file.close()

    def write(self, outcomes: Iterable[TopicRecord]) -> None:
        """Writes outcomes, and counts what they say."""
        for record in outcomes:
            self.tally.take(record.topic, record.value)
            self._line(Line(record.topic, record.key, record.value, record.partition))

    def rows(self, rows: Iterable[StateRecord]) -> int:
        """Writes the rows that are left; how many."""
        count = 0
        for row in rows:
            headers = () if row.due_ms is None else ((DUE_HEADER, encode_due(row.due_ms)),)
            self._line(Line(STATE, row.key, row.value, self._partition, headers=headers))
            count += 1
        return count

    def _line(self, line: Line) -> None:
        file = self._files.get(line.topic)
        if file is None:
            path = self._folder / f"{line.topic}.{self._partition:05d}{_PART}"
            file = self._files[line.topic] = path.open("wb")
        file.write(lines.encode_own(line) + b"\n")


def put_together(folder: Path) -> Sequence[str]:
    """One file for each topic: its partitions one after the other. Returns the topics."""
    topics: list[str] = []
    for part in sorted(folder.glob(f"*{_PART}")):
        topic = part.name.removesuffix(_PART).rpartition(".")[0]
        with (folder / f"{topic}.jsonl").open("ab") as whole, part.open("rb") as written:
            shutil.copyfileobj(written, whole)
        part.unlink()
        if topic not in topics:
            topics.append(topic)
    return topics


def summarize(folder: Path, summary: dict[str, Any]) -> None:
    """Writes the summary, by which the folder is known as that of a run."""
    (folder / SUMMARY).write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2) + b"\n")


def _is_run(paths: Sequence[Path]) -> bool:
    return any(path.name == SUMMARY or path.suffix == _PART for path in paths)

"""The files of a simulation: one for each topic, the rows that are left, and a summary."""

from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Self

import orjson

from engine.errors import UsageError
from engine.pipeline.partition import Partition, TopicRecord
from engine.replay import lines
from engine.replay.lines import Line
from engine.replay.tally import Tally
from engine.wire.rows import DUE_HEADER, encode_due

SUMMARY = "summary.json"
STATE = "state"


class Outputs:
    """Writes lines to `<topic>.jsonl` below a folder, and counts what they say. Use it as a context."""

    def __init__(self, folder: Path) -> None:
        """Takes a folder that is new, empty, or holds an earlier simulation, whose files go. Raises UsageError otherwise."""
        self._folder = folder
        self._files: dict[str, IO[bytes]] = {}
        self._open = ExitStack()
        self.tally = Tally()

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            there = list(self._folder.iterdir())
            if there and not (self._folder / SUMMARY).exists():
                raise UsageError(f"{self._folder} holds something else than an earlier simulation; nothing was written")
            for path in there:
                if path.name == SUMMARY or path.suffix == ".jsonl":
                    path.unlink()
        except OSError as error:
            raise UsageError(f"cannot write to {self._folder}: {error.strerror or error}") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def take(self, record: TopicRecord) -> None:
        """Writes and counts an outcome."""
        self.tally.take(record.topic, record.value)
        self.write(Line(record.topic, record.key, record.value, record.partition))

    def write(self, line: Line) -> None:
        """Writes a line whose value this program made."""
        file = self._files.get(line.topic)
        if file is None:
            path = self._folder / f"{line.topic}.jsonl"
            file = self._files[line.topic] = self._open.enter_context(path.open("wb"))
        file.write(lines.encode_own(line) + b"\n")

    def finish(self, partitions: list[Partition], run: dict[str, Any]) -> dict[str, Any]:
        """Writes the rows that are left, by key, and the summary, which it returns."""
        rows = sorted((key, number) for number, partition in enumerate(partitions) for key in partition.rows)
        for key, number in rows:
            due_ms = partitions[number].due_ms(key)
            headers = () if due_ms is None else ((DUE_HEADER, encode_due(due_ms)),)
            self.write(Line(STATE, key.encode(), partitions[number].rows[key], number, headers=headers))
        summary = {**run, **self.tally.values(), "rows": len(rows)}
        (self._folder / SUMMARY).write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2) + b"\n")
        return summary

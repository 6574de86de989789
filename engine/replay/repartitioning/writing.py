"""The copy at the broker: the new journal first, then its partitions decided as workers do, each held to the old rows."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

import orjson

from engine.broker.clients import Producer, idempotent_producer, transactional_producer
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, prepare, write_batches, write_transaction
from engine.core import keys
from engine.core.partitioning import partition_of
from engine.errors import EngineError
from engine.history.history import History
from engine.history.live import Live
from engine.pipeline.records import Folded, StateRecord
from engine.replay.deriving import Derivation
from engine.replay.processes import Watch
from engine.replay.repartitioning.copying import Copying, New
from engine.replay.rules_of import RulesOf
from engine.wire.rows import DUE_HEADER, encode_due

JOURNAL = "journal"
STATE = "state"
AT_ONCE = 2_000  # records of the journal written together


class RowsDiffer(EngineError):
    """A row of the copy is not what it was; the copy must not be used."""


class Journals(NamedTuple):
    """The new journal as written: how many records each partition has, and which offsets are taken out."""

    counts: Sequence[int]
    quarantined: Mapping[int, Sequence[int]]


class Task(NamedTuple):
    """A new partition to decide. `rows`: the file of those that must come out."""

    history: Live
    settings: Settings
    number: int
    records: int
    rows: Path


class Written(NamedTuple):
    """What deciding a new partition came to."""

    rows: int
    outcomes: int


async def write_journal(
    settings: Settings, partitions: int, copying: Copying, reached: Callable[[int], object]
) -> Journals:
    """Writes the new journal into topics that are empty, so that a record's offset is its number."""
    counts = [0] * partitions
    quarantined: dict[int, list[int]] = {}
    producer = await idempotent_producer(settings)
    try:
        for chunk in _chunks(copying.records()):
            for new in chunk:
                if new.quarantined:
                    quarantined.setdefault(new.partition, []).append(counts[new.partition])
                counts[new.partition] += 1
            await write_batches(producer, [Outgoing(JOURNAL, new.partition, new.key, new.value) for new in chunk])
            reached(copying.read)
    finally:
        await producer.stop()
    return Journals(counts, quarantined)


def keep_rows(copying: Copying, partitions: int, folder: Path) -> list[Path]:
    """Writes what rows each new partition must have to a file of its own, in the order of keys."""
    paths = [folder / f"rows-{number}" for number in range(partitions)]
    files: list[IO[bytes]] = [path.open("wb") for path in paths]
    try:
        for row in copying.rows():
            files[partition_of(keys.owner_of(row.key.decode()), partitions)].write(_line(row))
    finally:
        for file in files:
            file.close()
    return paths


def decide(task: Task, watch: Watch) -> Written:
    """Decides a new partition, writing what a worker would but the messages, which stand in it. Raises RowsDiffer."""
    return asyncio.run(_decided(task, watch))


async def _decided(task: Task, watch: Watch) -> Written:
    history: History = task.history
    derivation = Derivation(history, task.number, RulesOf(history.rulesets, task.settings.matcher))
    counts: Counter[str] = Counter()
    # The worker's own id: one that was started too early is fenced.
    producer = await transactional_producer(task.settings, task.settings.transactional_id("decide", task.number))
    try:
        for records, folded in derivation.batches():
            await _write(producer, folded, task.number)
            counts["records"] += len(records)
            counts["outcomes"] += sum(1 for record in folded.outgoing if record.topic != JOURNAL)
            watch.reached(len(records))
    finally:
        await producer.stop()
    if counts["records"] != task.records or derivation.partition.progress.copying:
        raise RowsDiffer(
            f"{task.settings.topic(JOURNAL)}:{task.number} has {counts['records']} records, {task.records} were written:"
            " somebody else wrote to it as well; delete these topics and begin anew"
        )
    return Written(_compared(derivation, task), counts["outcomes"])


async def _write(producer: Producer, folded: Folded, number: int) -> None:
    outgoing = [
        Outgoing(each.topic, each.partition, each.key, each.value) for each in folded.outgoing if each.topic != JOURNAL
    ]
    outgoing += [_state_record(row, number) for row in folded.state]
    await write_transaction(producer, await prepare(producer, outgoing))


def _compared(derivation: Derivation, task: Task) -> int:
    """Holds each row to what it was, and counts them."""
    count = 0
    with task.rows.open("rb") as file:
        for row in derivation.rows():
            count += 1
            line, wanted = _line(row), file.readline()
            if line != wanted:
                raise RowsDiffer(
                    f"journal partition {task.number}: {_difference(line, wanted)}; the copy must not be used"
                )
        if missing := file.readline():
            raise RowsDiffer(f"journal partition {task.number}: {_difference(b'', missing)}; the copy must not be used")
    return count


def _difference(found: bytes, wanted: bytes) -> str:
    """The first key in question, and what is wrong with it."""
    if not found or (wanted and orjson.loads(wanted)[0] < orjson.loads(found)[0]):
        return f"the row {orjson.loads(wanted)[0]} is missing"
    key = orjson.loads(found)[0]
    if wanted and orjson.loads(wanted)[0] == key:
        return f"the row {key} is another than it was"  # without it: it may show personal data
    return f"there was no row {key}"


def _line(row: StateRecord) -> bytes:
    return orjson.dumps([row.key.decode(), (row.value or b"").decode(), row.due_ms]) + b"\n"


def _state_record(row: StateRecord, number: int) -> Outgoing:
    headers = () if row.due_ms is None else ((DUE_HEADER, encode_due(row.due_ms)),)
    return Outgoing(STATE, number, row.key, row.value, headers)


def _chunks(records: Iterator[New]) -> Iterator[list[New]]:
    while chunk := list(islice(records, AT_ONCE)):
        yield chunk

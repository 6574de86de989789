"""Records as Parquet files that pandas, DuckDB and Polars read: one row a record, one column for each thing that is asked for.

Keys and values are text where they are UTF-8, which ours are, else bytes in a column of their own: what is read is what was
written, byte for byte. Pages have checksums, so that a file which was damaged is noticed by whoever reads it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from engine.core import instants
from engine.errors import FileDamaged

_MS = pa.timestamp("ms", tz="UTC")
_HEADERS = pa.list_(pa.struct([("name", pa.string()), ("value", pa.binary())]))
_BYTES = [("key", pa.string()), ("key_bytes", pa.binary()), ("value", pa.string()), ("value_bytes", pa.binary())]
_PLACE = [("offset", pa.int64()), ("timestamp", _MS)]
_EVENT = [("id", pa.string()), ("type", pa.string()), ("subject", pa.string()), ("time", _MS)]
TABLE = pa.schema([*_PLACE, *_BYTES, ("headers", _HEADERS)])
OUTCOMES = pa.schema([*_PLACE, *_EVENT, *_BYTES, ("headers", _HEADERS)])
JOURNAL = pa.schema([*_PLACE, ("kind", pa.string()), *_EVENT, *_BYTES, ("headers", _HEADERS)])
ROWS = pa.schema([*_BYTES, ("due", _MS)])

_FEW = ["kind", "type", "subject", "key"]  # columns of few different values: worth a dictionary
_LARGEST_MS = 1 << 62
_READ_AT_ONCE = 10_000


class Recorded(NamedTuple):
    """A record of a topic, whole. For a row of `state` there is no place, and `due_ms` instead of headers."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
    due_ms: int | None = None


class Writer:
    """Writes records to a file. The schema is one of those above."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        dictionaries = [name for name in _FEW if name in schema.names]
        self._file = pq.ParquetWriter(
            path, schema, compression="zstd", use_dictionary=dictionaries, write_page_checksum=True
        )

    def close(self) -> None:
        """Writes what is left."""
        self._file.close()

    def write(self, records: Sequence[Recorded]) -> None:
        """Adds records as one group of rows."""
        if records:
            columns = _columns(records, self._schema.names)
            self._file.write_table(
                pa.Table.from_arrays([columns[name] for name in self._schema.names], schema=self._schema)
            )


def read(
    path: Path, start: int | None = None, end: int | None = None, *, records: int | None = None, whole: bool = False
) -> Iterator[list[Recorded]]:
    """The records of a file at `start <= offset < end` in batches; with their headers only where `whole`.

    Raises FileDamaged, also where the file does not hold so many `records` in all.
    """
    found = 0
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            names = [
                name for name in ("offset", "timestamp", *_names(_BYTES), "due") if name in file.schema_arrow.names
            ]
            if whole and "headers" in file.schema_arrow.names:
                names.append("headers")
            for rows in file.iter_batches(batch_size=_READ_AT_ONCE, columns=names):
                found += rows.num_rows
                batch = _records(rows)
                if start is not None and batch and batch[0].offset < start:
                    batch = [each for each in batch if each.offset >= start]
                if end is not None and batch and batch[-1].offset >= end:
                    batch = [each for each in batch if each.offset < end]
                if batch:
                    yield batch
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise FileDamaged(f"{path} cannot be read: {error}") from error
    if records is not None and found != records:
        raise FileDamaged(f"{path} holds {found} records, {records} were archived")


def _records(batch: pa.RecordBatch) -> list[Recorded]:
    names = batch.schema.names
    count = batch.num_rows
    keys, values = _bytes(batch, "key"), _bytes(batch, "value")
    if "offset" not in names:
        due = batch.column("due").cast(pa.int64()).to_pylist()
        return [Recorded(0, 0, key, value, (), at) for key, value, at in zip(keys, values, due, strict=True)]
    offsets: list[int] = batch.column("offset").to_pylist()
    timestamps: list[int] = batch.column("timestamp").cast(pa.int64()).to_pylist()
    if "headers" not in names or batch.column("headers").null_count == count:
        return list(map(Recorded, offsets, timestamps, keys, values))
    headers = [
        [(each["name"], each["value"]) for each in listed or ()] for listed in batch.column("headers").to_pylist()
    ]
    return [
        Recorded(*record[:4], tuple(record[4]))
        for record in zip(offsets, timestamps, keys, values, headers, strict=True)
    ]


def _bytes(batch: pa.RecordBatch, name: str) -> list[bytes | None]:
    """A column's bytes: those that are text, and those that are none."""
    texts: list[bytes | None] = batch.column(name).cast(pa.binary()).to_pylist()
    others = batch.column(f"{name}_bytes")
    if others.null_count == len(others):
        return texts
    return [text if text is not None else other for text, other in zip(texts, others.to_pylist(), strict=True)]


def _columns(records: Sequence[Recorded], names: Sequence[str]) -> Mapping[str, pa.Array]:
    offsets, timestamps, keys, values, headers, due = zip(*records, strict=True)
    found = {
        "offset": pa.array(offsets, pa.int64()),
        "timestamp": pa.array(timestamps, pa.int64()).cast(_MS),
        "due": pa.array(due, pa.int64()).cast(_MS),
    }
    found["key"], found["key_bytes"] = _texts(keys)
    found["value"], found["value_bytes"] = _texts(values)
    if "headers" in names:
        listed = [[{"name": name, "value": value} for name, value in each] if each else None for each in headers]
        found["headers"] = pa.array(listed, _HEADERS)
    if "subject" in names:
        found |= _event_columns(values)
    return found


def _texts(values: Sequence[bytes | None]) -> tuple[pa.Array, pa.Array]:
    """The values that are UTF-8 as text, and the others as bytes."""
    try:
        return pa.array(values, pa.binary()).cast(pa.string()), pa.nulls(len(values), pa.binary())
    except pa.ArrowInvalid:
        texts = [value if value is None or _is_text(value) else None for value in values]
        others = [None if value is None or _is_text(value) else value for value in values]
        return pa.array(texts, pa.binary()).cast(pa.string()), pa.array(others, pa.binary())


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _event_columns(values: Sequence[bytes | None]) -> Mapping[str, pa.Array]:
    """What is asked for most, taken from the values: null wherever a value has none such."""
    bodies = [_body(value) for value in values]
    found = {
        name: pa.array([_text(body.get(name)) for body in bodies], pa.string())
        for name in ("kind", "id", "type", "subject")
    }
    times = [_time_ms(body.get("time", body.get("to"))) for body in bodies]
    found["time"] = pa.array(times, pa.int64()).cast(_MS)
    return found


def _body(value: bytes | None) -> Mapping[str, object]:
    try:
        body = orjson.loads(value or b"null")
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _time_ms(value: object) -> int | None:
    """An instant as the journal has it, in milliseconds, or as outcomes have it."""
    if isinstance(value, int):
        return value if abs(value) < _LARGEST_MS else None
    if not isinstance(value, str):
        return None
    try:
        return instants.parse(value)
    except ValueError:
        return None


def _names(fields: Sequence[tuple[str, object]]) -> list[str]:
    return [name for name, _ in fields]

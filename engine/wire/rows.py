"""Rows as canonical bytes: JSON with sorted keys and integers, readable with any Kafka tool."""

from typing import cast

import orjson

from engine.core.records import Row

MAX_BYTES = 256 << 10  # a larger row is refused while deciding (`row_too_large`)
DUE_HEADER = "due"
_DUE_BYTES = 8


def encode(row: Row) -> bytes:
    """The canonical bytes of a row."""
    # Copied: orjson's own bytes hold on to its buffer of 4 KiB, however short they are, and rows are kept by the million.
    return bytes(memoryview(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)))


def decode(value: bytes) -> Row:
    """The row that the bytes hold."""
    return cast("Row", orjson.loads(value))


def encode_due(due_ms: int) -> bytes:
    """The value of the header `due`: 8 bytes, big-endian."""
    return due_ms.to_bytes(_DUE_BYTES, "big", signed=True)


def decode_due(value: bytes) -> int:
    """The instant in a header `due`."""
    return int.from_bytes(value, "big", signed=True)

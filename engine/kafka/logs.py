"""Structured logs on standard error: one line an event, naming topic, partition and offset, never a payload.

Messages of exceptions may quote the data they failed on, so only our own errors are quoted; of others the type and the places.
"""

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Literal

import orjson

from engine.errors import EngineError, RecordFailed

# Libraries that speak at info about every rebalance; what matters of it this program says itself.
_QUIET = ("aiokafka", "faust", "mode", "asyncio", "aiohttp")
_OWN_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(form: Literal["json", "console"], level: str) -> None:
    """Sets up the root logger; call it once, before Faust starts."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Console())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Below info every client library logs each of its messages, keys and values included.
    root.setLevel(max(logging.INFO, logging.getLevelNamesMapping()[level.upper()]))
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def flush() -> None:
    """Writes out everything that was logged."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def at(topic: str = "", partition: int | None = None, offset: int | None = None, **fields: object) -> dict[str, object]:
    """The fields of a log line, as its `extra`."""
    place: dict[str, object] = {}
    if topic:
        place["topic"] = topic
    if partition is not None:
        place["partition"] = partition
    if offset is not None:
        place["offset"] = offset
    return place | fields


def said(error: BaseException) -> str:
    """An error in words that hold no data of a record."""
    if isinstance(error, RecordFailed):
        return f"deciding the record at offset {error.offset} failed: {type(error.cause).__name__}"
    if isinstance(error, EngineError):
        return str(error)
    return type(error).__name__


def places(error: BaseException, most: int = 12) -> list[str]:
    """Where an error came from: the innermost `file:line function`, outermost first."""
    while error.__traceback__ is None and error.__cause__ is not None:
        error = error.__cause__
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)][
        -most:
    ]


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = {name: value for name, value in vars(record).items() if name not in _OWN_ATTRIBUTES}
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        fields |= {"error": type(error).__name__, "says": said(error), "places": places(error)}
    return fields


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        return orjson.dumps(line | _fields(record), default=str).decode()


class _Console(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S.%f")[:-3]
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        return f"{moment} {record.levelname.lower():7} {record.getMessage()}" + (f"  {fields}" if fields else "")

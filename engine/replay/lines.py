"""Records as lines of text: the one form that `feed` reads, `tail` writes and `simulate` reads and writes.

A line is a JSON object `{"topic", "key", "value"}`; tail adds `partition`, `offset`, `timestamp_ms` and `headers`.
A value that is an object stands for its compact JSON bytes, a text for its UTF-8 bytes, null for no value,
`value_base64` for any other bytes. What was written here and is read here again has the same bytes.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from engine.core import instants
from engine.errors import UsageError

_TIME_HEADER = "ce_time"  # of the binary mode
_NAMES = frozenset(
    {
        "topic", "key", "key_base64", "value", "value_base64",
        "partition", "offset", "timestamp_ms", "headers", "headers_base64",
    }
)  # fmt: skip


class Line(NamedTuple):
    """One record. `topic` is as written, with or without the deployment's prefix; no partition leaves it to the key."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    offset: int | None = None
    timestamp_ms: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def encode(line: Line) -> bytes:
    """The line without its line break."""
    return _encoded(line, _value_field(line.value))


def encode_own(line: Line) -> bytes:
    """The same for a value that this program made: one that begins as an object is a compact one and is not tried."""
    value = line.value
    return _encoded(line, b'"value":' + value if value is not None and value[:1] == b"{" else _value_field(value))


def decode(text: bytes) -> Line:
    """The record that a line stands for. Raises ValueError, which says what is wrong with it."""
    body = orjson.loads(text)
    if not isinstance(body, dict):
        raise ValueError('a line is a JSON object {"topic", "key", "value"}')
    unknown = sorted(body.keys() - _NAMES)
    if unknown:
        raise ValueError(f"unknown field {unknown[0]!r}")
    topic = body.get("topic")
    if not isinstance(topic, str) or not topic:
        raise ValueError("`topic` must be a text")
    if "value" not in body and "value_base64" not in body:
        raise ValueError("`value` is missing (null says that there is none)")
    return Line(
        topic,
        _bytes_of(body, "key"),
        _value_of(body),
        _number(body, "partition"),
        _number(body, "offset"),
        _number(body, "timestamp_ms"),
        _headers(body) if "headers" in body or "headers_base64" in body else (),
    )


def read(path: Path) -> Iterator[Line]:
    """The lines of a file; empty ones are passed over. Raises UsageError, `file:line`, at the first that is none."""
    try:
        with path.open("rb") as file:
            for number, text in enumerate(file, 1):
                if text.isspace():
                    continue
                try:
                    yield decode(text)
                except ValueError as error:
                    raise UsageError(f"{path}:{number}: {error}") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


def event_time_ms(line: Line) -> int | None:
    """The `time` of the CloudEvent that a line holds, in milliseconds; None where it has none that can be read."""
    for name, value in line.headers:
        if name == _TIME_HEADER:
            return _instant(value.decode(errors="replace"))
    try:
        event = orjson.loads(line.value or b"")
    except orjson.JSONDecodeError:
        return None
    return _instant(event.get("time")) if isinstance(event, dict) else None


def _instant(text: object) -> int | None:
    try:
        return instants.parse(text) if isinstance(text, str) else None
    except (ValueError, OverflowError):
        return None


def _encoded(line: Line, value_field: bytes) -> bytes:
    parts = [b'{"topic":', orjson.dumps(line.topic), b",", _bytes_field("key", line.key), b",", value_field]
    for name in ("partition", "offset", "timestamp_ms"):
        number = getattr(line, name)
        if number is not None:
            parts.append(b',"%b":%d' % (name.encode(), number))
    if line.headers:
        parts.append(_header_fields(line.headers))
    parts.append(b"}")
    return b"".join(parts)


def _bytes_field(name: str, value: bytes | None) -> bytes:
    if value is None:
        return b'"%b":null' % name.encode()
    try:
        return b'"%b":%b' % (name.encode(), orjson.dumps(value.decode()))
    except UnicodeDecodeError:
        return b'"%b_base64":"%b"' % (name.encode(), b64encode(value))


def _value_field(value: bytes | None) -> bytes:
    if value is not None and value[:1] == b"{" and _is_compact(value):
        return b'"value":' + value
    return _bytes_field("value", value)


def _is_compact(value: bytes) -> bool:
    try:
        return orjson.dumps(orjson.loads(value)) == value
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return False


def _header_fields(headers: tuple[tuple[str, bytes], ...]) -> bytes:
    texts: dict[str, str] = {}
    others: dict[str, str] = {}
    for name, value in headers:
        try:
            texts[name] = value.decode()
        except UnicodeDecodeError:
            others[name] = b64encode(value).decode()
    fields = b',"headers":' + orjson.dumps(texts) if texts else b""
    return fields + (b',"headers_base64":' + orjson.dumps(others) if others else b"")


def _value_of(body: Mapping[str, Any]) -> bytes | None:
    value = body.get("value")
    if not isinstance(value, dict):
        return _bytes_of(body, "value")
    if "value_base64" in body:
        raise ValueError("`value` and `value_base64` exclude each other")
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise ValueError(f"`value` cannot be written as JSON again ({error}); give it as a text") from error


def _bytes_of(body: Mapping[str, Any], name: str) -> bytes | None:
    text, coded = body.get(name), body.get(f"{name}_base64")
    if coded is not None:
        if name in body:
            raise ValueError(f"`{name}` and `{name}_base64` exclude each other")
        return _base64(f"{name}_base64", coded)
    if text is None:
        return None
    if not isinstance(text, str):
        wanted = "an object, a text or null" if name == "value" else "a text or null"
        raise ValueError(f"`{name}` must be {wanted}")
    return text.encode()


def _base64(name: str, coded: object) -> bytes:
    if not isinstance(coded, str):
        raise ValueError(f"`{name}` must be a text")
    try:
        return b64decode(coded, validate=True)
    except NotBase64 as error:
        raise ValueError(f"`{name}` is not base64: {error}") from error


def _number(body: Mapping[str, Any], name: str) -> int | None:
    number = body.get(name)
    if number is not None and (type(number) is not int or number < 0):
        raise ValueError(f"`{name}` must be a whole number, 0 or more")
    return number


def _headers(body: Mapping[str, Any]) -> tuple[tuple[str, bytes], ...]:
    headers: list[tuple[str, bytes]] = []
    for field in ("headers", "headers_base64"):
        named = body.get(field, {})
        if not isinstance(named, dict) or not all(isinstance(text, str) for text in named.values()):
            raise ValueError(f"`{field}` must map names to texts")
        for name, text in named.items():
            headers.append((name, text.encode() if field == "headers" else _base64(f"headers_base64.{name}", text)))
    return tuple(headers)

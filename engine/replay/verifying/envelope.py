"""What a comparison needs of a published outcome, found in its bytes without reading all of its JSON."""

import orjson

_ID = b'"id":"'
_POSITION = b'"position":"'


def id_of(value: bytes) -> str:
    """The event's id; "" where there is none. It is the first field but one, so nothing else can be taken for it."""
    return _after(_ID, value)


def position_of(value: bytes) -> int | None:
    """The journal offset that an outcome names; None where it names none.

    Quotes inside of texts are escaped, and the payload comes last, so the first such bytes are the envelope's own.
    """
    offset = _after(_POSITION, value).partition(":")[2]
    return int(offset) if offset.isdecimal() else None


def without_id(value: bytes) -> bytes:
    """The bytes but for the id."""
    name = id_of(value).encode()
    return value.replace(_ID + name + b'"', b"", 1)


def type_of(value: bytes) -> str:
    """The event's type; "" where it is no event."""
    try:
        event = orjson.loads(value)
    except orjson.JSONDecodeError:
        return ""
    return str(event.get("type", "")) if isinstance(event, dict) else ""


def _after(mark: bytes, value: bytes) -> str:
    begin = value.find(mark)
    if begin < 0:
        return ""
    begin += len(mark)
    end = value.find(b'"', begin)
    return value[begin:end].decode(errors="replace") if end >= 0 else ""

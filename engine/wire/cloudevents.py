"""CloudEvents 1.0 on Kafka: structured JSON and the binary mode, both to the same envelope."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from engine.wire.credentials import is_credential, segment
from engine.wire.unreadable import Unreadable
from schemas.scalars import LONGEST_ID, PRINTABLE

SPECVERSION = "1.0"
JSON = "application/json"
STRUCTURED = "application/cloudevents+json"
CONTENT_TYPE = "content-type"
PREFIX = "ce_"

Header = tuple[str, bytes]

_KNOWN = frozenset(("specversion", "id", "source", "type", "time", "subject", "dataschema", "datacontenttype", "data"))
_EXTENSION = re.compile(r"[a-z0-9]+")
_PRINTABLE = re.compile(PRINTABLE)


class Envelope(NamedTuple):
    """What is said about the payload; `data` is any JSON until its model has seen it."""

    id: str
    source: str
    type: str
    time: str
    data: Any
    subject: str | None = None
    dataschema: str | None = None


def structured(envelope: Envelope, extensions: Mapping[str, str] | None = None) -> bytes:
    """The event as one JSON object."""
    return orjson.dumps({**_attributes(envelope), "datacontenttype": JSON, **(extensions or {}), "data": envelope.data})


def binary(envelope: Envelope, extensions: Mapping[str, str] | None = None) -> tuple[list[Header], bytes]:
    """The event in binary mode: its headers, and its payload as the value."""
    attributes = {**_attributes(envelope), **(extensions or {})}
    headers = [(f"{PREFIX}{name}", value.encode()) for name, value in attributes.items()]
    return [*headers, (CONTENT_TYPE, JSON.encode())], orjson.dumps(envelope.data)


def read(value: bytes, headers: Sequence[Header]) -> Envelope:
    """The event in either mode. Raises Unreadable where it is none."""
    document = parsed(value)
    if headers and not is_structured(headers):
        return _envelope({**_in_headers(headers), "data": document})
    if type(document) is not dict:
        raise Unreadable("not_an_object", "", "an event is a JSON object")
    return _envelope(document)


def is_structured(headers: Sequence[Header]) -> bool:
    """Whether the value is the whole event, and not only its payload."""
    content_type = next((value for name, value in headers if name.lower() == CONTENT_TYPE), None) or b""
    if content_type.startswith(b"application/cloudevents"):
        return True
    return not any(name.startswith(PREFIX) for name, _ in headers)


def parsed(value: bytes) -> Any:  # noqa: ANN401 - any JSON
    """The JSON in the bytes. Raises Unreadable where there is none."""
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise _not_json(value, error) from error


def _not_json(value: bytes, error: orjson.JSONDecodeError) -> Unreadable:
    try:
        value.decode()
    except UnicodeDecodeError as invalid:
        return Unreadable("invalid_utf8", "", f"invalid UTF-8 at byte {invalid.start}")
    if "limit" in error.msg:
        return Unreadable("too_deep", "", f"nested too deeply at character {error.pos}")
    return Unreadable("not_json", "", f"{error.msg} at character {error.pos}")


def _attributes(envelope: Envelope) -> dict[str, str]:
    attributes = {
        "specversion": SPECVERSION,
        "id": envelope.id,
        "source": envelope.source,
        "type": envelope.type,
        "time": envelope.time,
    }
    if envelope.subject is not None:
        attributes["subject"] = envelope.subject
    if envelope.dataschema is not None:
        attributes["dataschema"] = envelope.dataschema
    return attributes


def _in_headers(headers: Sequence[Header]) -> dict[str, Any]:
    """The attributes of an event in binary mode."""
    attributes: dict[str, Any] = {}
    for name, value in headers:
        if name.startswith(PREFIX):
            attributes[name.removeprefix(PREFIX)] = _text(name.removeprefix(PREFIX), value)
        elif name.lower() == CONTENT_TYPE:
            attributes["datacontenttype"] = _text("datacontenttype", value)
    return attributes


def _text(name: str, value: bytes | None) -> str:
    try:
        return (value or b"").decode()
    except UnicodeDecodeError as error:
        raise Unreadable("invalid_utf8", segment(name), "a header is no UTF-8") from error


def _envelope(attributes: dict[str, Any]) -> Envelope:
    if _required(attributes, "specversion") != SPECVERSION:
        raise Unreadable("invalid_value", "specversion", f"only CloudEvents {SPECVERSION} is read")
    envelope = Envelope(
        _required(attributes, "id"),
        _required(attributes, "source"),
        _required(attributes, "type"),
        _required(attributes, "time"),
        attributes.get("data"),
        _optional(attributes, "subject"),
        _optional(attributes, "dataschema"),
    )
    _check_content_type(attributes)
    if not attributes.keys() <= _KNOWN:
        _check_extensions(attributes)
    if "data" not in attributes:
        raise Unreadable("missing_field", "data", "an event has data")
    return envelope


def _required(attributes: Mapping[str, Any], name: str) -> str:
    """An attribute of 1 to 128 printable characters."""
    value = attributes.get(name)
    if value is None:
        raise Unreadable("missing_field", name, "this attribute is required")
    if type(value) is not str:
        raise Unreadable("wrong_type", name, "this attribute is text")
    if not 0 < len(value) <= LONGEST_ID or not value.isprintable():
        _check_printable(name, value)
    return value


def _check_printable(name: str, value: str) -> None:
    """Refuses a text that is too long or that the contract's own pattern, a little wider than `isprintable`, does not allow."""
    if not 0 < len(value) <= LONGEST_ID or _PRINTABLE.fullmatch(value) is None:
        raise Unreadable("invalid_value", name, f"this attribute is 1 to {LONGEST_ID} printable characters")


def _optional(attributes: Mapping[str, Any], name: str) -> str | None:
    value = attributes.get(name)
    if value is None or type(value) is str:
        return value
    raise Unreadable("wrong_type", name, "this attribute is text")


def _check_content_type(attributes: Mapping[str, Any]) -> None:
    content_type = attributes.get("datacontenttype")
    if content_type is None or content_type == JSON:
        return
    if type(content_type) is not str:
        raise Unreadable("wrong_type", "datacontenttype", "this attribute is text")
    if content_type.partition(";")[0].strip().lower() != JSON:
        raise Unreadable("invalid_value", "datacontenttype", f"data is {JSON}")


def _check_extensions(attributes: Mapping[str, Any]) -> None:
    """Extensions of others are passed over; what cannot be one is a mistake."""
    for name, value in attributes.items():
        if name in _KNOWN:
            continue
        if is_credential(name):
            raise Unreadable("credentials_present", segment(name), "an event carries no credentials")
        if _EXTENSION.fullmatch(name) is None:
            raise Unreadable(
                "unknown_field",
                segment(name),
                "not an attribute of CloudEvents; fields of the payload belong into data",
            )
        if value is not None and not isinstance(value, (str, int)):
            raise Unreadable("wrong_type", segment(name), "an extension is text, an integer or a boolean")

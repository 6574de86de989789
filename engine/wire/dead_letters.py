"""Dead letters: records that could not be read, as events for operators, without their credentials and codes (B-50)."""

from base64 import b64encode
from collections.abc import Sequence
from typing import NamedTuple

import orjson

from engine.core import ids, instants
from engine.wire import cloudevents
from engine.wire.credentials import blanked, blanked_bytes, credential_in
from engine.wire.normalise import LATEST_MS
from engine.wire.unreadable import Code, Unreadable
from schemas.registry import OUTPUTS, dataschema

LARGEST_BYTES = 64 << 10
SOURCE = "guerdon"
TYPE = "record.rejected"


class SourceRecord(NamedTuple):
    """A record of an input topic (name without prefix) as fetched. `epoch`: raised when the topic is made anew."""

    topic: str
    epoch: int
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class Dead(NamedTuple):
    """A record for `dead-letters`, and for the log why: `path` and `message` hold nothing personal."""

    code: Code
    path: str
    message: str
    key: bytes
    value: bytes


def letter(record: SourceRecord, problem: Unreadable) -> Dead:
    """The dead letter of a record. Its id is made of the source position, so that reading again writes the same letter."""
    problem, data, truncated = _shown(record, problem)
    subject = f"{record.topic}/{record.partition}/{record.offset}"
    payload = {
        "code": problem.code,
        "path": problem.path,
        "message": problem.message,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "data_base64": b64encode(data).decode(),
        "truncated": truncated,
    }
    envelope = cloudevents.Envelope(
        id=ids.derive(TYPE, record.topic, str(record.epoch), str(record.partition), str(record.offset)),
        source=SOURCE,
        type=TYPE,
        time=instants.render(min(max(record.timestamp_ms, 0), LATEST_MS)),  # a producer may have set it
        data=payload,
        subject=subject,
        dataschema=dataschema(TYPE, OUTPUTS[TYPE].version),
    )
    value = cloudevents.structured(envelope, {"partitionkey": subject})
    return Dead(problem.code, problem.path, problem.message, subject.encode(), value)


def _shown(record: SourceRecord, problem: Unreadable) -> tuple[Unreadable, bytes, bool]:
    """What the letter says and shows: credentials anywhere in a record outweigh what else is wrong with it."""
    value = record.value or b""
    if problem.code == "too_large":
        return problem, _without_secrets(value), True
    try:
        document = cloudevents.parsed(value)
    except Unreadable:
        return problem, _without_secrets(value), len(value) > LARGEST_BYTES
    credential = credential_in(document)
    if credential is not None:
        inside = "" if cloudevents.is_structured(record.headers) else "data."
        problem = Unreadable("credentials_present", inside + credential, "an event carries no credentials")
    if not blanked(document):
        return problem, *_cut(value)
    try:
        return problem, *_cut(orjson.dumps(document))
    except orjson.JSONEncodeError:
        return problem, b"", True  # nested deeper than can be written: what cannot be blanked is not shown


def _without_secrets(unparsed: bytes) -> bytes:
    """The beginning of bytes that were not read as JSON; nothing of those in which nothing can be found, such as UTF-16."""
    beginning = unparsed[:LARGEST_BYTES]
    return b"" if b"\0" in beginning else blanked_bytes(beginning)


def _cut(data: bytes) -> tuple[bytes, bool]:
    return data[:LARGEST_BYTES], len(data) > LARGEST_BYTES

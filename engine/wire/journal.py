"""Journal records as bytes: one JSON object each, its `kind` first.

Written by intake (`event`), by deciding (`message`, `clock.tick`, `clock.continue`, `clock.announced`, `members.visited`), by
publishing (`ruleset.activated`), and by copying into other partitions (`engine.wire.copies`). Reading a record that this program
did not write raises ValueError: the journal is private.
"""

from typing import Any, Literal, NamedTuple

import orjson

from engine.core import ids
from engine.core.records import Event, Message, Origin
from engine.wire import copies

ClockKind = Literal["clock.tick", "clock.continue", "clock.announced"]
CLOCK_KINDS: tuple[ClockKind, ...] = ("clock.tick", "clock.continue", "clock.announced")
CLOCK_KEY = b"clock"
ACTIVATION_KEY = b"ruleset"
MEMBERS_KEY = b"members"
MEMBERS_VISITED = "members.visited"


class ClockRecord(NamedTuple):
    """The partition's time: a tick moves it, `continue` works off what is left, `announced` tells the time seen elsewhere."""

    id: str
    kind: ClockKind
    to_ms: int


class Activation(NamedTuple):
    """From here on this ruleset decides, or once the partition's clock has reached `at_ms`.

    `salt`: 64 hex digits that codes and draws derive from. An activation replaces one that is still waiting.
    """

    id: str
    digest: str
    salt: str
    semantics: int
    shadow: str = ""  # digest of the candidate that runs beside within this ruleset, "" for none
    at_ms: int | None = None


class MembersVisited(NamedTuple):
    """The members after `after` are looked at for what a ruleset schedules, a number of them at a time."""

    id: str
    timetable: str  # the digest of what is scheduled
    after: str


Record = Event | Message | ClockRecord | Activation | MembersVisited | copies.Stood | copies.Ended


def encode_event(event: Event) -> bytes:
    """An accepted input as a journal record."""
    body: dict[str, object] = {
        "kind": "event",
        "id": event.id,
        "type": event.type,
        "source": event.source,
        "event_id": event.event_id,
        "time": event.time_ms,
        "received_at": event.received_at_ms,
        "subject": event.subject,
        "data": event.data,
    }
    if event.content_mac:
        body["content_mac"] = event.content_mac
    if event.origin is not None:
        body["origin"] = event.origin._asdict()
    return orjson.dumps(body)


def encode_message(message: Message) -> bytes:
    """A message from one subject to another as a journal record."""
    return orjson.dumps(
        {
            "kind": "message",
            "id": message.id,
            "type": message.type,
            "sender": message.sender,
            "subject": message.subject,
            "time": message.time_ms,
            "hops": message.hops,
            "ruleset": message.ruleset,
            "cause": message.cause,
            "data": message.data,
        }
    )


def encode_clock(kind: ClockKind, partition: int, to_ms: int) -> bytes:
    """A clock record for one partition; its id is made of what it says."""
    return orjson.dumps({"kind": kind, "id": ids.derive(kind, str(partition), str(to_ms)), "to": to_ms})


def encode_visited(partition: int, timetable: str, after: str) -> bytes:
    """A visit to the members of one partition; its id is made of what it says."""
    visit_id = ids.derive(MEMBERS_VISITED, str(partition), timetable, after)
    return orjson.dumps({"kind": MEMBERS_VISITED, "id": visit_id, "timetable": timetable, "after": after})


def encode_activation(
    partition: int, digest: str, salt: str, semantics: int, shadow: str = "", at_ms: int | None = None
) -> bytes:
    """The activation of a ruleset in one partition, at once or at an instant of the partition's clock."""
    body: dict[str, object] = {
        "kind": "ruleset.activated",
        "id": ids.derive("ruleset.activated", str(partition), digest, salt),
        "digest": digest,
        "salt": salt,
        "semantics": semantics,
    }
    if shadow:
        body["shadow"] = shadow
    if at_ms is not None:
        body["at"] = at_ms
    return orjson.dumps(body)


def decode(value: bytes) -> Record:
    """The record that the bytes hold. Raises ValueError where they hold none."""
    body = orjson.loads(value)
    try:
        match body["kind"]:
            case "event":
                return _event(body)
            case "message":
                return _message(body)
            case "ruleset.activated":
                return _activation(body)
            case "members.visited":
                return MembersVisited(body["id"], body["timetable"], body["after"])
            case kind if kind in CLOCK_KINDS:
                return ClockRecord(body["id"], kind, body["to"])
            case copies.STOOD | copies.ENDED:
                return copies.decode(body)
            case kind:
                raise ValueError(f"unknown kind of journal record: {kind!r}")
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a journal record: {error!r}") from error


def _activation(body: dict[str, Any]) -> Activation:
    shadow, at_ms = body.get("shadow", ""), body.get("at")
    return Activation(body["id"], body["digest"], body["salt"], body["semantics"], shadow, at_ms)


def _event(body: dict[str, Any]) -> Event:
    origin = body.get("origin")
    return Event(
        body["id"],
        body["type"],
        body["source"],
        body["event_id"],
        body["time"],
        body["received_at"],
        body["subject"],
        body["data"],
        body.get("content_mac", ""),
        Origin(**origin) if origin else None,
    )


def _message(body: dict[str, Any]) -> Message:
    return Message(
        body["id"],
        body["type"],
        body["sender"],
        body["subject"],
        body["time"],
        body["hops"],
        body["ruleset"],
        body["cause"],
        body["data"],
    )

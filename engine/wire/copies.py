"""Records of a journal that was copied into other partitions (`guerdon repartition`): how the partition stood that each came from.

Clocks and activations belong to a partition, and no two partitions agree on them to the millisecond. So a copy holds none of
their records; it says before a copied record how its old partition stood, wherever that is not how the new one stands anyway.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from engine.core import ids

COPY_KEY = b"copy"
STOOD = "copy.stood"
ENDED = "copy.ended"


class Stood(NamedTuple):
    """What follows was decided in another partition, whose clock and rules were these.

    `offset` is the first record there that is meant. `worked_off`: what was due of these subjects was done up to the instants.
    `visited`: these members were planned for what the rules schedule. `forgotten`: as in the rows `_forgotten/`.
    """

    partition: int
    offset: int
    clock_ms: int | None
    digest: str  # "" before the first activation
    salt: str
    semantics: int
    worked_off: Mapping[str, int] = {}
    visited: Sequence[str] = ()
    forgotten: Mapping[str, int] = {}


class Ended(NamedTuple):
    """The copy is complete: from here on the partition goes on by itself. `pending` as in the position row."""

    clock_ms: int | None
    announced_ms: int | None
    digest: str
    salt: str
    semantics: int
    pending: Mapping[str, Any] | None
    timetable: str


def encode_stood(partition: int, stood: Stood) -> bytes:
    """The record for a new partition."""
    said = "forgotten" if stood.forgotten else "worked_off" if stood.worked_off else ""  # there may be one of each
    place = (str(partition), str(stood.partition), str(stood.offset), said)
    body: dict[str, object] = {
        "kind": STOOD,
        "id": ids.derive(STOOD, *place),
        "from": [stood.partition, stood.offset],
        "clock": stood.clock_ms,
        "digest": stood.digest,
        "salt": stood.salt,
        "semantics": stood.semantics,
    }
    for name in ("worked_off", "visited", "forgotten"):
        if getattr(stood, name):
            body[name] = getattr(stood, name)
    return orjson.dumps(body)


def encode_ended(partition: int, ended: Ended) -> bytes:
    """The record for a new partition."""
    return orjson.dumps(
        {
            "kind": ENDED,
            "id": ids.derive(ENDED, str(partition)),
            "clock": ended.clock_ms,
            "announced": ended.announced_ms,
            "digest": ended.digest,
            "salt": ended.salt,
            "semantics": ended.semantics,
            "pending": ended.pending,
            "timetable": ended.timetable,
        }
    )


def decode(body: Mapping[str, Any]) -> Stood | Ended:
    """The record that the JSON is. Raises KeyError or TypeError where it is none."""
    if body["kind"] == ENDED:
        return Ended(
            body["clock"],
            body["announced"],
            body["digest"],
            body["salt"],
            body["semantics"],
            body["pending"],
            body["timetable"],
        )
    partition, offset = body["from"]
    return Stood(
        partition,
        offset,
        body["clock"],
        body["digest"],
        body["salt"],
        body["semantics"],
        body.get("worked_off", {}),
        body.get("visited", ()),
        body.get("forgotten", {}),
    )

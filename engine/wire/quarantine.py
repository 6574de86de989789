"""What operators write to the compacted topic `quarantine`: records taken out of the way, and clock jumps that are meant.

Keys `record/<partition>/<offset>` and `clock/<partition>`, so that the latest word counts and none is lost by compaction.
"""

from typing import NamedTuple

import orjson


class QuarantinedRecord(NamedTuple):
    """The journal record at this offset is decided as quarantined and dead-lettered."""

    partition: int
    offset: int
    reason: str = ""


class ClockConfirmed(NamedTuple):
    """Ticks of this partition up to `to_ms` are meant, however far ahead of the broker's clock they are."""

    partition: int
    to_ms: int
    reason: str = ""


Word = QuarantinedRecord | ClockConfirmed


def encode(word: Word) -> tuple[bytes, bytes]:
    """Key and value of an operator's word."""
    match word:
        case QuarantinedRecord(partition, offset, reason):
            return b"record/%d/%d" % (partition, offset), orjson.dumps({"reason": reason})
        case ClockConfirmed(partition, to_ms, reason):
            return b"clock/%d" % partition, orjson.dumps({"to": to_ms, "reason": reason})


def decode(key: bytes, value: bytes) -> Word:
    """An operator's word. Raises ValueError where the record holds none."""
    try:
        match key.decode().split("/"):
            case ["record", partition, offset]:
                return QuarantinedRecord(int(partition), int(offset), orjson.loads(value)["reason"])
            case ["clock", partition]:
                body = orjson.loads(value)
                return ClockConfirmed(int(partition), int(body["to"]), body["reason"])
            case _:
                raise ValueError(f"unknown key on the topic quarantine: {key!r}")
    except (KeyError, TypeError) as error:
        raise ValueError(f"not an operator's word: {key!r}: {error!r}") from error

"""As much of Kafka's wire format as a proxy must read: frames, the head of a request, and a produce request's partitions.

A frame is four bytes of length and a body. A request's body begins with api key, version, correlation id; an answer's
with the correlation id.
"""

import asyncio
import struct
from enum import IntEnum
from typing import NamedTuple

REFUSED = 10  # MESSAGE_TOO_LARGE: no client tries that again
_ANSWERED_LIKE_5 = range(5, 8)  # the versions of produce answers that have these fields
_HEAD = struct.Struct(">hhi")


class Api(IntEnum):
    """The requests that faults are about."""

    PRODUCE = 0
    FETCH = 1
    OFFSET_COMMIT = 8
    JOIN_GROUP = 11
    HEARTBEAT = 12
    SYNC_GROUP = 14
    INIT_PRODUCER_ID = 22
    ADD_PARTITIONS = 24
    END_TXN = 26


class Request(NamedTuple):
    """A request's head and its whole body."""

    api: int
    version: int
    correlation: int
    body: bytes


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """The next body; None where the connection ended."""
    try:
        (length,) = struct.unpack(">i", await reader.readexactly(4))
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, OSError):
        return None


async def write_frame(writer: asyncio.StreamWriter, body: bytes) -> None:
    """Writes a body as a frame; raises OSError where the connection ended."""
    writer.write(struct.pack(">i", len(body)) + body)
    await writer.drain()


def request_of(body: bytes) -> Request:
    """The head of a request."""
    api, version, correlation = _HEAD.unpack_from(body)
    return Request(api, version, correlation, body)


def correlation_of(answer: bytes) -> int:
    """Which request an answer is for."""
    number: int = struct.unpack_from(">i", answer)[0]
    return number


def refusal(request: Request) -> bytes:
    """The answer of a broker that refuses every batch of a produce request and wrote none of them."""
    if request.version not in _ANSWERED_LIKE_5:
        raise ValueError(f"no answer known for produce requests of version {request.version}")
    reading = _Reading(request.body, _HEAD.size)
    reading.text()  # client id
    reading.text()  # transactional id
    reading.take(">hi")  # acks, timeout
    answer = [struct.pack(">i", request.correlation)]
    topics = reading.take(">i")
    answer.append(struct.pack(">i", topics))
    for _ in range(topics):
        name = reading.text()
        partitions = reading.take(">i")
        answer.append(struct.pack(">h", len(name)) + name + struct.pack(">i", partitions))
        for _ in range(partitions):
            number = reading.take(">i")
            reading.skip(reading.take(">i"))
            answer.append(struct.pack(">ihqqq", number, REFUSED, -1, -1, -1))
    answer.append(struct.pack(">i", 0))  # throttle time
    return b"".join(answer)


class _Reading:
    def __init__(self, body: bytes, at: int) -> None:
        self._body = body
        self._at = at

    def take(self, form: str) -> int:
        """The first number of a form."""
        values = struct.unpack_from(form, self._body, self._at)
        self._at += struct.calcsize(form)
        return int(values[0])

    def skip(self, count: int) -> None:
        self._at += max(0, count)

    def text(self) -> bytes:
        length = self.take(">h")
        begin, self._at = self._at, self._at + max(0, length)
        return self._body[begin : self._at]

"""What several processes have seen, noted in files by the first bits of its digest, so that all of it can be compared piece by piece.

A note is a digest and where it was seen. Nothing is kept in memory but one piece.
"""

import struct
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, Self

BUCKETS = 256  # the digest's first byte
_FLUSH_BYTES = 16 << 10
_NOTE = struct.Struct("<16sHQ")


class Seen(NamedTuple):
    """A note of a partition: `where` is what the notes of a kind say with it, such as the number of a topic."""

    digest: bytes
    partition: int
    where: int
    offset: int


class Notes:
    """Writes the notes of one partition below a folder. Use it as a context."""

    def __init__(self, folder: Path, partition: int) -> None:
        self._folder = folder
        self._partition = partition
        self._waiting: dict[tuple[str, int], bytearray] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for (kind, bucket), waiting in self._waiting.items():
            self._flush(kind, bucket, waiting)

    def add(self, kind: str, digest: bytes, offset: int, where: int = 0) -> None:
        """Notes that something was seen."""
        waiting = self._waiting.get((kind, digest[0]))
        if waiting is None:
            waiting = self._waiting[kind, digest[0]] = bytearray()
        waiting += _NOTE.pack(digest, where, offset)
        if len(waiting) >= _FLUSH_BYTES:
            self._flush(kind, digest[0], waiting)

    def _flush(self, kind: str, bucket: int, waiting: bytearray) -> None:
        with _path(self._folder, kind, bucket, self._partition).open("ab") as file:
            file.write(waiting)
        waiting.clear()


def noted(folder: Path, kind: str, bucket: int, partitions: int) -> Iterator[Seen]:
    """The notes of one kind in one bucket, by partition, in the order in which they were written."""
    for number in range(partitions):
        path = _path(folder, kind, bucket, number)
        if path.exists():
            for digest, where, offset in _NOTE.iter_unpack(path.read_bytes()):
                yield Seen(digest, number, where, offset)


def digest_of_message(partition: int, key: bytes, value: bytes) -> bytes:
    """A message's content: the journal partition that it goes to, key and value."""
    return blake2b(b"%d\x1f%b\x1f%b" % (partition, key, value), digest_size=16).digest()


def digest_of_id(name: str) -> bytes:
    """An id's; most are 32 hex digits and so are their own."""
    if len(name) == 32:  # noqa: PLR2004 - what `ids.derive` makes
        try:
            return bytes.fromhex(name)
        except ValueError:
            pass
    return blake2b(name.encode(), digest_size=16).digest()


def _path(folder: Path, kind: str, bucket: int, partition: int) -> Path:
    return folder / f"{kind}-{bucket:02x}-{partition}"

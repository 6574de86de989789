"""What several processes have seen, noted in files by the first bits of its digest, so that all of it can be compared piece by piece.

A note is a digest and where it was seen. Nothing is kept in memory but one piece.
"""

import struct
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, Self

import orjson

BUCKETS = 256  # the digest's first byte
_FLUSH_BYTES = 16 << 10
_DATA, _INDEX = ".notes", ".index"
_NOTE = struct.Struct("<16sHQ")


class Seen(NamedTuple):
    """A note of a partition: `where` is what the notes of a kind say with it, such as the number of a topic."""

    digest: bytes
    partition: int
    where: int
    offset: int


class Notes:
    """Writes the notes of one partition to a file below a folder, and where in it each bucket's are. Use it as a context."""

    def __init__(self, folder: Path, partition: int) -> None:
        self._file = (folder / f"{partition}{_DATA}").open("wb")
        self._index = folder / f"{partition}{_INDEX}"
        self._waiting: dict[tuple[str, int], bytearray] = {}
        self._written: list[tuple[str, int, int, int]] = []  # kind, bucket, where it begins and how long it is

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for (kind, bucket), waiting in self._waiting.items():
            self._flush(kind, bucket, waiting)
        self._file.close()
        self._index.write_bytes(orjson.dumps(self._written))

    def add(self, kind: str, digest: bytes, offset: int, where: int = 0) -> None:
        """Notes that something was seen."""
        waiting = self._waiting.get((kind, digest[0]))
        if waiting is None:
            waiting = self._waiting[kind, digest[0]] = bytearray()
        waiting += _NOTE.pack(digest, where, offset)
        if len(waiting) >= _FLUSH_BYTES:
            self._flush(kind, digest[0], waiting)

    def _flush(self, kind: str, bucket: int, waiting: bytearray) -> None:
        if waiting:
            self._written.append((kind, bucket, self._file.tell(), len(waiting)))
            self._file.write(waiting)
            waiting.clear()


class Noted:
    """The notes of all partitions, to be read bucket by bucket. Use it as a context."""

    def __init__(self, folder: Path, partitions: int) -> None:
        self._opened = ExitStack()
        self._files = [
            self._opened.enter_context((folder / f"{number}{_DATA}").open("rb")) for number in range(partitions)
        ]
        self._places: defaultdict[tuple[str, int], list[tuple[int, int, int]]] = defaultdict(list)
        for number in range(partitions):
            for kind, bucket, begin, length in orjson.loads((folder / f"{number}{_INDEX}").read_bytes()):
                self._places[kind, bucket].append((number, begin, length))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def seen(self, kind: str, bucket: int) -> Iterator[Seen]:
        """The notes of one kind in one bucket, by partition, in the order in which they were written."""
        for number, begin, length in self._places.get((kind, bucket), ()):
            self._files[number].seek(begin)
            for digest, where, offset in _NOTE.iter_unpack(self._files[number].read(length)):
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

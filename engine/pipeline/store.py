"""The rows of one partition in memory: bytes until touched, with what is due and what can be listed.

A fold works on an `Overlay` and changes nothing here; `take_over` applies it after the commit.
"""

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine.core import keys
from engine.core.records import Kept, Row
from engine.errors import EngineError
from engine.wire import rows as wire


class RowTooLarge(EngineError):
    """A row over the limit, found while deciding."""


class Store:
    """Rows by key, and the due instants of each subject in order."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self._due: dict[str, int] = {}
        self._due_of: dict[str, list[tuple[int, str]]] = {}
        self._queue: list[tuple[int, str]] = []  # (due, subject); an entry counts only while it is the subject's first
        self._listed: dict[str, set[str]] = {}

    def restore(self, key: str, value: bytes | None, due_ms: int | None) -> None:
        """Takes a record of the state topic; the due order is built once, by `restored`."""
        if value is None:
            self.rows.pop(key, None)
            self._due.pop(key, None)
            self._unlist(key)
            return
        self.rows[key] = value
        if due_ms is None:
            self._due.pop(key, None)
        else:
            self._due[key] = due_ms
        self._list(key)

    def restored(self) -> None:
        """Orders what is due."""
        for key, due_ms in self._due.items():
            self._due_of.setdefault(keys.owner_of(key), []).append((due_ms, key))
        for waiting in self._due_of.values():
            waiting.sort()
        self._queue = [(waiting[0][0], subject) for subject, waiting in self._due_of.items()]
        heapq.heapify(self._queue)

    def due_of(self, subject: str) -> Sequence[tuple[int, str]]:
        """What is due of a subject, as (instant, key), in order."""
        return self._due_of.get(subject, ())

    def due_ms(self, key: str) -> int | None:
        """The due instant of a row."""
        return self._due.get(key)

    def next_due_ms(self) -> int | None:
        """The earliest due instant."""
        while self._queue and not self._current(self._queue[0]):
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def first_due(self, limit_ms: int, most: int, without: set[str]) -> list[tuple[int, str]]:
        """The first subjects with something due up to `limit_ms`, as (instant, subject), leaving out some."""
        found: list[tuple[int, str]] = []
        passed: list[tuple[int, str]] = []
        while self._queue and self._queue[0][0] <= limit_ms and len(found) < most:
            entry = heapq.heappop(self._queue)
            if not self._current(entry) or (passed and passed[-1] == entry):
                continue
            passed.append(entry)
            if entry[1] not in without:
                found.append(entry)
        for entry in passed:
            heapq.heappush(self._queue, entry)
        return found

    def listed(self, prefix: str) -> set[str]:
        """The keys of a collection of a subject."""
        return self._listed.get(prefix, set())

    def take_over(self, changed: dict[str, tuple[bytes, int | None] | None]) -> None:
        """Applies what a committed transaction wrote."""
        subjects: set[str] = set()
        for key, kept in changed.items():
            subject = keys.owner_of(key)
            if self._forget_due(subject, key):
                subjects.add(subject)
            if kept is None:
                self.rows.pop(key, None)
                self._unlist(key)
                continue
            value, due_ms = kept
            self.rows[key] = value
            self._list(key)
            if due_ms is not None:
                self._due[key] = due_ms
                insort(self._due_of.setdefault(subject, []), (due_ms, key))
                subjects.add(subject)
        for subject in subjects:
            waiting = self._due_of.get(subject)
            if waiting:
                heapq.heappush(self._queue, (waiting[0][0], subject))
            else:
                self._due_of.pop(subject, None)

    def _forget_due(self, subject: str, key: str) -> bool:
        due_ms = self._due.pop(key, None)
        if due_ms is None:
            return False
        waiting = self._due_of[subject]
        del waiting[bisect_left(waiting, (due_ms, key))]
        return True

    def _current(self, entry: tuple[int, str]) -> bool:
        waiting = self._due_of.get(entry[1])
        return bool(waiting) and waiting[0][0] == entry[0]  # type: ignore[index]  # bool() just said it is not empty

    def _list(self, key: str) -> None:
        for collection in keys.SCANNED:
            at = key.find(collection)
            if at >= 0:
                self._listed.setdefault(key[: at + len(collection)], set()).add(key)

    def _unlist(self, key: str) -> None:
        for collection in keys.SCANNED:
            at = key.find(collection)
            if at >= 0:
                prefix = key[: at + len(collection)]
                listed = self._listed.get(prefix, set())
                listed.discard(key)
                if not listed:
                    self._listed.pop(prefix, None)


class Overlay:
    """The rows as a fold sees them: the store's, under what the fold has written so far."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._decoded: dict[str, Row] = {}
        self.changed: dict[str, tuple[bytes, int | None] | None] = {}
        self._subjects: dict[str, set[str]] = {}  # keys written, by subject

    def get(self, key: str) -> Row | None:
        """A row, decoded once a fold."""
        row = self._decoded.get(key)
        if row is None:
            value = self.bytes_of(key)
            if value is None:
                return None
            row = self._decoded[key] = wire.decode(value)
        return row

    def bytes_of(self, key: str) -> bytes | None:
        """A row's canonical bytes."""
        if key in self.changed:
            kept = self.changed[key]
            return None if kept is None else kept[0]
        return self._store.rows.get(key)

    def scan(self, prefix: str) -> Sequence[str]:
        """The keys that start with `<subject>/<collection>/`, in order."""
        collection = "/".join(prefix.split("/", 2)[:2]) + "/"
        found = set(self._store.listed(collection))
        for key in self._subjects.get(keys.owner_of(prefix), ()):
            if key.startswith(collection):
                (found.discard if self.changed[key] is None else found.add)(key)
        return sorted(key for key in found if key.startswith(prefix))

    def write(self, rows: Mapping[str, Kept | None]) -> int:
        """Writes the rows of one decision, all or none, and returns their size. Raises RowTooLarge."""
        encoded = {key: None if kept is None else wire.encode(kept.row) for key, kept in rows.items()}
        size = 0
        for key, value in encoded.items():
            size += len(key) + len(value or b"")
            if value is not None and len(value) > wire.MAX_BYTES:
                raise RowTooLarge(key)
        for key, kept in rows.items():
            self._subjects.setdefault(keys.owner_of(key), set()).add(key)
            value = encoded[key]
            self.changed[key] = None if kept is None or value is None else (value, kept.due_ms)
            # Read again from the canonical bytes: a row as written orders its maps otherwise than the row as restored.
            self._decoded.pop(key, None)
        return size

    def due(self, subject: str, limit_ms: int) -> tuple[int, str] | None:
        """What is due first of a subject up to an instant, as (instant, key)."""
        written = self._subjects.get(subject, ())
        first = [item for item in self._due_written(written) if item[0] <= limit_ms]
        for item in self._store.due_of(subject):
            if item[0] > limit_ms:
                break
            if item[1] not in written:
                first.append(item)
                break
        return min(first, default=None)

    def first_due(self, limit_ms: int, most: int) -> list[tuple[int, str]]:
        """The first subjects with something due up to an instant, as (instant, subject), in order."""
        touched = set(self._subjects)
        found = self._store.first_due(limit_ms, most, touched)
        for subject in touched:
            item = self.due(subject, limit_ms)
            if item is not None:
                found.append((item[0], subject))
        found.sort()
        return found[:most]

    def _due_written(self, written: Iterable[str]) -> Iterator[tuple[int, str]]:
        for key in written:
            kept = self.changed[key]
            if kept is not None and kept[1] is not None:
                yield kept[1], key

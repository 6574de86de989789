"""The rows of one partition in memory: bytes until touched, with what is due and what can be listed.

A fold works on an `Overlay` and changes nothing here; `take_over` applies it after the commit.
"""

import heapq
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Container, Mapping, Sequence

from engine.core import keys
from engine.core.records import Kept, Row
from engine.errors import EngineError
from engine.wire import rows as wire

DueRow = tuple[int, int, str]  # the due instant, the rank of the row's collection, its key

_MEMBER = "member:"
_LAST = "\U0010ffff"  # after all signs of a key
_SPARE = 1_000  # entries of the queue that count no more and are left alone


class RowTooLarge(EngineError):
    """A row over the limit, found while deciding."""


class Store:
    """Rows by key, and the due instants of each subject in order."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self._due: dict[str, int] = {}
        self._due_of: dict[str, list[DueRow]] = {}
        self._queue: list[tuple[int, str]] = []  # (due, subject); an entry counts only while it is the subject's first
        self._keys_of: dict[str, list[str]] = {}  # the keys of a subject's rows but its own, in order
        self._members: list[str] = []  # in order

    def restore(self, key: str, value: bytes | None, due_ms: int | None) -> None:
        """Takes a record of the state topic; the due order is built once, by `restored`."""
        if value is None:
            if self.rows.pop(key, None) is not None:
                self._due.pop(key, None)
            return
        self.rows[key] = value
        if due_ms is None:
            self._due.pop(key, None)
        else:
            self._due[key] = due_ms

    def restored(self) -> None:
        """Orders what is due, and what can be listed."""
        for key in sorted(self.rows):
            self._list_last(key)
        for key, due_ms in self._due.items():
            self._due_of.setdefault(keys.owner_of(key), []).append((due_ms, keys.due_rank(key), key))
        for waiting in self._due_of.values():
            waiting.sort()
        self._queue = [(waiting[0][0], subject) for subject, waiting in self._due_of.items()]
        heapq.heapify(self._queue)

    def due_of(self, subject: str) -> Sequence[DueRow]:
        """What is due of a subject, in order."""
        return self._due_of.get(subject, ())

    def due_ms(self, key: str) -> int | None:
        """The due instant of a row."""
        return self._due.get(key)

    def next_due_ms(self) -> int | None:
        """The earliest due instant."""
        self._drop_passed()
        return self._queue[0][0] if self._queue else None

    def upcoming(self) -> "Upcoming":
        """The subjects in the order of what is due of them; only while the store does not change."""
        return Upcoming(self._queue, self.due_of)

    def listed(self, prefix: str) -> list[str]:
        """The keys that start with `<subject>/...`, in order."""
        listed = self._keys_of.get(keys.owner_of(prefix))
        if listed is None:
            return []
        return listed[bisect_left(listed, prefix) : bisect_left(listed, prefix + _LAST)]

    def members_after(self, subject: str, most: int) -> list[str]:
        """The first members after one, in order."""
        at = bisect_right(self._members, subject)
        return self._members[at : at + most]

    def take_over(self, changed: dict[str, tuple[bytes, int | None] | None]) -> None:
        """Applies what a committed transaction wrote."""
        rows, due_of_key = self.rows, self._due
        first_of: dict[str, DueRow | None] = {}  # what was due first of the subjects that are touched
        for key, kept in changed.items():
            before = due_of_key.get(key)
            due_ms = None if kept is None else kept[1]
            if before != due_ms:
                subject = keys.owner_of(key)
                if subject not in first_of:
                    waiting = self._due_of.get(subject)
                    first_of[subject] = waiting[0] if waiting else None
                self._reorder(subject, key, before, due_ms)
            if kept is None:
                if rows.pop(key, None) is not None:
                    self._unlist(key)
            else:
                if key not in rows:
                    self._list(key)
                rows[key] = kept[0]
        for subject, first in first_of.items():
            self._queue_anew(subject, None if first is None else first[0])
        self._drop_passed()

    def _drop_passed(self) -> None:
        while self._queue and not self._current(self._queue[0]):
            heapq.heappop(self._queue)

    def _queue_anew(self, subject: str, before_ms: int | None) -> None:
        waiting = self._due_of.get(subject)
        if not waiting:
            self._due_of.pop(subject, None)
        elif waiting[0][0] != before_ms:
            heapq.heappush(self._queue, (waiting[0][0], subject))
        if len(self._queue) > 2 * len(self._due_of) + _SPARE:  # most entries count no more
            self._queue = [(waiting[0][0], subject) for subject, waiting in self._due_of.items()]
            heapq.heapify(self._queue)

    def _reorder(self, subject: str, key: str, before: int | None, due_ms: int | None) -> None:
        waiting = self._due_of.setdefault(subject, [])
        rank = keys.due_rank(key)
        if before is not None:
            del waiting[bisect_left(waiting, (before, rank, key))]
        if due_ms is None:
            del self._due[key]
        else:
            self._due[key] = due_ms
            insort(waiting, (due_ms, rank, key))

    def _current(self, entry: tuple[int, str]) -> bool:
        waiting = self._due_of.get(entry[1])
        return bool(waiting) and waiting[0][0] == entry[0]  # type: ignore[index]  # bool() just said it is not empty

    def _list(self, key: str) -> None:
        subject = keys.owner_of(key)
        if subject != key:
            insort(self._keys_of.setdefault(subject, []), key)
        elif key.startswith(_MEMBER):
            insort(self._members, key)

    def _list_last(self, key: str) -> None:
        subject = keys.owner_of(key)
        if subject != key:
            self._keys_of.setdefault(subject, []).append(key)
        elif key.startswith(_MEMBER):
            self._members.append(key)

    def _unlist(self, key: str) -> None:
        subject = keys.owner_of(key)
        if subject == key:
            if key.startswith(_MEMBER):
                del self._members[bisect_left(self._members, key)]
            return
        listed = self._keys_of[subject]
        del listed[bisect_left(listed, key)]
        if not listed:
            del self._keys_of[subject]


class Upcoming:
    """Walks a queue of (due, subject), a heap, in order and without changing it: `_next` are the entries below those passed."""

    def __init__(self, queue: Sequence[tuple[int, str]], due_of: Callable[[str], Sequence[DueRow]]) -> None:
        self._queue = queue
        self._due_of = due_of
        self._next = [(queue[0], 0)] if queue else []

    def first(self, without: Container[str]) -> tuple[int, str] | None:
        """The first subject that is not left out. One that was left out once is not looked at again."""
        while self._next:
            entry, at = self._next[0]
            waiting = self._due_of(entry[1])
            if waiting and waiting[0][0] == entry[0] and entry[1] not in without:
                return entry
            heapq.heappop(self._next)
            for below in (2 * at + 1, 2 * at + 2):
                if below < len(self._queue):
                    heapq.heappush(self._next, (self._queue[below], below))
        return None


class Overlay:
    """The rows as a fold sees them: the store's, under what the fold has written so far."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._decoded: dict[str, Row] = {}
        self.changed: dict[str, tuple[bytes, int | None] | None] = {}
        self._written: dict[str, dict[str, object]] = {}  # keys written, by subject
        self._due: dict[str, list[DueRow]] = {}  # of the keys written; an entry counts while the row still has it
        self._passed: dict[str, int] = {}  # how many of the store's due rows of a subject this fold has written
        self._upcoming: Upcoming | None = None  # of the subjects that this fold has not written
        self._queue: list[tuple[int, str]] = []  # (due, subject) of those it has; an entry counts while it is the first
        self._unqueued: dict[str, None] = {}  # those written since

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

    def due_ms(self, key: str) -> int | None:
        """When a row is due."""
        if key in self.changed:
            kept = self.changed[key]
            return None if kept is None else kept[1]
        return self._store.due_ms(key)

    def scan(self, prefix: str) -> Sequence[str]:
        """The keys that start with `<subject>/<collection>/`, in order."""
        found = self._store.listed(prefix)
        written = self._written.get(keys.owner_of(prefix))
        if not written:
            return found
        own = [key for key in written if key.startswith(prefix)]
        if not own:
            return found
        changed = self.changed
        return sorted({*found, *own} - {key for key in own if changed[key] is None})

    def members_after(self, subject: str, most: int) -> list[str]:
        """The first members after one, in order."""
        enrolled = [
            key for key in self._written if key.startswith(_MEMBER) and key > subject and self.bytes_of(key) is not None
        ]
        return sorted({*self._store.members_after(subject, most), *enrolled})[:most]

    def write(self, subject: str, rows: Mapping[str, Kept | None]) -> int:
        """Writes the rows of one decision of a subject, all or none, and returns their size. Raises RowTooLarge."""
        size = 0
        encoded: dict[str, tuple[bytes, int | None] | None] = {}
        for key, kept in rows.items():
            size += len(key)
            if kept is None:
                encoded[key] = None
                continue
            row, due_ms = kept
            value = wire.encode(row)
            if len(value) > wire.MAX_BYTES:
                raise RowTooLarge(key)
            size += len(value)
            encoded[key] = (value, due_ms)
        self.changed.update(encoded)
        self._written.setdefault(subject, {}).update(encoded)
        self._unqueued[subject] = None
        decoded = self._decoded
        for key, written in encoded.items():
            # Read again from the canonical bytes: a row as written orders its maps otherwise than the row as restored.
            if key in decoded:
                del decoded[key]
            if written is not None and (due_ms := written[1]) is not None:
                heapq.heappush(self._due.setdefault(subject, []), (due_ms, keys.due_rank(key), key))
        return size

    def due(self, subject: str, limit_ms: int) -> tuple[int, str] | None:
        """What is due first of a subject up to an instant, as (instant, key)."""
        first = self._first(subject)
        return (first[0], first[2]) if first is not None and first[0] <= limit_ms else None

    def first_due(self, limit_ms: int) -> tuple[int, str] | None:
        """The first subject with something due up to an instant, as (instant, subject)."""
        for subject in self._unqueued:
            first = self._first(subject)
            if first is not None:
                heapq.heappush(self._queue, (first[0], subject))
        self._unqueued.clear()
        while self._queue:
            first = self._first(self._queue[0][1])
            if first is not None and first[0] == self._queue[0][0]:
                break
            heapq.heappop(self._queue)
        if self._upcoming is None:
            self._upcoming = self._store.upcoming()
        before = self._upcoming.first(self._written)
        own = self._queue[0] if self._queue else None
        entry = min(before, own) if before and own else before or own
        return entry if entry is not None and entry[0] <= limit_ms else None

    def _first(self, subject: str) -> DueRow | None:
        before = self._due_before(subject)
        own = self._due_written(subject)
        return min(before, own) if before and own else before or own

    def _due_before(self, subject: str) -> DueRow | None:
        """The store's first due row of a subject that this fold has not written; those passed are not looked at again."""
        waiting = self._store.due_of(subject)
        written = self._written.get(subject)
        if written is None:
            return waiting[0] if waiting else None
        at = self._passed.get(subject, 0)
        while at < len(waiting) and waiting[at][2] in written:
            at += 1
        self._passed[subject] = at
        return waiting[at] if at < len(waiting) else None

    def _due_written(self, subject: str) -> DueRow | None:
        """The first due row of a subject among those that this fold has written."""
        waiting = self._due.get(subject)
        while waiting:
            due_ms, _, key = waiting[0]
            kept = self.changed[key]
            if kept is not None and kept[1] == due_ms:
                return waiting[0]
            heapq.heappop(waiting)
        return None

"""The rows that deriving leaves against those that the worker left at the same position: key by key, bytes and due instants."""

from collections.abc import Iterable, Iterator

import orjson

from engine.pipeline.partition import FORGOTTEN_PREFIX, ORIGIN_PREFIX, POSITION_KEY
from engine.pipeline.records import StateRecord
from engine.replay.verifying.divergence import Divergence

_OWN = "_"  # the rows of the engine itself begin so; no subject's do
_COMPARED = (ORIGIN_PREFIX, FORGOTTEN_PREFIX, POSITION_KEY)  # functions of the journal; `_stuck` is none


class Rows:
    """Compares once; `compared` and `own` (the engine's own) count."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self.compared = 0
        self.own = 0

    def compare(
        self, derived: Iterable[StateRecord], own: Iterable[StateRecord], kept: Iterable[StateRecord]
    ) -> Iterator[Divergence]:
        """All sorted by key; `kept` holds both kinds, the engine's own after all subjects or before them."""
        theirs: list[StateRecord] = []
        yield from self._merged(derived, _subjects(kept, theirs))
        yield from self._merged_own(list(own), theirs)

    def _merged(self, derived: Iterable[StateRecord], kept: Iterator[StateRecord]) -> Iterator[Divergence]:
        other = next(kept, None)
        for row in derived:
            while other is not None and other.key < row.key:
                yield self._differs(None, other)
                other = next(kept, None)
            self.compared += 1
            if other is None or other.key != row.key:
                yield self._differs(row, None)
                continue
            if other != row:
                yield self._differs(row, other)
            other = next(kept, None)
        while other is not None:
            yield self._differs(None, other)
            other = next(kept, None)

    def _merged_own(self, derived: list[StateRecord], kept: list[StateRecord]) -> Iterator[Divergence]:
        ours = {row.key: _comparable(row) for row in derived}
        theirs = {row.key: _comparable(row) for row in kept}
        self.own += len(ours)
        for key in sorted(ours.keys() | theirs.keys()):
            if ours.get(key) != theirs.get(key):
                yield self._differs(ours.get(key), theirs.get(key))

    def _differs(self, derived: StateRecord | None, kept: StateRecord | None) -> Divergence:
        key = (derived or kept or StateRecord(b"", None, None)).key.decode(errors="replace")
        what = ""
        if derived is None:
            what = "the snapshot has it, nothing derives it"
        elif kept is None:
            what = "derived, the snapshot does not have it"
        elif derived.due_ms != kept.due_ms:
            what = f"due at {derived.due_ms} as derived, at {kept.due_ms} in the snapshot"
        one, other = (None if row is None else row.value for row in (derived, kept))
        return Divergence("rows", "state", self._partition, None, key, what, None, one, other)


def _subjects(kept: Iterable[StateRecord], own: list[StateRecord]) -> Iterator[StateRecord]:
    """The rows of subjects; those of the engine itself, which are few, go aside."""
    for row in kept:
        name = row.key.decode(errors="replace")
        if not name.startswith(_OWN):
            yield row
        elif name.startswith(_COMPARED):
            own.append(row)


def _comparable(row: StateRecord) -> StateRecord:
    """A position without `next`: that is where a batch ended, which may be behind offsets that hold no record."""
    if row.key != POSITION_KEY.encode() or row.value is None:
        return row
    return row._replace(value=orjson.dumps({**orjson.loads(row.value), "next": None}, option=orjson.OPT_SORT_KEYS))

"""One partition of an outcome topic as published, held against what is derived.

Batches that are the same are passed by a plain comparison of bytes. Others are walked through record by record of the journal:
outcomes find each other by their ids, in whatever place they stand, so that one that is lost, added or moved is one divergence.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice

from engine.history.history import Published
from engine.pipeline.records import TopicRecord
from engine.replay.verifying.divergence import Divergence, Divergences, Kind
from engine.replay.verifying.envelope import id_of, position_of, without_id

LOOK_AHEAD = 50  # so far an outcome is looked for behind others that stand in its place
FEW_ASIDE = 3
MOST_PENDING = 10_000  # that may still be found elsewhere in the topic
_NOWHERE = -1


class Stream:
    """Given all that is derived for it, in order; then ended. `compared` outcomes were there, the same or not."""

    def __init__(
        self,
        topic: str,
        partition: int,
        batches: Iterator[Sequence[Published]],
        divergences: Divergences,
        seen: Callable[[Published], object],
        *,
        since: int = 0,
        cut: bool = False,
    ) -> None:
        """`since`: the journal offset that deriving begins at. `cut`: earlier outcomes may not be kept any more.

        `seen` is told of each published outcome that is compared.
        """
        self._topic, self._partition = topic, partition
        self._batches = batches
        self._divergences = divergences
        self._seen = seen
        self._since, self._cut = since, cut
        self._ahead: deque[Published] = deque()
        self._missing: dict[str, TopicRecord] = {}  # derived, not seen yet
        self._early: dict[str, tuple[Published, int]] = {}  # seen, not derived yet; before what was derived of where
        self.lost = False  # what was published cannot be read from here on: who gives the batches says so
        self.compared = 0
        self.not_compared = 0  # derived, but what was published is not kept; or published, but not derived

    def take(self, derived: Sequence[TopicRecord]) -> None:
        """The next outcomes that are derived."""
        if self._cut:
            derived = self._kept_still(derived)
        count = len(derived)
        if not self.lost:
            self._fill(count)
        if self.lost:
            self.not_compared += count
            return
        if len(self._ahead) >= count:
            there = list(islice(self._ahead, count))
            if all(
                one.value == other.value and one.key == other.key for one, other in zip(derived, there, strict=True)
            ):
                for _ in range(count):
                    self._seen(self._ahead.popleft())
                self.compared += count
                return
        for position, group in groupby(derived, lambda record: position_of(record.value)):
            self._at(_NOWHERE if position is None else position, list(group))

    def end(self, until: int) -> None:
        """Ends it: what was published at journal offsets from `until` on is not compared."""
        if self.lost:
            self.not_compared += len(self._missing)
            return
        while self._ahead or self._fill(1):
            record = self._ahead.popleft()
            position = position_of(record.value)
            if position is not None and position >= until:
                self.not_compared += 1
            else:
                self._seen(record)
                self._unexpected(record, until, [])
        for derived in self._missing.values():
            self._add("missing", position_of(derived.value), derived, None)
        for published, before in self._early.values():
            self._extra(published, before)

    # -- what is published

    def _fill(self, count: int) -> bool:
        """Reads on until so many are ahead, or all are; whether there are."""
        while len(self._ahead) < count:
            batch = next(self._batches, None)
            if batch is None:
                return False
            for record in batch:
                if self._since and not self._ahead and not self.compared:
                    position = position_of(record.value)
                    if position is None or position < self._since:
                        self._cut = False  # there is more than what is asked for
                        continue
                if self._topic == "dead-letters" and position_of(record.value) is None:
                    continue  # intake's
                self._ahead.append(record)
        return True

    def _kept_still(self, derived: Sequence[TopicRecord]) -> Sequence[TopicRecord]:
        """Passes over what is derived before the first outcome that is kept."""
        if not self._fill(1):
            self.not_compared += len(derived)
            return ()
        first = self._ahead[0]
        name, position = id_of(first.value), position_of(first.value)
        for number, record in enumerate(derived):
            if id_of(record.value) == name or (position_of(record.value) or 0) > (position or 0) or not self._cut:
                self._cut = False
                return derived[number:]
            self.not_compared += 1
        return ()

    def _pull(self) -> Published:
        record = self._ahead.popleft()
        self._seen(record)
        return record

    # -- one record of the journal

    def _at(self, position: int, derived: Sequence[TopicRecord]) -> None:
        wanted = {id_of(record.value): record for record in derived}
        here = self._standing_at(position, wanted.keys() - self._early.keys())
        found: dict[str, Published] = {}
        unexpected: list[Published] = []
        for published in here:
            name = id_of(published.value)
            if name in wanted and name not in found and name not in self._early:
                found[name] = published
            else:
                unexpected.append(published)
        in_order = dict(zip(found, (name for name in wanted if name in found), strict=True))
        lacking: list[TopicRecord] = []
        for name, record in wanted.items():
            if name in found:
                self._pair(position, record, found[name], moved=in_order[name] != name)
            elif name in self._early:
                aside, before = self._early.pop(name)
                self._pair(min(position, before), record, aside, moved=True)
            else:
                lacking.append(record)
        for published in unexpected:
            self._unexpected(published, position, lacking)
        for record in lacking:
            self._missing[id_of(record.value)] = record
        self._bound()

    def _standing_at(self, position: int, wanted: set[str]) -> list[Published]:
        """What stands at the head for a position: all up to it, and what is wanted wherever it says that it belongs."""
        here: list[Published] = []
        lacking = set(wanted)
        while True:
            while self._ahead or self._fill(1):
                head = self._ahead[0]
                name, at = id_of(head.value), position_of(head.value)
                if at is not None and at > position and name not in lacking:
                    break
                lacking.discard(name)
                here.append(self._pull())
            behind = self._behind(lacking)
            if behind is None:
                return here
            if behind > FEW_ASIDE:  # one that was moved back, not so many that were moved up
                record = self._ahead[behind]
                del self._ahead[behind]
                self._seen(record)
                lacking.discard(id_of(record.value))
                self._early[id_of(record.value)] = record, position
                continue
            for _ in range(behind):
                record = self._pull()
                self._early[id_of(record.value)] = record, position

    def _behind(self, wanted: set[str]) -> int | None:
        """How many others stand before the next that is wanted, where it is near."""
        if not wanted:
            return None
        self._fill(LOOK_AHEAD)
        near = islice(self._ahead, LOOK_AHEAD)
        return next((number for number, record in enumerate(near) if id_of(record.value) in wanted), None)

    # -- what is said of it

    def _pair(self, position: int, derived: TopicRecord, published: Published, *, moved: bool) -> None:
        self.compared += 1
        if derived.value != published.value or derived.key != published.key:
            says = position_of(published.value)
            self._add("changed", position if says is None else min(position, says), derived, published)
        elif moved:
            self._add("order", position, derived, published)

    def _unexpected(self, published: Published, before: int, lacking: list[TopicRecord]) -> None:
        """An outcome that is not derived here: derived earlier, or here under another id, or perhaps later."""
        name = id_of(published.value)
        derived = self._missing.pop(name, None)
        if derived is None:
            bare = without_id(published.value)
            derived = next((record for record in lacking if without_id(record.value) == bare), None)
            if derived is not None:
                lacking.remove(derived)
        if derived is not None:
            self._pair(position_of(derived.value) or 0, derived, published, moved=True)
        elif name in self._early:
            self._extra(published, before)
        else:
            self._early[name] = published, before

    def _bound(self) -> None:
        while len(self._missing) > MOST_PENDING:
            record = self._missing.pop(next(iter(self._missing)))
            self._add("missing", position_of(record.value), record, None)
        while len(self._early) > MOST_PENDING:
            self._extra(*self._early.pop(next(iter(self._early))))

    def _extra(self, published: Published, before: int) -> None:
        says = position_of(published.value)
        self._add("extra", before if says is None else min(before, says), None, published)

    def _add(self, kind: Kind, offset: int | None, derived: TopicRecord | None, published: Published | None) -> None:
        one = None if derived is None else derived.value
        other = None if published is None else published.value
        what = ""
        if derived is not None and published is not None and derived.key != published.key:
            what = f"key: derived {derived.key!r}, published {published.key!r}"
        at = None if published is None else published.offset
        name = id_of(one or other or b"")
        self._divergences.add(Divergence(kind, self._topic, self._partition, offset, name, what, at, one, other))

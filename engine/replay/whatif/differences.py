"""What both worlds made of each record, put side by side as it comes: sums of each, every outcome that differs, the first of them."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import orjson

from engine.core.calendar import Zone
from engine.pipeline.partition import JournalRecord, TopicRecord
from engine.replay.whatif.comparing import Outcome, Pair, alike, decoded, differing
from engine.replay.whatif.side_by_side import JOURNAL, Seen
from engine.replay.whatif.totals import Totals

_REFUSED = b'"type":"limit.refused"'
_HEAD = 100  # the type of a message stands within its first bytes


class Difference(NamedTuple):
    """An outcome that differs, and the record that it is decided at. `inserted`: only the other world has that record."""

    partition: int
    offset: int
    inserted: bool
    pair: Pair


class First(NamedTuple):
    """A record whose outcomes differ, and all of them in both worlds."""

    partition: int
    record: JournalRecord
    inserted: bool
    recorded: tuple[Outcome, ...]
    other: tuple[Outcome, ...]


class Differences:
    """Takes records in the order in which they are decided."""

    def __init__(self, zone: Zone, differs: Callable[[Difference], None], first: Callable[[First, bool], None]) -> None:
        """`differs` is told of each outcome that differs.

        `first` is told of the first record whose outcomes differ, right after it is decided, and of the first at which points do.
        """
        self.recorded, self.other = Totals(zone), Totals(zone)
        self.changed: Counter[str] = Counter()  # outcomes that both have and that differ, by type
        self.records = 0  # those whose outcomes differ
        self._differs = differs
        self._first = first
        self._points_differ = False

    def take(self, seen: Seen) -> None:
        """Counts what one record came to."""
        ours, theirs = _outcomes(seen.recorded), _outcomes(seen.other)
        _take_refusals(self.recorded, seen.recorded)
        _take_refusals(self.other, seen.other)
        if not ours and not theirs:
            return
        recorded = decoded(ours)
        same = alike(ours, theirs)
        other = recorded if same else decoded(theirs)
        for each in recorded:
            self.recorded.take(each)
        for each in other:
            self.other.take(each)
        if not same:
            self._compare(seen, recorded, other)

    def _compare(self, seen: Seen, recorded: list[Outcome], other: list[Outcome]) -> None:
        pairs = list(differing(recorded, other))
        if not pairs:
            return
        inserted = seen.recorded is None
        points = not self._points_differ and any(_moves_points(pair) for pair in pairs)
        if points or not self.records:
            self._points_differ = self._points_differ or points
            self._first(First(seen.partition, seen.record, inserted, tuple(recorded), tuple(other)), points)
        self.records += 1
        for pair in pairs:
            if pair.recorded is not None and pair.other is not None:
                self.changed[pair.recorded["type"]] += 1
            self._differs(Difference(seen.partition, seen.record.offset, inserted, pair))


def _moves_points(pair: Pair) -> bool:
    return any(each is not None and each["type"].startswith("points.") for each in pair)


def _outcomes(sent: Sequence[TopicRecord] | None) -> list[TopicRecord]:
    return [each for each in sent or () if each.topic != JOURNAL]


def _take_refusals(totals: Totals, sent: Sequence[TopicRecord] | None) -> None:
    for each in sent or ():
        if each.topic == JOURNAL and each.value.find(_REFUSED, 0, _HEAD) >= 0:
            body: dict[str, Any] = orjson.loads(each.value)
            totals.take_refusal(body["sender"], body["data"]["campaign"], body["data"]["reason"], body["time"])

"""The messages that are derived and those that the journal has: the same set, each once.

Ends of a history do not fall on one instant, so a message near them may be on one side only; `Span` says which.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from engine.history.history import History, Snapshot, Span
from engine.pipeline.records import Folded, JournalRecord
from engine.replay.log import JOURNAL
from engine.replay.verifying.divergence import MOST_KEPT, Divergence
from engine.replay.verifying.notes import BUCKETS, Noted, Notes, Seen, digest_of_message

DERIVED, RECORDED = "derived", "recorded"
_LOOK_BACK = 64
KINDS = ("message", "clock.continue", "clock.announced", "members.visited")
_BEGINNINGS = tuple(b'{"kind":"%b"' % kind.encode() for kind in KINDS)


@dataclass(slots=True)
class Merged:
    """How the two sides compare. `missing` and `extra` are the first of those that only one side has, `*_count` all of them.

    `open`: on one side only, as it may be so near the ends.
    """

    derived: int = 0
    recorded: int = 0
    open: int = 0
    missing: list[Seen] = field(default_factory=list)
    extra: list[Seen] = field(default_factory=list)
    missing_count: int = 0
    extra_count: int = 0


def is_message(record: JournalRecord) -> bool:
    """Whether deciding another record caused this one."""
    return record.value.startswith(_BEGINNINGS)


def note_derived(notes: Notes, folded: Folded) -> int:
    """Notes the messages that are derived, each with the record that sends it; how many."""
    count = begin = 0
    for offset, end in folded.told:
        for record in folded.outgoing[begin:end]:
            if record.topic == JOURNAL:
                digest = digest_of_message(record.partition, record.key, record.value)
                notes.add(DERIVED, digest, offset)
                count += 1
        begin = end
    return count


def note_recorded(notes: Notes, partition: int, records: Iterable[JournalRecord]) -> int:
    """Notes the messages among records of the journal; how many."""
    count = 0
    for record in records:
        if record.value.startswith(_BEGINNINGS):
            notes.add(RECORDED, digest_of_message(partition, record.key, record.value), record.offset)
            count += 1
    return count


@dataclass(frozen=True, slots=True)
class Ends:
    """Between what ends a message must be on both sides. `begun`: what snapshot was derived from, None for the beginning.

    `unproven`: what was not derived may have caused any message, because deriving came to a stop. `unread`: a partition whose
    journal cannot be read may have any message.
    """

    spans: Mapping[int, Span]
    begun: Snapshot | None = None
    unproven: bool = False
    unread: bool = False

    def must_be_recorded(self, derived: Seen) -> bool:
        """Whether the journal must have what this record sends."""
        return not self.unread and derived.offset < self.spans[derived.partition].decided

    def must_be_derived(self, recorded: Seen) -> bool:
        """Whether a record that was derived must have sent it."""
        began = 0 if self.begun is None else self.begun.settled[recorded.partition]
        return not self.unproven and began <= recorded.offset < self.spans[recorded.partition].settled


def merge(notes: Noted, ends: Ends) -> Merged:
    """Compares what was noted, bucket by bucket."""
    merged = Merged()
    for bucket in range(BUCKETS):
        derived: defaultdict[bytes, list[Seen]] = defaultdict(list)
        for seen in notes.seen(DERIVED, bucket):
            derived[seen.digest].append(seen)
            merged.derived += 1
        recorded: defaultdict[bytes, list[Seen]] = defaultdict(list)
        for seen in notes.seen(RECORDED, bucket):
            recorded[seen.digest].append(seen)
            merged.recorded += 1
        for digest in derived.keys() | recorded.keys():
            _weigh(merged, derived.get(digest, []), recorded.get(digest, []), ends)
        _bound(merged.missing)
        _bound(merged.extra)
    return merged


def _weigh(merged: Merged, derived: list[Seen], recorded: list[Seen], ends: Ends) -> None:
    """Of what is sent several times with the same content, what must be there is counted first."""
    if len(derived) == len(recorded):
        return
    missing = [seen for seen in derived if ends.must_be_recorded(seen)][len(recorded) :]
    extra = [seen for seen in recorded if ends.must_be_derived(seen)][len(derived) :]
    merged.missing += missing
    merged.extra += extra
    merged.missing_count += len(missing)
    merged.extra_count += len(extra)
    merged.open += abs(len(derived) - len(recorded)) - len(missing) - len(extra)


def _bound(seen: list[Seen]) -> None:
    seen.sort(key=lambda each: (each.partition, each.offset, each.digest))
    del seen[MOST_KEPT:]


def found_before(history: History, merged: Merged, begun: Snapshot) -> None:
    """Takes away what seems missing but stands before the offsets that deriving began at.

    A snapshot's partitions were not read at one instant, so one may have decided what another only sent afterwards.
    """
    if not merged.missing:
        return
    looked_for: defaultdict[bytes, list[Seen]] = defaultdict(list)
    for seen in merged.missing:
        looked_for[seen.digest].append(seen)
    unlooked = set(range(history.partitions))
    for partition in sorted(unlooked):
        for records in history.journal(partition, history.spans[partition].start, begun.positions[partition]):
            for record in records:
                if is_message(record):
                    waiting = looked_for.get(digest_of_message(partition, record.key, record.value))
                    if waiting:
                        merged.missing.remove(waiting.pop())
                        merged.missing_count -= 1


def divergences(history: History, merged: Merged, shown: int) -> Iterator[Divergence]:
    """What differs; the first of the messages that nothing derives are looked up in the journal."""
    for seen in merged.missing:
        what = f"journal {seen.partition}:{seen.offset} sends it"
        yield Divergence("message_missing", "journal", seen.partition, seen.offset, seen.digest.hex(), what)
    for number, seen in enumerate(merged.extra):
        record = record_at(history, seen.partition, seen.offset) if number < shown else None
        value = b"" if record is None else record.value
        yield Divergence(
            "message_extra", "journal", seen.partition, seen.offset, seen.digest.hex(), _told(value), seen.offset, None,
            value or None,
        )  # fmt: skip


def record_at(history: History, partition: int, offset: int) -> JournalRecord | None:
    """The journal record at exactly this offset."""
    for records in history.journal(partition, offset, offset + 1):
        for record in records:
            return record
    return None


def record_before(history: History, partition: int, offset: int) -> JournalRecord | None:
    """The last journal record before an offset."""
    first = history.spans[partition].start
    look = _LOOK_BACK
    while offset > first:
        last: JournalRecord | None = None
        for records in history.journal(partition, max(first, offset - look), offset):
            last = records[-1] if records else last
        if last is not None or offset - look <= first:
            return last
        look *= _LOOK_BACK
    return None


def _told(value: bytes) -> str:
    try:
        body = orjson.loads(value)
    except orjson.JSONDecodeError:
        return ""
    names = (("type", ""), ("kind", ""), ("sender", "from "), ("cause", "going back to "))
    return ", ".join(f"{before}{body[name]}" for name, before in names if body.get(name))

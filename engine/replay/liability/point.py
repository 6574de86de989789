"""Points of the log: now, an instant, or right after records that are named; and where each partition stops for them."""

from collections.abc import Mapping
from typing import NamedTuple

from engine.core.calendar import Zone
from engine.core.records import Event, Message
from engine.errors import UsageError
from engine.history.history import History
from engine.pipeline.records import JournalRecord
from engine.rulebook.moments import moment
from engine.wire import journal

_EVENT, _KIND_WITHIN = b'"event"', 20  # a journal record says first what it is
_LOOK_BACK = 100  # offsets
_FORWARDED = "event"  # where a message carries an event that it hands on
_HOW = (
    "neither an instant such as 2026-12-01T05:00:00Z, a local time such as 2026-12-01 or 2026-12-01T08:30,"
    " nor places in the journal such as 0:1200,3:877 (PARTITION:OFFSET)"
)


class Instant(NamedTuple):
    """When an instant comes: what is due by then is done, and nothing of that instant has happened yet."""

    at_ms: int


class Offsets(NamedTuple):
    """After these records, by partition; in the others after all that was appended by then."""

    last: Mapping[int, int]


Point = Instant | Offsets


class Cut(NamedTuple):
    """Where one partition stops: before the offset `end`. `due_ms`: what is due by then is worked off besides, None for nothing.

    `last`: whether the history has nothing after it. `behind`: how many events of an earlier time stand after it.
    """

    end: int
    due_ms: int | None
    last: bool
    behind: int = 0


def read_point(text: str, zone: Zone) -> Point:
    """The point that a text names. Raises UsageError where it names none."""
    try:
        if text[:1].isdigit() and set(text) <= set("0123456789:, "):
            return Offsets(_offsets(text))
        return Instant(moment(text, zone))
    except ValueError as error:
        raise UsageError(f"--at {text}: {_HOW}") from error


def cuts_at(history: History, point: Point, *, to_the_end: bool) -> dict[int, Cut]:
    """Where each partition stops. `to_the_end`: whether to count what stands behind an instant, which is read then.

    Raises UsageError where the history does not have the records that are named.
    """
    if isinstance(point, Instant):
        at_ms = point.at_ms
        return {number: _cut_before(history, number, at_ms, to_the_end) for number in range(history.partitions)}
    appended_ms = max(_appended_ms(history, number, offset) for number, offset in point.last.items())
    return {
        number: Cut(point.last[number] + 1, None, point.last[number] + 1 >= history.spans[number].end)
        if number in point.last
        else _cut_appended(history, number, appended_ms)
        for number in range(history.partitions)
    }


def time_of(record: JournalRecord) -> int | None:
    """When a record of the journal takes place, None where it says none.

    An event that tells of a time beyond its receipt counts at its receipt: what is wrong with its clock moves nothing here.
    """
    match journal.decode(record.value):
        case Event() as event:
            return min(event.time_ms, event.received_at_ms)
        case Message() as message:
            carried = message.data.get(_FORWARDED)
            received = carried.get("received_at_ms") if isinstance(carried, dict) else None
            return message.time_ms if received is None else min(message.time_ms, received)
        case journal.ClockRecord() as clock:
            return clock.to_ms
        case _:
            return None


def _cut_before(history: History, number: int, at_ms: int, to_the_end: bool) -> Cut:
    """Before the first record whose time reaches the instant, among those that are decided."""
    span = history.spans[number]
    cut: Cut | None = None
    for batch in history.journal(number, span.start, span.decided):
        for record in batch:
            time_ms = time_of(record)
            if time_ms is None:
                continue
            if cut is None and time_ms >= at_ms:
                cut = Cut(record.offset, at_ms, last=False)
                if not to_the_end:
                    return cut
            elif cut is not None and time_ms < at_ms and _EVENT in record.value[:_KIND_WITHIN]:
                cut = cut._replace(behind=cut.behind + 1)
    return cut or Cut(span.decided, at_ms, last=True)


def _cut_appended(history: History, number: int, appended_ms: int) -> Cut:
    span = history.spans[number]
    for batch in history.journal(number, span.start, span.end):
        for record in batch:
            if record.timestamp_ms > appended_ms:
                return Cut(record.offset, None, last=False)
    return Cut(span.end, None, last=True)


def _appended_ms(history: History, number: int, offset: int) -> int:
    """When the last record up to an offset was appended; the offset itself may be none of a record, such as a transaction's end."""
    span = history.spans.get(number)
    if span is None:
        raise UsageError(f"--at {number}:{offset}: the journal has the partitions 0 to {history.partitions - 1}")
    end = offset + 1
    while span.start < end <= span.end:
        start = max(span.start, end - _LOOK_BACK)
        found = [record.timestamp_ms for batch in history.journal(number, start, end) for record in batch]
        if found:
            return found[-1]
        end = start
    raise UsageError(
        f"--at {number}:{offset}: {history.name} has no record there; it has offsets from {span.start} to {span.end - 1}"
    )


def _offsets(text: str) -> dict[int, int]:
    places = [place.strip().split(":") for place in text.split(",")]
    found = {int(number): int(offset) for number, offset in places}
    if len(found) != len(places):
        raise ValueError("a partition is named twice")
    return found

"""Finds what an id names in a history: the input, the messages that go back to it, the outcomes that it caused."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import orjson

from engine.core import keys
from engine.core.partitioning import partition_of
from engine.core.records import Event, Message
from engine.errors import EngineError, UsageError
from engine.history.history import History, Published
from engine.pipeline.records import JournalRecord
from engine.wire import journal

Reached = Callable[[int], None]  # how many records were looked at, all in all
_MERGES = "member-changes"


class NothingFound(EngineError):
    """Nothing in the history has the id."""

    exit_code = 1


class Place(NamedTuple):
    """A record of the journal."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"


class Taken(NamedTuple):
    """A record of the journal, decoded."""

    place: Place
    record: JournalRecord
    decoded: journal.Record


class Told(NamedTuple):
    """An outcome as published; `place` is where in the journal it was decided."""

    topic: str
    place: Place
    event: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.event["id"])

    @property
    def type(self) -> str:
        """Its type."""
        return str(self.event["type"])

    @property
    def data(self) -> Mapping[str, Any]:
        """Its payload."""
        data: Mapping[str, Any] = self.event["data"]
        return data

    @property
    def subject(self) -> str:
        """Whom it is about."""
        return str(self.event["subject"])

    @property
    def cause(self) -> str:
        """The CloudEvents id of the input, or the id of due work."""
        return str(self.event["causationid"])


@dataclass(slots=True)
class Found:
    """All that goes back to one cause. `events`: the input, and where it came again; none where the cause is due work."""

    kind: Literal["event", "outcome", "record"]
    asked: str
    cause: str = ""
    outcome: Told | None = None
    record: Taken | None = None  # that was asked for by its position
    events: list[Taken] = field(default_factory=list)
    messages: list[Taken] = field(default_factory=list)
    caused: list[Told] = field(default_factory=list)

    @property
    def input(self) -> Event | None:
        """The input, None where the cause is none."""
        decoded = self.events[0].decoded if self.events else None
        return decoded if isinstance(decoded, Event) else None


class Scan:
    """Reads a history and says how far it is."""

    def __init__(self, history: History, reached: Reached) -> None:
        self._history = history
        self._reached = reached
        self.read = 0

    def count(self, records: int) -> None:
        """Notes records that were read."""
        self.read += records
        self._reached(self.read)

    def journal(self, needle: bytes) -> Iterator[Taken]:
        """The records of the journal that hold some bytes."""
        for number in range(self._history.partitions):
            for batch in self._history.journal(number):
                for record in batch:
                    if needle in record.value:
                        taken = _taken(number, record)
                        if taken is not None:
                            yield taken
                self.count(len(batch))

    def outcomes(self, needle: bytes, topics: Collection[str] | None = None) -> Iterator[Told]:
        """The outcomes that hold some bytes."""
        for topic in self._history.topics():
            if topics is not None and topic not in topics:
                continue
            for number in range(self._history.partitions):
                yield from self._published(topic, number, lambda each: needle in each.value)

    def of_subjects(self, subjects: Collection[str]) -> list[Told]:
        """All outcomes about some subjects, by subject in the order in which they were decided."""
        wanted = {subject.encode() for subject in subjects}
        partitions = sorted({partition_of(subject, self._history.partitions) for subject in subjects})
        found = [
            told
            for topic in self._history.topics()
            for number in partitions
            for told in self._published(topic, number, lambda each: each.key in wanted)
        ]
        return sorted(found, key=lambda told: (told.place, told.topic == "decisions"))

    def at(self, place: Place) -> Taken | None:
        """One record of the journal."""
        span = self._history.spans.get(place.partition)
        if span is None or not span.start <= place.offset < span.end:
            return None
        read = self._history.journal(place.partition, place.offset, place.offset + 1)
        records = [record for batch in read for record in batch]
        return _taken(place.partition, records[0]) if records else None

    def _published(self, topic: str, number: int, wanted: Callable[[Published], bool]) -> Iterator[Told]:
        for batch in self._history.published(topic, number):
            for each in batch:
                if each.value and wanted(each):
                    told = _told(topic, each)
                    if told is not None:
                        yield told
            self.count(len(batch))


def find(history: History, asked: str, source: str | None, scan: Scan) -> Found:
    """What an id names, with all that goes back to the same cause. Raises NothingFound, UsageError where two sources used it."""
    place = _place(asked)
    if place is not None:
        return _at(history, place, asked, source, scan)
    found = _gather(Found("event", asked, asked), scan)
    if found.events:
        return _of_source(found, source)
    if found.outcome is None:
        read = f"{scan.read:,} records of the journal and the outcome topics of {history.name}"
        raise NothingFound(f"nothing has the id {asked}: searched {read}")
    return _of_outcome(found.outcome, asked, source, scan)


def merged(scan: Scan, members: Collection[str]) -> dict[str, str]:
    """Who became whom by merges, as far as it concerns some members: subjects by subject."""
    became: dict[str, str] = {}
    for told in scan.outcomes(b'"member.merge_recorded"', (_MERGES,)):
        before = keys.subject("member", str(told.data.get("merged_member_id", "")))
        became[before] = keys.subject("member", str(told.data.get("member_id", "")))
    family = set(members)
    while more := {each for pair in became.items() if family.intersection(pair) for each in pair} - family:
        family |= more
    return {before: after for before, after in became.items() if before in family}


def _at(history: History, place: Place, asked: str, source: str | None, scan: Scan) -> Found:
    taken = scan.at(place)
    if taken is None:
        raise NothingFound(f"{history.name} has no record of the journal at {place}")
    match taken.decoded:
        case Event() as event:
            found = _of_source(_gather(Found("record", asked, event.event_id), scan), source or event.source)
        case Message() as message:
            found = _of_source(_gather(Found("record", asked, message.cause), scan), source)
        case other:
            found = _gather(Found("record", asked, getattr(other, "id", asked)), scan)
    found.record = taken
    return found


def _of_outcome(outcome: Told, asked: str, source: str | None, scan: Scan) -> Found:
    found = _gather(Found("outcome", asked, outcome.cause), scan)
    found.outcome = outcome
    if len({_source(each) for each in found.events}) > 1 and source is None:
        sources = {
            told.data["input"]["source"]
            for told in found.caused
            if told.type == "decision.recorded" and told.place == outcome.place
        }
        source = next(iter(sources)) if len(sources) == 1 else None
    return _of_source(found, source)


def _gather(found: Found, scan: Scan) -> Found:
    """Reads everything once for what has the cause's id."""
    needle = orjson.dumps(found.cause)
    for taken in scan.journal(needle):
        match taken.decoded:
            case Event() as event if event.event_id == found.cause:
                found.events.append(taken)
            case Message() as message if message.cause == found.cause:
                found.messages.append(taken)
    for told in scan.outcomes(needle):
        if told.id == found.cause:
            found.outcome = told
        if told.cause == found.cause:
            found.caused.append(told)
    found.messages.sort(key=_hops)
    return found


def _of_source(found: Found, source: str | None) -> Found:
    """The same of one source. Raises UsageError where there are several, or not that one."""
    sources = sorted({_source(each) for each in found.events})
    if source is None and len(sources) > 1:
        listed = "; ".join(f"--source {each}: {_first(found.events, each)}" for each in sources)
        raise UsageError(f"{len(sources)} sources sent an event with the id {found.cause}. Say which: {listed}")
    if source is not None and sources and source not in sources:
        raise UsageError(f"{source} sent no event with the id {found.cause}; {', '.join(sources)} did")
    if len(sources) > 1:
        found.events = [each for each in found.events if _source(each) == source]
        _tell_apart(found, source or "")
    return found


def _tell_apart(found: Found, source: str) -> None:
    """Keeps of messages and outcomes with one cause those that go back to this input rather than to another of the same id."""
    event = found.input
    if event is None:
        return
    found.messages = [
        each for each in found.messages if isinstance(each.decoded, Message) and each.decoded.time_ms == event.time_ms
    ]
    places = {each.place for each in (*found.events, *found.messages)}
    places |= {
        told.place
        for told in found.caused
        if told.type == "decision.recorded" and told.data["input"]["source"] == source
    }
    found.caused = [told for told in found.caused if told.place in places]


def _first(events: Sequence[Taken], source: str) -> str:
    first = next(each for each in events if _source(each) == source)
    event = first.decoded
    return f"{event.type} of {event.subject}" if isinstance(event, Event) else ""


def _source(taken: Taken) -> str:
    return taken.decoded.source if isinstance(taken.decoded, Event) else ""


def _hops(taken: Taken) -> tuple[int, Place]:
    return (taken.decoded.hops if isinstance(taken.decoded, Message) else 0, taken.place)


def _place(text: str) -> Place | None:
    partition, colon, offset = text.partition(":")
    if colon and partition.isdecimal() and offset.isdecimal():
        return Place(int(partition), int(offset))
    return None


def _taken(number: int, record: JournalRecord) -> Taken | None:
    try:
        return Taken(Place(number, record.offset), record, journal.decode(record.value))
    except ValueError:
        return None


def _told(topic: str, published: Published) -> Told | None:
    try:
        event = orjson.loads(published.value)
        place = _place(str(event["position"]))
    except (ValueError, KeyError, TypeError):
        return None
    return None if place is None else Told(topic, place, event)

"""One partition of the old journal, decided again: what of it is copied, and how the partition stood at each record."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from engine.core import keys
from engine.core.records import Event, Message
from engine.history.history import History
from engine.pipeline.partition import JournalRecord
from engine.pipeline.records import Folded, Progress, StateRecord
from engine.replay.deriving import Derivation
from engine.ruleset.matching import Rules
from engine.wire import copies, journal


class Standing(NamedTuple):
    """What of a partition, besides a subject's own rows, a subject's record is decided by."""

    clock_ms: int | None
    digest: str
    salt: str
    semantics: int


class Entry(NamedTuple):
    """A record to copy (`record`), or what a partition did of its own accord; never both.

    `at_ms`: when the broker took the record in, never before that of the entry before. `follows_ms`: the instant that the clock
    follows this record to. The rest is as in `engine.wire.copies.Stood`.
    """

    at_ms: int
    partition: int
    offset: int
    standing: Standing
    subject: str = ""
    record: JournalRecord | None = None
    quarantined: bool = False
    follows_ms: int | None = None
    worked_off: Mapping[str, int] = {}
    visited: Sequence[str] = ()
    forgotten: Mapping[str, int] = {}


class Old(Protocol):
    """An old partition, decided here or in another process."""

    @property
    def records(self) -> int:
        """How many were read so far."""

    @property
    def known(self) -> int:
        """How many of them are events that intake wrote twice, which are not copied."""

    @property
    def progress(self) -> Progress:
        """How the partition stands, once all entries were taken."""

    def entries(self) -> Iterator[Entry]:
        """What is to be copied, in order."""

    def rows(self) -> Iterator[StateRecord]:
        """The rows by key, once all entries were taken."""


class Lane:
    """Gives the entries of an old partition in order; afterwards how it stood, and its rows. Implements `Old`."""

    def __init__(self, history: History, number: int, rules_of: Callable[[str, str], Rules]) -> None:
        """Raises UsageError where the history does not hold the partition from its beginning on."""
        self._history = history
        self._rules_of = rules_of
        self._derivation = Derivation(history, number, rules_of)
        self._number = number
        self._at_ms = 0
        self.records = 0
        self.known = 0

    def entries(self) -> Iterator[Entry]:
        """What is to be copied. Raises UsageError and DecidingFailed, as `Derivation` does."""
        for records in self._history.journal(self._number):
            for record in records:
                yield from self._taken(record)

    @property
    def progress(self) -> Progress:
        """How the partition stands."""
        return self._derivation.partition.progress

    def rows(self) -> Iterator[StateRecord]:
        """Its rows, by key."""
        return self._derivation.rows()

    def _taken(self, record: JournalRecord) -> Iterator[Entry]:
        self.records += 1
        self._at_ms = max(self._at_ms, record.timestamp_ms)
        folded = self._derivation.decide([record])
        self._derivation.partition.commit(folded)
        progress = folded.progress
        standing = Standing(progress.clock, progress.ruleset, progress.salt, progress.semantics)
        entry = Entry(self._at_ms, self._number, record.offset, standing)
        if record.offset in self._derivation.partition.quarantined:
            yield from self._taken_out(entry, record, folded)
        else:
            yield from self._decided(entry, record, folded)
        if folded.forgotten:
            yield entry._replace(forgotten=folded.forgotten)

    def _decided(self, entry: Entry, record: JournalRecord, folded: Folded) -> Iterator[Entry]:
        match journal.decode(record.value):
            case Event() as event:
                if folded.counts.get("dropped"):
                    self.known += 1
                else:
                    follows_ms = event.time_ms if self._by_events(entry.standing) else None
                    yield entry._replace(subject=event.subject, record=record, follows_ms=follows_ms)
            case Message() as message:
                yield entry._replace(subject=message.subject, record=record)
            case journal.MembersVisited():
                yield from self._by_itself(entry, folded, all_visited=True)
            case copies.Stood() as stood:
                yield from self._by_itself(entry, folded, visited=stood.visited)
            case _:
                yield from self._by_itself(entry, folded)

    def _taken_out(self, entry: Entry, record: JournalRecord, folded: Folded) -> Iterator[Entry]:
        """A quarantined record goes where its subject goes, to be taken out there as well; one of the partition itself is left."""
        try:
            decoded = journal.decode(record.value)
        except ValueError:
            yield entry._replace(subject=record.key.decode(errors="replace"), record=record, quarantined=True)
            return
        if isinstance(decoded, Event | Message) and not folded.counts.get("dropped"):
            yield entry._replace(subject=decoded.subject, record=record, quarantined=True)

    def _by_itself(
        self, entry: Entry, folded: Folded, *, visited: Sequence[str] = (), all_visited: bool = False
    ) -> Iterator[Entry]:
        """What became due, or was planned, of subjects that no record was about: all that the partition changed."""
        subjects = list(dict.fromkeys(keys.owner_of(key) for key in folded.changed))
        if subjects:
            worked_off = {subject: self._worked_off_to(subject, entry.standing) for subject in subjects}
            members = subjects if all_visited else [subject for subject in visited if subject in worked_off]
            yield entry._replace(worked_off=worked_off, visited=members)

    def _worked_off_to(self, subject: str, standing: Standing) -> int:
        """Up to where a subject's due work was done: to the clock, unless the partition had to leave some for later."""
        if standing.clock_ms is None:
            raise AssertionError(f"{subject} had work due in a partition that knows no time")
        left_ms = self._derivation.partition.due_of(subject)
        return standing.clock_ms if left_ms is None else min(standing.clock_ms, left_ms - 1)

    def _by_events(self, standing: Standing) -> bool:
        return self._rules_of(standing.digest, standing.salt).ruleset.programme.time.clock == "events"

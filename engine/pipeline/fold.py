"""The fold of one batch: each journal record in turn, with the due work of its subject before it; collected for one transaction.

A record's effects do not depend on where a batch begins or ends, so the bytes are the same for any batches (P1).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import orjson

from engine.core import ids, sealed
from engine.core.instants import DAY_MS
from engine.core.records import Decision, Due, Event, Message, Visit
from engine.decide.step import refuse, step
from engine.errors import PartitionRefused, SemanticsUnknown
from engine.pipeline.outbox import QUARANTINED, Outbox
from engine.pipeline.records import Folded, JournalRecord, Pending, Progress, StateRecord, TopicRecord, hash_of
from engine.pipeline.store import Overlay, RowTooLarge, Store
from engine.pipeline.ticking import followed_to
from engine.ruleset.matching import Rules
from engine.ruleset.model import SEMANTICS
from engine.wire import copies, journal

# Of due work and of visits; the rest is continued by a message, so that other records go on between.
SUBJECTS_A_STEP = 500
SEALED = sealed.PREFIX.encode()


class Fold:
    """Records in, one transaction out. Used once."""

    def __init__(
        self,
        number: int,
        partitions: int,
        store: Store,
        origins: dict[str, int],
        forgotten: Mapping[str, int],
        progress: Progress,
        rules_of: Callable[[str, str], Rules],
    ) -> None:
        self._number = number
        self._partitions = partitions
        self._overlay = Overlay(store)
        self._known_origins = origins
        self._origins: dict[str, int] = {}
        self._known_forgotten = forgotten
        self._forgotten: dict[str, int] = {}
        self._appended_ms = 0
        self._rules_of = rules_of
        self._rules: Rules | None = None
        self._ruleset, self._salt, self._semantics = progress.ruleset, progress.salt, progress.semantics
        self._clock, self._announced = progress.clock, progress.announced
        self._pending, self._timetable = progress.pending, progress.timetable
        self._copying = progress.copying
        self._before = progress
        self.last: JournalRecord | None = None  # the last record taken
        self._outbox = Outbox(number, partitions)
        self._counts: Counter[str] = Counter()
        self._rows_written = 0
        self._rows_bytes = 0

    # -- one record

    def take(self, record: JournalRecord) -> None:
        """Decides one record of the journal."""
        self._outbox.begin(record.offset)
        self._appended_ms = record.timestamp_ms
        match journal.decode(record.value):
            case journal.Activation() as activation:
                self._activate(activation)
            case journal.ClockRecord() as clock:
                self._on_clock(clock)
            case journal.MembersVisited() as visited:
                self._visit(visited)
            case Event() as event:
                self._forget_anew(event, record)
                if self._is_new(event):
                    self._on_event(event)
            case Message() as message:
                self._on_subject(message, message.time_ms)
            case copies.Stood() as stood:
                self._stand(stood)
            case copies.Ended() as ended:
                self._go_on(ended)

    def take_quarantined(self, record: JournalRecord) -> None:
        """Passes a record that an operator took out: dead-lettered, and refused where it is an input."""
        self._outbox.begin(record.offset)
        self._appended_ms = record.timestamp_ms
        self._outbox.dead_letter(record, self._ruleset)
        try:
            decoded = journal.decode(record.value)
        except ValueError:
            return
        if isinstance(decoded, Event):
            self._forget_anew(decoded, record)
        if isinstance(decoded, Event) and self._is_new(decoded):
            self._write(refuse(self._overlay, decoded, self._active(), QUARANTINED, self._published), decoded.subject)

    def took(self, record: JournalRecord) -> None:
        """Ends a record."""
        self.last = record
        self._outbox.end(record.offset)

    @property
    def written_records(self) -> int:
        """How many records there are to write so far, rows and others."""
        return self._rows_written + len(self._outbox.records)

    @property
    def written_bytes(self) -> int:
        """How large they are, without headers."""
        return self._rows_bytes + self._outbox.bytes

    @property
    def sent(self) -> Sequence[TopicRecord]:
        """What was sent so far, outcomes and messages, in order."""
        return self._outbox.records

    def done(self, start: int, end: int) -> Folded:
        """All that the transaction writes."""
        progress = Progress(
            next=end,
            last=self._before.last if self.last is None else self.last.offset,
            last_hash=self._before.last_hash if self.last is None else hash_of(self.last),
            partitions=self._partitions,
            clock=self._clock,
            announced=self._announced,
            semantics=self._semantics,
            ruleset=self._ruleset,
            salt=self._salt,
            pending=self._pending,
            timetable=self._timetable,
            copying=self._copying,
        )
        changed = self._overlay.changed
        state = [
            StateRecord(key.encode(), None, None) if kept is None else StateRecord(key.encode(), *kept)
            for key, kept in changed.items()
        ]
        state.extend(StateRecord(key.encode(), b"%d" % offset, None) for key, offset in self._origins.items())
        state.extend(
            StateRecord(f"_forgotten/{subject}".encode(), b"%d" % at_ms, None)
            for subject, at_ms in self._forgotten.items()
        )
        state.append(StateRecord(b"_position", orjson.dumps(progress.row(), option=orjson.OPT_SORT_KEYS), None))
        counts = {**self._counts, **{f"outcome.{kind}": count for kind, count in self._outbox.happened.items()}}
        sent, told = tuple(self._outbox.records), tuple(self._outbox.told)
        return Folded(start, end, tuple(state), sent, counts, progress, changed, self._origins, self._forgotten, told)

    # -- kinds of records

    def _activate(self, activation: journal.Activation) -> None:
        self._demand(activation.semantics)
        if activation.at_ms is None:
            self._put_in_force(activation.digest, activation.salt, activation.semantics)
        else:
            self._pending = Pending(
                at=activation.at_ms,
                digest=activation.digest,
                salt=activation.salt,
                semantics=activation.semantics,
            )
            self._switch()

    def _demand(self, semantics: int) -> None:
        if semantics != SEMANTICS:
            raise SemanticsUnknown(
                f"the journal asks for version {semantics} of the rules of deciding at {self._outbox.position};"
                f" this engine implements {SEMANTICS}"
            )

    def _switch(self) -> None:
        """Puts the ruleset in force that waits for the clock to come to where it is now.

        Never by an event's own time: clocks go on and events go to and fro, so each partition switches once.
        """
        pending = self._pending
        if pending is not None and self._clock is not None and self._clock >= pending["at"]:
            self._put_in_force(pending["digest"], pending["salt"], pending["semantics"])

    def _put_in_force(self, digest: str, salt: str, semantics: int) -> None:
        self._rules = self._rules_of(digest, salt)
        self._ruleset, self._salt, self._semantics = digest, salt, semantics
        self._pending = None
        self._plan_members()

    def _plan_members(self) -> None:
        """Has every member visited once for what is scheduled, when that comes into force and there is a time to plan from."""
        if self._clock is None or not self._ruleset:
            return
        timetable = self._active().timetable.digest
        if timetable != self._timetable:
            self._timetable = timetable
            if timetable and self._overlay.members_after("", 1):
                self._outbox.visited(timetable, "")

    def _visit(self, visited: journal.MembersVisited) -> None:
        """Plans a number of members; a record to the partition itself goes on with the rest, unless other rules came meanwhile."""
        if self._clock is None or visited.timetable != self._active().timetable.digest:
            return
        members = self._overlay.members_after(visited.after, SUBJECTS_A_STEP)
        for subject in members:
            self._work_off(subject, self._clock)
            self._decide(Visit(subject, ids.derive(visited.id, subject), self._clock))
        if len(members) == SUBJECTS_A_STEP:
            self._outbox.visited(visited.timetable, members[-1])

    def _is_new(self, event: Event) -> bool:
        """Whether intake did not write this record before: each source partition comes in order, so only a higher offset is new.

        A copy holds none that was written before, and its topics are another deployment's.
        """
        origin = event.origin
        if origin is None or self._copying:
            return True
        key = f"_source/{origin.topic}/{origin.epoch}/{origin.partition}"
        if origin.offset <= max(self._origins.get(key, -1), self._known_origins.get(key, -1)):
            self._counts["dropped"] += 1
            return False
        self._origins[key] = origin.offset
        return True

    def _forget_anew(self, event: Event, record: JournalRecord) -> None:
        """What intake sealed for a member after they were forgotten, new or written twice, has a key to delete as well."""
        subject = event.subject
        if (
            self._copying
            or not (subject in self._known_forgotten or subject in self._forgotten)
            or not subject.startswith("member:")
        ):
            return
        if SEALED in record.value:
            self._forgotten[subject] = record.timestamp_ms

    def _on_event(self, event: Event) -> None:
        self._counts["events"] += 1
        if self._active().ruleset.programme.time.clock == "events":
            self._follow(event.time_ms)
        self._on_subject(event, event.time_ms)

    def _on_subject(self, record: Event | Message, time_ms: int) -> None:
        """A subject's own due work comes before its record, so that nobody can tell whether a tick has been worked off."""
        until = time_ms if self._clock is None else max(self._clock, time_ms)
        self._work_off(record.subject, until)
        self._decide(record)
        self._work_off(record.subject, until)

    def _decide(self, record: Event | Message | Due | Visit) -> None:
        decision = step(self._overlay, record, self._active(), self._clock, self._published)
        try:
            self._write(decision, record.subject)
        except RowTooLarge:
            if not isinstance(record, Event):
                raise
            self._write(refuse(self._overlay, record, self._active(), "row_too_large", self._published), record.subject)

    # -- time

    def _on_clock(self, record: journal.ClockRecord) -> None:
        """Moves the clock, and works off what is due by then for a number of subjects; a message to itself does the rest."""
        to_ms = record.to_ms
        if record.kind != "clock.tick" and self._clock is not None:
            to_ms = min(to_ms, self._clock + DAY_MS)
        self._clock = to_ms if self._clock is None else max(self._clock, to_ms)
        self._switch()
        self._plan_members()
        for _ in range(SUBJECTS_A_STEP):
            first = self._overlay.first_due(self._clock)
            if first is None:
                break
            self._work_off(first[1], first[0])
        if record.to_ms > self._clock or self._overlay.first_due(self._clock) is not None:
            self._outbox.clock("clock.continue", self._number, max(record.to_ms, self._clock))

    def _follow(self, time_ms: int) -> None:
        """The clock follows the events: at once within a day, by announced steps beyond; a new day is told to every partition."""
        before, clock = self._clock, followed_to(time_ms, self._clock)
        if self._copying:  # what others were told of then stands before their copied records
            self._clock = clock
            return
        if self._announced is None or time_ms // DAY_MS > self._announced // DAY_MS:
            self._announced = time_ms
            far = self._clock is not None and time_ms > self._clock + DAY_MS
            self._outbox.announce(time_ms, itself=far)
        if clock != before:
            self._clock = clock
            self._switch()
            self._plan_members()

    def _work_off(self, subject: str, until_ms: int) -> None:
        while (due := self._overlay.due(subject, until_ms)) is not None:
            self._counts["due"] += 1
            self._decide(Due(subject, due[1], due[0]))

    # -- what was copied from other partitions

    def _stand(self, stood: copies.Stood) -> None:
        """Has the partition stand as another did, and does what was done there of a partition's own accord."""
        if stood.digest:
            self._demand(stood.semantics)
        self._copying = True
        self._rules = None
        self._ruleset, self._salt, self._semantics = stood.digest, stood.salt, stood.semantics
        self._clock, self._pending = stood.clock_ms, None
        for subject, until_ms in stood.worked_off.items():
            self._work_off(subject, until_ms)
        for subject in stood.visited:
            at_ms = stood.worked_off[subject]
            visit_id = ids.derive(copies.STOOD, str(stood.partition), str(stood.offset), subject)
            self._decide(Visit(subject, visit_id, at_ms))
        self._forgotten.update(stood.forgotten)

    def _go_on(self, ended: copies.Ended) -> None:
        self._copying = False
        self._rules = None
        self._ruleset, self._salt, self._semantics = ended.digest, ended.salt, ended.semantics
        self._clock, self._announced = ended.clock_ms, ended.announced_ms
        self._pending = None if ended.pending is None else Pending(**ended.pending)  # type: ignore[typeddict-item]  # our own
        self._timetable = ended.timetable

    # -- writing

    def _write(self, decision: Decision, subject: str) -> None:
        before = self._overlay.bytes_of(subject)
        self._rows_bytes += self._overlay.write(subject, decision.rows)
        self._rows_written += len(decision.rows)
        for outcome in decision.outcomes:
            self._outbox.outcome(outcome, self._ruleset)
        for message in decision.messages:
            self._outbox.message(message)
        if decision.recorded is not None:
            after = self._overlay.bytes_of(subject)
            digests = {"state_before": _digest(before), "state_after": _digest(after)}
            self._outbox.outcome(decision.recorded, self._ruleset, {**decision.recorded.data, **digests})
        if decision.advance_to_ms is not None and not self._copying:
            self._outbox.announce(decision.advance_to_ms)
        if decision.forget and not self._copying:
            self._forgotten[subject] = self._appended_ms

    def _published(self, digest: str) -> Rules:
        """Any ruleset that was published, with the salt in force."""
        return self._rules_of(digest, self._salt)

    def _active(self) -> Rules:
        if self._rules is None:
            if not self._ruleset:
                raise PartitionRefused(
                    f"partition {self._number}: the journal has an event before any ruleset was activated; publish rules first"
                )
            self._rules = self._rules_of(self._ruleset, self._salt)
        return self._rules


def _digest(value: bytes | None) -> str:
    return "" if value is None else ids.digest(value)

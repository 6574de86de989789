"""A decision in the making: one step's writes, outcomes and messages, numbered in the order in which they are made."""

from collections.abc import Callable, Mapping, Sequence

from engine.core import ids, keys
from engine.core.records import Decision, Event, Json, Kept, Message, Outcome, Row, Rows
from engine.ruleset.matching import Rules

MAX_HOPS = 16

Published = Callable[[str], Rules]  # by digest: any ruleset that was ever published


class Draft:
    """Collects what one record of one subject causes. Reads see the writes made before.

    `cause` is the CloudEvents id that outcomes name, `record` the journal record's id that their ids derive from. `rules` is the
    ruleset in force, `published` gives any other, such as the one of a sale that comes back.
    """

    __slots__ = (
        "_messages",
        "_outcomes",
        "_recorded",
        "_rows",
        "_written",
        "advance_to_ms",
        "carried",
        "cause",
        "clock_ms",
        "depth",
        "explicit_tiers",
        "forget",
        "hops",
        "published",
        "record",
        "rules",
        "subject",
        "time_ms",
    )

    def __init__(
        self,
        rows: Rows,
        subject: str,
        record: str,
        cause: str,
        time_ms: int,
        hops: int,
        rules: Rules,
        published: Published,
    ) -> None:
        self._rows = rows
        self._written: dict[str, Kept | None] = {}
        self._outcomes: list[Outcome] = []
        self._messages: list[Message] = []
        self._recorded: Outcome | None = None
        self.advance_to_ms: int | None = None
        self.forget = False  # the sealing keys below the subject are to be deleted
        self.clock_ms: int | None = None  # the partition's, where an event or a message is decided; None in due work
        self.depth = 0  # how many outcomes were followed to come here
        self.explicit_tiers: set[str] = set()  # ladders on which this event set a tier itself (B-28)
        self.carried: list[Json] = []  # benefits of entering a tier that wait for later work
        self.subject = subject
        self.record = record
        self.cause = cause
        self.time_ms = time_ms
        self.hops = hops
        self.rules = rules
        self.published = published

    @classmethod
    def of_event(
        cls, rows: Rows, subject: str, event: Event, rules: Rules, published: Published, hops: int = 0
    ) -> "Draft":
        """A draft for an input, decided at `subject`."""
        return cls(rows, subject, event.id, event.event_id, event.time_ms, hops, rules, published)

    def rules_of(self, digest: str) -> Rules:
        """The ruleset of that digest: the one in force, or another that was published."""
        return self.rules if digest == self.rules.ruleset.digest else self.published(digest)

    def get(self, key: str) -> Json:
        """A row as it will stand, None where there is none; the caller names its shape, one of `engine.decide.rows`."""
        if key in self._written:
            kept = self._written[key]
            return None if kept is None else kept.row
        return self._rows.get(key)

    def due_ms(self, key: str) -> int | None:
        """When a row will be due as it will stand."""
        if key in self._written:
            kept = self._written[key]
            return None if kept is None else kept.due_ms
        return self._rows.due_ms(key)

    def scan(self, *collection: str) -> Sequence[str]:
        """The keys of a collection of the subject as they will stand, in order."""
        prefix = "/".join((self.subject, *map(keys.escaped, collection), ""))
        found = self._rows.scan(prefix)
        own = {key for key in self._written if key.startswith(prefix)}
        if not own:
            return found
        return sorted({*found, *own} - {key for key in own if self._written[key] is None})

    def put(self, key: str, row: Row, due_ms: int | None = None) -> None:
        """Writes a row of this subject."""
        assert key.startswith(self.subject), f"{self.subject} writes {key}"  # noqa: S101  # our bug: one writer a subject
        self._written[key] = Kept(row, due_ms)

    def delete(self, key: str) -> None:
        """Deletes a row of this subject."""
        self._written[key] = None

    def happened(self, kind: str, data: Mapping[str, Json], because: str = "") -> Outcome:
        """An outcome; `because` is the campaign or the cause that its id derives from."""
        number = str(len(self._outcomes))
        outcome_id = ids.derive(self.record, self.subject, because or kind, number)
        outcome = Outcome(outcome_id, kind, self.subject, self.time_ms, self.cause, data)
        self._outcomes.append(outcome)
        return outcome

    def send(self, to: str, kind: str, data: Mapping[str, Json], sender: str = "") -> Message:
        """A message to another subject, delivered exactly once; `sender` is who gets the answer, unless that is this subject."""
        message = Message(
            id=ids.derive(self.record, self.subject, "message", str(len(self._messages))),
            type=kind,
            sender=sender or self.subject,
            subject=to,
            time_ms=self.time_ms,
            hops=self.hops + 1,
            ruleset=self.rules.ruleset.digest,
            cause=self.cause,
            data=data,
        )
        self._messages.append(message)
        return message

    def record_decision(self, data: Mapping[str, Json], number: int = 0) -> None:
        """The `decision.recorded` of an input that is settled; `number` tells the decisions on its repeats apart."""
        self._recorded = self._decision(self.record, self.cause, self.time_ms, data, number)

    def settle(self, record: str, cause: str, time_ms: int, data: Mapping[str, Json]) -> None:
        """The `decision.recorded` of an earlier input of this subject that waited for the answer which this step is."""
        self._recorded = self._decision(record, cause, time_ms, data, 0)

    def _decision(self, record: str, cause: str, time_ms: int, data: Mapping[str, Json], number: int) -> Outcome:
        outcome_id = ids.derive(record, self.subject, "decision.recorded", str(number))
        return Outcome(outcome_id, "decision.recorded", self.subject, time_ms, cause, data)

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """What happened so far."""
        return self._outcomes

    def done(self) -> Decision:
        """The decision."""
        outcomes, messages = tuple(self._outcomes), tuple(self._messages)
        return Decision(self._written, outcomes, messages, self._recorded, self.advance_to_ms, self.forget)

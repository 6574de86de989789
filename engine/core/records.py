"""What a step reads and what it decides: events, messages, due work; outcomes, row changes.

All values are plain JSON (`None`, `bool`, `int`, `str`, `list`, `dict`); instants are milliseconds since 1970 in UTC.
Rows, data and outcomes are never changed in place: a step makes new ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

Json = Any  # JSON values; typed at the places that read them
Row = Mapping[str, Json]


class Origin(NamedTuple):
    """Where intake read an input: the source position that deciding remembers."""

    topic: str  # without the deployment's prefix
    epoch: int
    partition: int
    offset: int


class Event(NamedTuple):
    """An accepted input, normalised: aliases in `data` resolved, personal values sealed."""

    id: str  # made of source and event_id
    type: str
    source: str
    event_id: str
    time_ms: int
    received_at_ms: int
    subject: str  # `member:M-42`, `external:<hash>`, ...: whose record this is in the journal
    data: Mapping[str, Json]
    content_mac: str = ""  # keyed digest of the whole normalised `data` before sealing: tells a repeat from a conflict
    origin: Origin | None = None


class Message(NamedTuple):
    """From one subject to another, written in the same transaction as the decision that caused it."""

    id: str
    type: str
    sender: str
    subject: str  # to whom
    time_ms: int
    hops: int
    ruleset: str  # digest
    cause: str  # id of the input that all this goes back to
    data: Mapping[str, Json]


class Due(NamedTuple):
    """A row whose due instant has come; `key` is the row's key."""

    subject: str
    key: str
    due_ms: int


class Visit(NamedTuple):
    """A subject that is looked at because a ruleset came into force; `time_ms` is the partition's clock."""

    subject: str
    id: str
    time_ms: int


class Outcome(NamedTuple):
    """Something that happened, as it goes to the topic of its type."""

    id: str
    type: str
    subject: str
    time_ms: int
    cause: str  # the CloudEvents id of the input, or the id of the due work
    data: Mapping[str, Json]
    mode: str = "live"


class Kept(NamedTuple):
    """A row to write; `due_ms` asks for a `Due` at that instant."""

    row: Row
    due_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """All that one record causes. A row of `None` is deleted.

    `forget` asks that the sealing keys below the subject be deleted once this is committed.
    `recorded` is the `decision.recorded` of an input that is settled here; the pipeline, which alone sees bytes, adds the digests
    of the subject's row before and after, and publishes it last.
    """

    rows: Mapping[str, Kept | None] = field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = ()
    messages: tuple[Message, ...] = ()
    recorded: Outcome | None = None
    advance_to_ms: int | None = None  # the programme's clock is asked to go on to here, in every partition
    forget: bool = False


class Rows(Protocol):
    """The rows as they stand before a record; keys are made by `engine.core.keys`."""

    def get(self, key: str) -> Row | None:
        """The row, or None where there is none."""

    def scan(self, prefix: str) -> Sequence[str]:
        """The keys that start with `<subject>/<collection>/`, in order."""

    def due_ms(self, key: str) -> int | None:
        """When a row is due, None where it is not, or is not there."""

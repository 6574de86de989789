"""What a step reads and what it decides: events, messages, due work; outcomes, row changes.

All values are plain JSON (`None`, `bool`, `int`, `str`, `list`, `dict`); instants are milliseconds since 1970 in UTC.
Rows, data and outcomes are never changed in place: a step makes new ones.
"""

from collections.abc import Iterable, Mapping
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
    """An accepted input, normalised: `data` is the payload as its model allows it, aliases resolved, personal values sealed."""

    id: str  # made of source and event_id
    type: str
    source: str
    event_id: str
    time_ms: int
    received_at_ms: int
    subject: str  # `member:M-42`, `external:<hash>`, ...: whose record this is in the journal
    data: Mapping[str, Json]
    personal_mac: str = ""  # HMAC over the personal values before sealing; "" where there are none
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
    """All that one record causes. A row of `None` is deleted."""

    rows: Mapping[str, Kept | None] = field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = ()
    messages: tuple[Message, ...] = ()


class Rows(Protocol):
    """The rows as they stand before a record; keys are `<subject>` or `<subject>/<collection>/<id>`."""

    def get(self, key: str) -> Row | None:
        """The row, or None where there is none."""

    def scan(self, collection: str) -> Iterable[str]:
        """The keys below `<subject>/<collection>/` in order of their text; only for collections named in `keys.SCANNED`."""

    def digest(self, key: str) -> str:
        """A digest of the row's canonical bytes, "" where there is none."""

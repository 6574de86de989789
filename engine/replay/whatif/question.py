"""What is asked: which other rules, from when until when, for whom."""

from dataclasses import dataclass

from engine.core import keys
from engine.core.records import Event, Message
from engine.match.choice import Setting
from engine.ruleset.model import Ruleset
from engine.wire import journal

_FORWARDED = "event"  # where a message carries an event that it hands on


@dataclass(frozen=True, slots=True)
class Question:
    """The other rules decide from the first record of a partition whose time reaches `from_ms` until one reaches `until_ms`.

    `members`: only these subjects decide, each under the other rules; what other members said to others stands as recorded.
    """

    rules: Ruleset
    from_ms: int | None = None
    until_ms: int | None = None
    members: frozenset[str] | None = None
    matcher: Setting = "auto"

    def leaves_out(self, record: journal.Record) -> bool:
        """Whether a record is for a member who is not asked about."""
        return (
            self.members is not None
            and isinstance(record, Event | Message)
            and keys.kind_of(record.subject) == "member"
            and record.subject not in self.members
        )


def time_of(record: journal.Record) -> int | None:
    """When a record takes place, None where it says none; an event ahead of its receipt counts at its receipt."""
    match record:
        case Event():
            return min(record.time_ms, record.received_at_ms)
        case Message():
            carried = record.data.get(_FORWARDED)
            received = carried.get("received_at_ms") if isinstance(carried, dict) else None
            return record.time_ms if received is None else min(record.time_ms, received)
        case journal.ClockRecord():
            return record.to_ms
        case _:
            return None

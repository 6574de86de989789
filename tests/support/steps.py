"""One subject's rows driven step by step, without partitions: says what is read and written, and lets a test take a step itself."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson

from engine.core import ids, keys
from engine.core.records import Decision, Due, Event, Json, Kept, Message, Outcome, Row
from engine.decide.counters import uncounting
from engine.decide.draft import Draft
from engine.decide.membership import finish, member_of
from engine.decide.rows.member import MemberRow
from engine.decide.step import step
from engine.ruleset.matching import Rules


class Steps:
    """Rows by key, read again from canonical bytes as a worker does; the outcomes of all steps in order."""

    def __init__(self, *rules: Rules) -> None:
        self.rules = rules[0]
        self._published = {each.ruleset.digest: each for each in rules}
        self._rows: dict[str, tuple[bytes, int | None]] = {}
        self.outcomes: list[Outcome] = []
        self.read: list[str] = []
        self.written: list[tuple[str, int]] = []

    def get(self, key: str) -> Row | None:
        """A row."""
        self.read.append(key)
        kept = self._rows.get(key)
        return None if kept is None else orjson.loads(kept[0])

    def scan(self, prefix: str) -> Sequence[str]:
        """The keys that begin so, in order."""
        found = sorted(key for key in self._rows if key.startswith(prefix))
        self.read.extend(found)
        return found

    def due_ms(self, key: str) -> int | None:
        """When a row is due."""
        kept = self._rows.get(key)
        return None if kept is None else kept[1]

    def feed(self, *events: Event) -> "Steps":
        """Decides events, and what they send to their own subject."""
        for event in events:
            self._decide(event)
        return self

    def change(self, event: Event, change: Callable[[Draft, MemberRow], None]) -> None:
        """A step that a test takes itself."""
        draft = Draft.of_event(self, event.subject, event, self.rules, self._published.__getitem__)
        member = member_of(draft)
        assert member is not None, event.subject
        change(draft, member)
        finish(draft, member)
        self._take(draft.done())

    def give_back(self, transaction: str, *lines: Json, time_ms: int, subject: str = "member:M") -> None:
        """A return that keeps these lines of a sale, as far as counters go."""
        event = told_at(time_ms, subject)
        key = keys.row(subject, "transaction", transaction)
        before = self.row(key)
        kept = {**before["sale"], "lines": list(lines)} if lines else None
        counted: dict[str, list[Json]] = {}

        def change(draft: Draft, member: MemberRow) -> None:
            counted.update(uncounting.give_back(draft, event, member, before, kept))

        self.change(event, change)
        returned = {"lines": {}, "amount_minor": 0, "restored": 0, "gone": kept is None}
        self._write(key, Kept({**before, "counted": counted, "returned": returned, "kept": kept or before["sale"]}))

    def until(self, subject: str, instant_ms: int) -> "Steps":
        """Works off what is due."""
        while due := min(
            ((at, key) for key, (_, at) in self._rows.items() if at is not None and at <= instant_ms), default=None
        ):
            self._decide(Due(subject, due[1], due[0]))
        return self

    def row(self, key: str) -> Any:
        """A row, decoded, not counted as read; None where there is none."""
        kept = self._rows.get(key)
        return None if kept is None else orjson.loads(kept[0])

    def keys_of(self, prefix: str) -> list[str]:
        """The keys that begin so, not counted as read."""
        return sorted(key for key in self._rows if key.startswith(prefix))

    def told(self, kind: str) -> list[dict[str, Any]]:
        """The payloads of the outcomes of a type."""
        return [dict(each.data) for each in self.outcomes if each.type == kind]

    def _decide(self, record: Event | Message | Due) -> None:
        decision = step(self, record, self.rules, None, self._published.__getitem__)
        self._take(decision)
        self._follow(decision.messages, record.subject)

    def _follow(self, messages: Iterable[Message], subject: str) -> None:
        for message in messages:
            if message.subject == subject:
                self._decide(message)

    def _take(self, decision: Decision) -> None:
        for key, kept in decision.rows.items():
            self._write(key, kept)
        self.outcomes.extend(decision.outcomes)

    def _write(self, key: str, kept: Kept | None) -> None:
        if kept is None:
            self._rows.pop(key, None)
            self.written.append((key, 0))
        else:
            self._rows[key] = (_bytes(kept.row), kept.due_ms)
            self.written.append((key, len(self._rows[key][0])))


def _bytes(row: Json) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)


def told_at(time_ms: int, subject: str = "member:M") -> Event:
    """An event that stands for a return at an instant."""
    return Event(ids.derive("told", str(time_ms)), "test", "test", "told", time_ms, time_ms, subject, {})

"""The rows of one counter of one member: a row for each local month, and one of what it was defined as and how high it came.

Keys are `counter/<name>/<year-month>` and `counter/<name>/meta`. A month's row goes when the counter's `keep` is over.
"""

from collections.abc import Iterator

from engine.core import keys
from engine.core.calendar import Expiry, Zone, expires_at, local_day
from engine.core.records import Json
from engine.core.windows import Span
from engine.decide.draft import Draft
from engine.decide.rows import VERSION, CounterMetaRow, CounterRow
from engine.ruleset.limits import Counter

META = "meta"

Entry = tuple[int, int, str | None]  # when, how much, which value


class CounterRows:
    """Reads and writes a counter; nothing is written before `keep`."""

    def __init__(self, draft: Draft, counter: Counter, definition: str) -> None:
        self.counter = counter
        self._draft = draft
        self._definition = definition
        self._changed: dict[str, CounterRow] = {}
        meta: CounterMetaRow | None = draft.get(self._key(META))
        self.outdated = meta is None or meta["definition"] != definition
        self._meta: CounterMetaRow = meta or {"v": VERSION, "definition": definition, "peaks": {}}
        self._meta_changed = self.outdated

    def clear(self) -> None:
        """Forgets all, before a rebuild."""
        for month in self._months():
            self._changed[month] = {"v": VERSION, "at": []}
        self._meta = {"v": VERSION, "definition": self._definition, "peaks": {}}
        self._meta_changed = True

    def add(self, time_ms: int, amount: int, value: str | None) -> None:
        """Counts an event."""
        month = f"{local_day(time_ms, self._zone):%Y-%m}"
        self._changed[month] = {"v": VERSION, "at": [*self._entries_of(month), [time_ms, amount, value]]}

    def total(self, span: Span, without: Entry | None = None) -> int:
        """The count in a span of time, or what it was without one event."""
        entries = [entry for entry in self._entries(span) if entry[0] in span]
        if without is not None:
            entries.remove(without)
        if self.counter.distinct is not None:
            return len({value for _, amount, value in entries if amount > 0})
        return sum(amount for _, amount, _ in entries)

    def peak(self, field: str, since_ms: int) -> int:
        """The highest count that a field reached in the window that began at an instant."""
        began, highest = self._meta["peaks"].get(field, (since_ms, 0))
        return highest if began == since_ms else 0

    def reach(self, field: str, since_ms: int, highest: int) -> None:
        """Keeps the highest count."""
        if self._meta["peaks"].get(field) != [since_ms, highest]:
            self._meta = {**self._meta, "peaks": {**self._meta["peaks"], field: [since_ms, highest]}}
            self._meta_changed = True

    def keep(self) -> None:
        """Writes what changed."""
        for month, row in self._changed.items():
            if not row["at"]:
                self._draft.delete(self._key(month))
                continue
            latest = max(entry[0] for entry in row["at"])
            gone = expires_at(latest, Expiry(self.counter.keep, "end_of_month"), self._zone)
            self._draft.put(self._key(month), row, gone)
        if self._meta_changed:
            self._draft.put(self._key(META), self._meta)

    @property
    def _zone(self) -> Zone:
        return self._draft.rules.ruleset.programme.zone

    def _key(self, name: str) -> str:
        return keys.row(self._draft.subject, "counter", self.counter.name, name)

    def _months(self) -> list[str]:
        kept = {key.rsplit("/", 1)[1] for key in self._draft.scan("counter", self.counter.name)}
        return sorted((kept | set(self._changed)) - {META})

    def _entries(self, span: Span) -> Iterator[Entry]:
        for month in self._months():
            if self._touches(month, span):
                yield from ((time_ms, amount, value) for time_ms, amount, value in self._entries_of(month))

    def _entries_of(self, month: str) -> list[list[Json]]:
        row: CounterRow | None = self._changed.get(month) or self._draft.get(self._key(month))
        return [] if row is None else row["at"]

    def _touches(self, month: str, span: Span) -> bool:
        """Whether a month can have instants in a span, told by its name."""
        return _month_of(span.from_ms, self._zone) <= month <= _month_of(span.until_ms - 1, self._zone)


_FIRST_MS, _LAST_MS = 0, 253_402_300_799_999  # the years that a date can have


def _month_of(instant_ms: int, zone: Zone) -> str:
    return f"{local_day(min(max(instant_ms, _FIRST_MS), _LAST_MS - 86_400_000 * 2), zone):%Y-%m}"

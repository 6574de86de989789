"""The rows of one counter of one member: what it counted as dated series, what it was defined as, and how high it came.

Keys: `counter/<name>/meta`, and `counter/<name>/all`, `counter/<name>/<year-month>`, ... for the series; a counter of different values
has a series for each value, below `counter/<name>/of/<value>/`. What was counted goes when the counter's `keep` is over.
"""

from engine.core import keys
from engine.core.windows import Span
from engine.decide.counters.series import Series, edges, forget, gone_at, month_of
from engine.decide.draft import Draft
from engine.decide.rows.base import VERSION
from engine.decide.rows.counters import CounterMetaRow
from engine.ruleset.limits import Counter

COLLECTION = "counter"
_META, _OF = "meta", "of"
_MOST_PEAKS = 64  # of a field: each is of a sale that came back


class CounterRows:
    """Reads and writes a counter; `keep` writes what it is defined as, the rest is written at once."""

    def __init__(self, draft: Draft, counter: Counter, definition: str) -> None:
        self.counter = counter
        self._draft = draft
        self._definition = definition
        self._key = keys.row(draft.subject, COLLECTION, counter.name, _META)
        meta: CounterMetaRow | None = draft.get(self._key)
        self.outdated = meta is None or meta["definition"] != definition
        self._meta: CounterMetaRow = meta or self._new()
        self._changed = self.outdated

    def clear(self) -> None:
        """Forgets all, before a rebuild."""
        for key in self._draft.scan(COLLECTION, self.counter.name):
            self._draft.delete(key)
        self._meta = self._new()
        self._changed = True

    def add(self, when: int, amount: int, value: str | None) -> None:
        """Counts an event."""
        self._series(value).add(when, amount)
        if value is not None and amount:
            first, latest = self._meta["values"].get(value, (when, when))
            self._keep_value(value, (min(first, when), max(latest, when)))

    def take(self, when: int, amount: int, value: str | None) -> None:
        """Gives back of what an event counted, as much as is still there."""
        series = self._series(value)
        if series.take(when, amount) and value is not None:
            self._keep_value(value, edges(self._draft, series.key))

    def total(self, span: Span) -> int:
        """The count in a span of time."""
        if self.counter.distinct is None:
            return self._series(None).total(span)
        return sum(self._has(value, span) for value in self._meta["values"])

    def total_without(self, span: Span, counted: int, when: int, amount: int, value: str | None) -> int:
        """What the count in a span would be without one event, `counted` being the count with it."""
        if when not in span:
            return counted
        if value is None:
            return counted - amount
        return counted - (self._series(value).total(span) == amount)

    def peak(self, field: str, span: Span, now: int) -> int:
        """The highest count that a field had in a window before a return; it is forgotten together with what came back."""
        zone, keep = self._draft.rules.ruleset.programme.zone, self.counter.keep
        peaks = self._meta["peaks"].get(field, ())
        return max(
            (high for when, high in peaks if when in span and gone_at(month_of(when, zone), keep, zone) > now),
            default=0,
        )

    def reach(self, field: str, when: int, highest: int) -> None:
        """Keeps the count that a field had before something of the instant `when` came back."""
        peaks = {at: high for [at, high] in self._meta["peaks"].get(field, [])}
        if peaks.get(when, 0) < highest:
            peaks[when] = highest
            kept = [[at, peaks[at]] for at in sorted(peaks)][-_MOST_PEAKS:]
            self._meta = {**self._meta, "peaks": {**self._meta["peaks"], field: kept}}
            self._changed = True

    def keep(self) -> None:
        """Writes what changed."""
        if self._changed:
            self._draft.put(self._key, self._meta)

    def _new(self) -> CounterMetaRow:
        return {"v": VERSION, "definition": self._definition, "peaks": {}, "values": {}}

    def _series(self, value: str | None) -> Series:
        names = (self.counter.name,) if value is None else (self.counter.name, _OF, value)
        return Series(self._draft, COLLECTION, names, self.counter.keep)

    def _has(self, value: str, span: Span) -> bool:
        """Whether a value was counted in a span; mostly told by when it was counted first and last."""
        first, latest = self._meta["values"][value]
        if first in span or latest in span:
            return True
        if latest < span.from_ms or first >= span.until_ms:
            return False
        return self._series(value).total(span) > 0

    def _keep_value(self, value: str, edges: tuple[int, int] | None) -> None:
        if edges is None:
            values = {name: each for name, each in self._meta["values"].items() if name != value}
        elif self._meta["values"].get(value) == list(edges):
            return
        else:
            values = {**self._meta["values"], value: list(edges)}
        self._meta = {**self._meta, "values": values}
        self._changed = True


def rebuild_later(draft: Draft, name: str, definition: str) -> None:
    """Has a counter rebuilt when it is next touched, where it still counts by a definition that is not in force."""
    key = keys.row(draft.subject, COLLECTION, name, _META)
    meta: CounterMetaRow | None = draft.get(key)
    if meta is not None and meta["definition"] == definition:
        draft.delete(key)


def expire(draft: Draft, key: str) -> None:
    """Lets what was counted in a month go, row by row, when the counter's `keep` is over."""
    series = forget(draft, key)
    subject, _, name, *of = (series or key).split("/")
    meta_key = f"{subject}/{COLLECTION}/{name}/{_META}"
    meta: CounterMetaRow | None = draft.get(meta_key) if series and of else None
    if meta is None:
        return
    left = edges(draft, series)
    values = {value: each for value, each in meta["values"].items() if keys.escaped(value) != of[-1]}
    if left is not None:
        values |= {value: list(left) for value in meta["values"] if value not in values}
    draft.put(meta_key, {**meta, "values": values})

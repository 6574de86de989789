"""A dated series: amounts at instants, of which what falls in a span of time is asked. It knows nothing of what is counted.

However many entries there are, adding one writes a few small rows, and a total reads a few. The entries of a local month are a tree of
rows with at most `MOST` entries or parts each, and every part says what it comes to, so that only parts that a span cuts are read.

Keys, below the series' own: `all` holds the sums by month, `<year-month>` is the root of a month's tree, `<year-month>/<number>` the
rest of it. All rows of a month go together, when what was counted at its end is kept no longer.
"""

from bisect import bisect_left, bisect_right
from datetime import date
from functools import lru_cache
from typing import NotRequired, TypedDict

from engine.core import keys
from engine.core.calendar import Expiry, Period, Zone, add_months, expires_at, local_day, start_of_day
from engine.core.windows import Span
from engine.decide.draft import Draft
from engine.decide.rows.base import VERSION

MOST = 32  # entries of a leaf, parts of a node
_ALL = "all"
_FIRST_MS, _LAST_MS = 0, 253_402_300_799_999 - 2 * 86_400_000  # the years that a date can have

Pieces = list[list[list[int]]]  # what a row's entries or parts become: none, one list, or two where it was cut


class SeriesRow(TypedDict):
    """`.../all`: what the entries of each local month come to."""

    v: int
    months: dict[str, int]


class SeriesPartRow(TypedDict):
    """A row of a month's tree: entries [when, amount], or parts [since when, number, sum]; the root of parts keeps the next number."""

    v: int
    at: NotRequired[list[list[int]]]
    parts: NotRequired[list[list[int]]]
    next: NotRequired[int]


class Series:
    """Reads and writes one series of a subject, below `collection/<names>/`."""

    def __init__(self, draft: Draft, collection: str, names: tuple[str, ...], keep: Period) -> None:
        self._draft = draft
        self._zone = draft.rules.ruleset.programme.zone
        self.key = keys.row(draft.subject, collection, *names)
        self._keep = keep

    def total(self, span: Span) -> int:
        """What the entries in a span come to."""
        total = 0
        for month, amount in self._months().items():
            of_month = _span_of(month, self._zone)
            if _covers(span, of_month):
                total += amount
            elif _meets(span, of_month):
                total += self._within(month, month, of_month, span)
        return total

    def add(self, when: int, amount: int) -> None:
        """Adds to the entry of an instant; one that comes to 0 is gone, as if it had never been."""
        if amount == 0:
            return
        months = self._months()
        month = month_of(when, self._zone)
        tree = _Tree(self, month)
        tree.add(when, amount)
        if tree.empty:
            months = {name: total for name, total in months.items() if name != month}
        else:
            months = {**months, month: months.get(month, 0) + amount}
        self._keep_months(months)

    def take(self, when: int, amount: int) -> int:
        """Takes from the entry of an instant, at most what is there; returns how much."""
        taken = min(amount, self.total(Span(when, when + 1)))
        self.add(when, -max(taken, 0))
        return max(taken, 0)

    def part(self, month: str, name: str) -> SeriesPartRow:
        """A row of a month's tree: its root by the month's own name, another by its number."""
        row: SeriesPartRow = self._draft.get(self._key(month, name))
        return row

    def put(self, month: str, name: str, row: SeriesPartRow | None) -> None:
        """Writes a row of a month's tree, or takes it away."""
        if row is None:
            self._draft.delete(self._key(month, name))
        else:
            self._draft.put(self._key(month, name), row, gone_at(month, self._keep, self._zone))

    def _within(self, month: str, name: str, covered: Span, span: Span) -> int:
        row = self.part(month, name)
        if "at" in row:
            return sum(amount for when, amount in row["at"] if when in span)
        parts = row["parts"]
        total = 0
        for at, (from_ms, number, amount) in enumerate(parts):
            part = Span(from_ms, parts[at + 1][0] if at + 1 < len(parts) else covered.until_ms)
            if _covers(span, part):
                total += amount
            elif _meets(span, part):
                total += self._within(month, str(number), part, span)
        return total

    def _key(self, month: str, name: str) -> str:
        return f"{self.key}/{month}" if name == month else f"{self.key}/{month}/{name}"

    def _months(self) -> dict[str, int]:
        row: SeriesRow | None = self._draft.get(f"{self.key}/{_ALL}")
        return {} if row is None else row["months"]

    def _keep_months(self, months: dict[str, int]) -> None:
        if months:
            self._draft.put(f"{self.key}/{_ALL}", SeriesRow(v=VERSION, months=months))
        else:
            self._draft.delete(f"{self.key}/{_ALL}")


class _Tree:
    """A month's entries while one of them changes. A row that would be too long is cut in two."""

    def __init__(self, series: Series, month: str) -> None:
        self._series = series
        self._month = month
        self._root: SeriesPartRow = series.part(month, month) or {"v": VERSION, "at": []}
        self._next = self._root.get("next", 1)
        self.empty = False

    def add(self, when: int, amount: int) -> None:
        """Adds to an instant and writes the rows on the way to it."""
        pieces = self._changed(self._root, when, amount)
        self.empty = not pieces
        if len(pieces) > 1:
            parts = [self._part(piece, self._number(), leaf="at" in self._root) for piece in pieces]
            self._root = {"v": VERSION, "parts": parts, "next": self._next}
        elif pieces:
            self._root = self._row(pieces[0], leaf="at" in self._root)
            if "parts" in self._root:
                self._root["next"] = self._next
        self._series.put(self._month, self._month, None if self.empty else self._root)

    def _changed(self, row: SeriesPartRow, when: int, amount: int) -> Pieces:
        if "at" in row:
            return _cut(_merged(row["at"], when, amount), at_end=when >= row["at"][-1][0] if row["at"] else True)
        parts = row["parts"]
        at = max(bisect_right(parts, when, key=_instant) - 1, 0)
        number = parts[at][1]
        below = self._series.part(self._month, str(number))
        pieces = self._changed(below, when, amount)
        if not pieces:
            self._series.put(self._month, str(number), None)
        leaf = "at" in below
        made = [
            self._part(piece, number if place == 0 else self._number(), leaf=leaf) for place, piece in enumerate(pieces)
        ]
        return _cut([*parts[:at], *made, *parts[at + 1 :]], at_end=at == len(parts) - 1)

    def _part(self, piece: list[list[int]], number: int, *, leaf: bool) -> list[int]:
        """Writes a row below the root, and says what stands for it in the row above: since when, its number, its sum."""
        self._series.put(self._month, str(number), self._row(piece, leaf=leaf))
        return [piece[0][0], number, sum(each[-1] for each in piece)]

    def _row(self, piece: list[list[int]], *, leaf: bool) -> SeriesPartRow:
        return {"v": VERSION, "at": piece} if leaf else {"v": VERSION, "parts": piece}

    def _number(self) -> int:
        self._next += 1
        return self._next - 1


def forget(draft: Draft, key: str) -> str:
    """Lets a row go whose month is kept no longer; returns the key of the series that a root belonged to, "" for other rows."""
    draft.delete(key)
    series, _, month = key.rpartition("/")
    if "-" not in month:
        return ""
    row: SeriesRow | None = draft.get(f"{series}/{_ALL}")
    left = {} if row is None else {name: total for name, total in row["months"].items() if name != month}
    if left:
        draft.put(f"{series}/{_ALL}", SeriesRow(v=VERSION, months=left))
    else:
        draft.delete(f"{series}/{_ALL}")
    return series


def edges(draft: Draft, series: str) -> tuple[int, int] | None:
    """The instants of the first and the last entry of the series of that key; None where there are none."""
    whole: SeriesRow | None = draft.get(f"{series}/{_ALL}")
    if whole is None:
        return None
    first: SeriesPartRow = draft.get(f"{series}/{min(whole['months'])}")
    root = f"{series}/{max(whole['months'])}"
    last: SeriesPartRow = draft.get(root)
    while "at" not in last:
        last = draft.get(f"{root}/{last['parts'][-1][1]}")
    return (first["at"] if "at" in first else first["parts"])[0][0], last["at"][-1][0]


def month_of(instant_ms: int, zone: Zone) -> str:
    """The local month that an instant falls in, `2026-11`."""
    return f"{local_day(min(max(instant_ms, _FIRST_MS), _LAST_MS), zone):%Y-%m}"


@lru_cache(maxsize=4096)
def gone_at(month: str, keep: Period, zone: Zone) -> int:
    """The instant at which a month's entries go: what was counted at its end is kept no longer."""
    return expires_at(_span_of(month, zone).until_ms - 1, Expiry(keep, "end_of_month"), zone)


@lru_cache(maxsize=4096)
def _span_of(month: str, zone: Zone) -> Span:
    first = _first_day(month)
    return Span(start_of_day(first, zone), start_of_day(add_months(first, 1), zone))


def _first_day(month: str) -> date:
    year, _, number = month.partition("-")
    return date(int(year), int(number), 1)


def _covers(span: Span, part: Span) -> bool:
    return span.from_ms <= part.from_ms and part.until_ms <= span.until_ms


def _meets(span: Span, part: Span) -> bool:
    return span.from_ms < part.until_ms and part.from_ms < span.until_ms


def _instant(entry: list[int]) -> int:
    return entry[0]


def _merged(entries: list[list[int]], when: int, amount: int) -> list[list[int]]:
    """The entries with one changed, in order."""
    at = bisect_left(entries, when, key=_instant)
    if at == len(entries) or entries[at][0] != when:
        return [*entries[:at], [when, amount], *entries[at:]]
    changed = entries[at][1] + amount
    return [*entries[:at], *([[when, changed]] if changed else []), *entries[at + 1 :]]


def _cut(entries: list[list[int]], *, at_end: bool) -> Pieces:
    """One list, or two where it is too long: full and one entry where it grows at its end, else halves."""
    if len(entries) <= MOST:
        return [entries] if entries else []
    at = MOST if at_end else len(entries) // 2
    return [entries[:at], entries[at:]]

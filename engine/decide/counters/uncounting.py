"""What a return gives back to counters: to the period it was taken from, and never more than is still there (B-23)."""

from typing import NamedTuple

from engine.core.records import Event, Json
from engine.core.windows import Span
from engine.decide.counters import achieving
from engine.decide.counters.counter_rows import CounterRows, rebuild_later
from engine.decide.counters.counting import SALE, Count, counted_of, counter_of, left_of, span_of
from engine.decide.draft import Draft
from engine.decide.rows.member import MemberRow
from engine.decide.rows.sale import TransactionRow
from engine.ruleset.limits import Window
from engine.ruleset.matching import Rules


class Returned(NamedTuple):
    """A return, the member, and the sale of which something comes back."""

    event: Event
    member: MemberRow
    sale: TransactionRow


def give_back(draft: Draft, event: Event, member: MemberRow, sale: TransactionRow, left: Json) -> dict[str, list[Json]]:
    """Counters and achievements once only the payload `left` (None: nothing) of a sale is kept; returns what it still counts.

    `sale` is its row before this return. A counter that was defined anew since, and so rebuilt from the kept sales, gives back by
    its present definition what the rebuilding counted.
    """
    of = Returned(event, member, sale)
    rules, sold_by = draft.rules, draft.rules_of(sale["ruleset"])
    counted: dict[str, list[Json]] = {}
    for name, (definition, amount, value) in sorted(sale["counted"].items()):
        kept = counted_of(counter_of(sold_by, name), sale, left, member, sold_by)
        remains = _remains(Count(amount, value), kept)
        if remains:
            counted[name] = [definition, remains, value]
        uncount(draft, of, name, definition, Count(amount - remains, value))
    for counter in rules.ruleset.programme.counters:
        definition = rules.definitions[counter.name]
        if counter.on == SALE and sold_by.definitions.get(counter.name) != definition:
            before = counted_of(counter, sale, left_of(sale), member, rules)
            if before is not None:
                gone = before.amount - _remains(before, counted_of(counter, sale, left, member, rules))
                uncount(draft, of, counter.name, definition, Count(gone, before.value))
    return counted


def uncount(draft: Draft, of: Returned, name: str, definition: str, given_back: Count) -> None:
    """Gives back to one counter. One that is defined otherwise by now has nothing of it; should it come again, it is rebuilt."""
    rules = draft.rules
    if rules.definitions.get(name) != definition:
        rebuild_later(draft, name, definition)
        return
    rows = CounterRows(draft, counter_of(rules, name), definition)
    if rows.outdated or given_back.amount <= 0:
        return
    achievements = [each for each in rules.ruleset.achievements if each.counter == name]
    windows = {each.field: achieving.window_of(each, rules) for each in achievements}
    windows |= {each.field: each.window for each in rules.derived_of.get(name, ()) if each.kind == "passed"}
    stood = _stood(of, rows, windows, rules)
    for field, (_, count) in stood.items():
        rows.reach(field, of.sale["time"], count)
    rows.take(of.sale["time"], given_back.amount, given_back.value)
    rows.keep()
    for achievement in achievements:
        lost = 0
        if achievement.field in stood:
            span, count = stood[achievement.field]
            lost = count // achievement.target - rows.total(span) // achievement.target
        achieving.returned(draft, of.event, of.member, achievement, lost)


def _stood(of: Returned, rows: CounterRows, windows: dict[str, Window], rules: Rules) -> dict[str, tuple[Span, int]]:
    """By field, the window that the sale stands in, and its count; a moving window is the one that ends with the return."""
    found: dict[str, tuple[Span, int]] = {}
    bought = of.event._replace(time_ms=of.sale["time"])
    for field in sorted(windows):
        window = windows[field]
        span = span_of(window, of.event if window.kind == "last" else bought, of.member, rules)
        if span is not None and of.sale["time"] in span:
            found[field] = (span, rows.total(span))
    return found


def _remains(counted: Count, kept: Count | None) -> int:
    """What still counts; a return never gives (B-22)."""
    return 0 if kept is None or kept.value != counted.value else max(min(kept.amount, counted.amount), 0)

"""Counters: what an event adds, and what conditions see of the counts, this event included (B-9, B-16, B-17a).

A counter that is new, or defined otherwise than before, is first rebuilt from what is left of the member's kept sales.
"""

from typing import NamedTuple

from engine.core.records import Event, Json
from engine.core.windows import ALL_TIME, Span, last, unit_around, unit_before
from engine.decide.counters.counter_rows import CounterRows, rebuild_later
from engine.decide.draft import Draft
from engine.decide.facts import facts_of
from engine.decide.rows.member import MemberRow
from engine.decide.rows.sale import TransactionRow
from engine.ruleset.limits import Counter, Derived, Window
from engine.ruleset.matching import Facts, Rules

SALE = "transaction.completed"
_MAX_STREAK = 400  # units looked back on; a counter keeps less


class Count(NamedTuple):
    """What an event adds to a counter: an amount, or for a counter of different values the value."""

    amount: int
    value: str | None = None


class Counts(NamedTuple):
    """The facts with what conditions ask of the counts, and what the event counted, by counter: [definition, amount, value]."""

    facts: Facts
    counted: dict[str, list[Json]]


def count(draft: Draft, event: Event, member: MemberRow, facts: Facts) -> Counts:
    """Counts an event, and completes its facts with the fields that conditions ask of the counts."""
    rules = draft.rules
    fields: dict[str, Json] = {}
    counted: dict[str, list[Json]] = {}
    for counter in rules.ruleset.programme.counters:
        rows = CounterRows(draft, counter, rules.definitions[counter.name])
        if rows.outdated:
            rebuild(rows, draft, member, event.id)
        added = addition(counter, facts, rules)
        if added is not None:
            rows.add(event.time_ms, added.amount, added.value)
            counted[counter.name] = [rules.definitions[counter.name], added.amount, added.value]
        for derived in rules.derived_of.get(counter.name, ()):
            fields[derived.field] = _derive(derived, rows, event, member, added, rules)
        rows.keep()
    return Counts(facts._replace(fields={**facts.fields, **fields}) if fields else facts, counted)


def uncount(draft: Draft, time_ms: int, name: str, definition: str, amount: int, value: str | None) -> None:
    """Gives back to a counter of what an event counted, in the period it was taken from (B-23); never more than is still there.

    A counter that is defined otherwise by now, or no longer, has nothing of it; should it come again, it is rebuilt.
    """
    rules = draft.rules
    if rules.definitions.get(name) != definition:
        rebuild_later(draft, name, definition)
        return
    rows = CounterRows(draft, counter_of(rules, name), definition)
    if not rows.outdated:
        rows.take(time_ms, amount, value)
        rows.keep()


def counter_of(rules: Rules, name: str) -> Counter:
    """The counter of that name."""
    return next(counter for counter in rules.ruleset.programme.counters if counter.name == name)


def addition(counter: Counter, facts: Facts, rules: Rules) -> Count | None:
    """What an event adds to a counter; None where it does not count."""
    if counter.on != facts.on or not rules.matcher.holds(counter.when, facts):
        return None
    lines = facts.lines if counter.lines is None else rules.matcher.select(counter.lines, facts)
    if counter.lines is not None and not lines:
        return None
    if counter.distinct is not None:
        value = facts.fields.get(counter.distinct)
        return None if value is None else Count(1, str(value))
    match counter.add:
        case "one":
            return Count(1)
        case "count":
            return Count(len(lines))
        case "pieces":
            return Count(sum(line["quantity"] for line in lines))
        case "amount" if counter.lines is None:
            return Count(facts.fields.get("transaction.amount", 0))
        case "amount":
            return Count(sum(line["amount_minor"] for line in lines))
        case "points":
            return Count(facts.fields.get("points.points", 0))


def counted_of(counter: Counter, sale: TransactionRow, kept: Json, member: MemberRow, rules: Rules) -> Count | None:
    """What a sale counts with the payload that is left of it; None where it does not count, as one of which nothing is left.

    What a condition asks of the member stands as at the purchase, where the sale's row keeps it.
    """
    if kept is None:
        return None
    past = Event(sale["record"], SALE, "", "", sale["time"], sale["time"], "", kept)
    facts = facts_of(past, member, rules, as_at_enrolment=False)
    stood = {name: tuple(each) if isinstance(each, list) else each for name, each in sale["stood"].items()}
    return addition(counter, facts._replace(fields={**facts.fields, **stood}), rules)


def left_of(sale: TransactionRow) -> Json:
    """The payload that is left of a sale after its returns so far; None where nothing is."""
    if sale.get("returned", {}).get("gone"):
        return None
    return sale.get("kept", sale["sale"])


def span_of(window: Window, event: Event, member: MemberRow, rules: Rules) -> Span | None:
    """The time that a window covers for an event; None where it has not begun, as before an opt-in."""
    programme = rules.ruleset.programme
    match window.kind:
        case "last" if window.period is not None:
            return last(event.time_ms, window.period, programme.zone)
        case "this" if window.unit is not None:
            return unit_around(event.time_ms, window.unit, programme.zone, programme.time.week_starts)
        case "during":
            return Span(
                ALL_TIME.from_ms if window.from_ms is None else window.from_ms,
                ALL_TIME.until_ms if window.until_ms is None else window.until_ms,
            )
        case "since":
            start = _start(window, member, rules)
            return None if start is None else Span(start, ALL_TIME.until_ms)
        case _:
            return ALL_TIME


def _start(window: Window, member: MemberRow, rules: Rules) -> int | None:
    match window.since:
        case "opt_in":
            return member["opt_ins"].get(window.campaign or "")
        case "tier_start" if rules.ruleset.ladders:
            ladder = member["ladders"].get(rules.ruleset.ladders[0].name)
            return None if ladder is None else ladder["since"]
        case _:
            return member["enrolled_at"]


def _derive(
    derived: Derived, rows: CounterRows, event: Event, member: MemberRow, added: Count | None, rules: Rules
) -> int:
    if derived.kind == "streak":
        return _streak(derived, rows, event, rules)
    span = span_of(derived.window, event, member, rules)
    if span is None:
        return 0
    counted = rows.total(span)
    if derived.kind == "value":
        return counted
    before = counted
    if added is not None:
        before = rows.total_without(span, counted, event.time_ms, added.amount, added.value)
    if derived.kind == "before":
        return before
    return passed(derived.field, derived.argument, rows, span, event.time_ms, before, counted)


def passed(field: str, multiple: int, rows: CounterRows, span: Span, now: int, before: int, after: int) -> int:
    """How many multiples were passed, against the highest count ever reached, so buy, return, buy pays once (B-17a).

    Without returns a count is at its highest; what it was before a return is kept with the counter.
    """
    highest = max(before, rows.peak(field, span, now))
    return max(after // multiple - highest // multiple, 0)


def _streak(derived: Derived, rows: CounterRows, event: Event, rules: Rules) -> int:
    programme = rules.ruleset.programme
    unit = derived.window.unit
    if unit is None:
        raise AssertionError("the compiler let through a streak without a unit")
    span = unit_around(event.time_ms, unit, programme.zone, programme.time.week_starts)
    length = 0
    while length < _MAX_STREAK and rows.total(span) >= derived.argument:
        length += 1
        span = unit_before(span, unit, programme.zone, programme.time.week_starts)
    return length


def rebuild(rows: CounterRows, draft: Draft, member: MemberRow, without: str = "") -> None:
    """Counts a member's kept sales anew, but for that of one record."""
    rows.clear()
    if rows.counter.on != SALE:
        return
    for key in draft.scan("transaction"):
        sale: TransactionRow = draft.get(key)
        if sale["record"] == without:
            continue
        added = counted_of(rows.counter, sale, left_of(sale), member, draft.rules)
        if added is not None:
            rows.add(sale["time"], added.amount, added.value)

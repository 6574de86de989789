"""Counters do not grow with history, and a return gives back to them what it took (B-16, B-17a, B-23)."""

from typing import Any

import pytest

from engine.core.calendar import Period
from engine.core.instants import DAY_MS, MINUTE_MS
from engine.core.records import Json
from engine.core.windows import ALL_TIME, Span
from engine.decide.counters.counter_rows import CounterRows
from engine.decide.counters.counting import counter_of
from engine.decide.draft import Draft
from engine.ruleset.conditions import LineSet, Test
from engine.ruleset.effects import AwardPoints, Fixed
from engine.ruleset.limits import Counter, Derived, Window
from engine.ruleset.matching import Rules
from tests.support.journals import START, Log, enrolled, line, sale
from tests.support.programme import campaign, one_of, rules, ruleset
from tests.support.steps import Steps, told_at

EVER, MONTH = Window("ever"), Window("this", unit="month")
LAST = Window("last", Period(30, "days"))
YEAR = Period(12, "months")
SALE = "transaction.completed"
DELI = LineSet(one_of("category", "deli"), None)
PIECES = Counter("pieces", SALE, DELI, None, "pieces", None, YEAR)
OUTLETS = Counter("outlets", SALE, None, None, "one", "transaction.outlet_code", YEAR)


def programme(*counters: Counter, derived: tuple[Derived, ...] = (), times: str = "") -> Rules:
    tenth = campaign(
        "tenth",
        AwardPoints(Fixed(10), "points"),
        times=times,
        when=Test(times, "int", "at_least", (1,))
        if times
        else Test("transaction.channel", "text", "one_of", ("none",)),
    )
    return rules(ruleset(tenth, counters=counters, derived=derived))


def bought(number: int, pieces: int = 1, at_ms: int = START, **data: Any) -> Any:
    return sale("M", f"T{number}", line(1, 100, "deli", pieces), time_ms=at_ms, **data)


def gives_back(steps: Steps, number: int, pieces: int | None, at_ms: int = START + DAY_MS) -> None:
    """A return that keeps so many pieces of a sale, None for nothing at all."""
    kept = [] if pieces is None else [line(1, 100, "deli", pieces)]
    steps.give_back(f"T{number}", *kept, time_ms=at_ms)


def total(steps: Steps, name: str = "pieces", span: Span = ALL_TIME) -> int:
    draft = Draft.of_event(steps, "member:M", told_at(START), steps.rules, lambda _: steps.rules)
    return CounterRows(draft, counter_of(steps.rules, name), steps.rules.definitions[name]).total(span)


@pytest.mark.parametrize("counter", [PIECES, OUTLETS], ids=lambda counter: counter.name)
@pytest.mark.parametrize("step_ms", [MINUTE_MS, 45 * MINUTE_MS])
def test_the_work_of_an_event_does_not_grow_with_what_a_member_bought_before(counter: Counter, step_ms: int) -> None:
    derived = (
        Derived("a", counter.name, "value", LAST),
        Derived("b", counter.name, "before", EVER),
        Derived("c", counter.name, "passed", MONTH, 10),
    )
    steps = Steps(programme(counter, derived=derived)).feed(enrolled("M"))
    rows_read: list[int] = []
    bytes_written: list[int] = []
    for number in range(2_000):
        steps.read.clear()
        steps.written.clear()
        steps.feed(bought(number, at_ms=START + number * step_ms, outlet_code=f"O{number % 7}"))
        rows_read.append(sum("/counter/" in key for key in steps.read))
        bytes_written.append(sum(size for key, size in steps.written if "/counter/" in key))
    assert max(rows_read) <= 8
    assert max(bytes_written) < 2_000
    assert sum(bytes_written[-500:]) < 1.5 * sum(bytes_written[200:700])
    assert sum(rows_read[-500:]) <= 1.5 * sum(rows_read[200:700])


def test_no_row_of_a_member_grows_with_ten_thousand_purchases_in_a_month() -> None:
    derived = (Derived("a", "pieces", "value", LAST), Derived("b", "pieces", "value", MONTH))
    made = Log(programme(PIECES, derived=derived), partitions=1, batch=500).feed(enrolled("M"))
    made.feed(*(bought(number, at_ms=START + number * 3 * MINUTE_MS) for number in range(10_000)))
    assert max(len(value) for value in made.rows().values()) < 2_000
    assert made.row("member:M/counter/pieces/all")["months"] == {"2026-11": 10_000}
    assert len([key for key in made.rows() if "/counter/" in key]) < 400


def test_a_counters_rows_go_when_its_keep_is_over_and_the_count_with_them() -> None:
    derived = (Derived("a", "pieces", "value", EVER),)
    steps = Steps(programme(PIECES, OUTLETS, derived=derived)).feed(enrolled("M"))
    steps.feed(*(bought(number, at_ms=START + number * MINUTE_MS, outlet_code="A") for number in range(100)))
    steps.feed(bought(100, at_ms=START + 40 * DAY_MS, outlet_code="A"), bought(101, at_ms=START + 41 * DAY_MS))
    assert (total(steps), total(steps, "outlets")) == (102, 1)
    steps.until("member:M", START + 395 * DAY_MS)  # December 2027: November 2026 is gone, December 2026 is not
    assert (total(steps), total(steps, "outlets")) == (2, 1)
    assert not [key for key in steps.keys_of("member:M/counter/") if "2026-11" in key]
    steps.until("member:M", START + 430 * DAY_MS)
    assert (total(steps), total(steps, "outlets")) == (0, 0)
    assert steps.keys_of("member:M/counter/") == ["member:M/counter/outlets/meta", "member:M/counter/pieces/meta"]


def test_b23_a_return_gives_back_to_the_period_the_count_was_taken_from() -> None:
    steps = Steps(programme(PIECES)).feed(enrolled("M"))
    steps.feed(bought(1, 5), bought(2, 2, at_ms=START + 40 * DAY_MS))
    gives_back(steps, 1, 2, START + 41 * DAY_MS)
    assert total(steps) == 4
    assert steps.row("member:M/counter/pieces/all")["months"] == {"2026-11": 2, "2026-12": 2}
    gives_back(steps, 1, None, START + 41 * DAY_MS)
    assert steps.row("member:M/counter/pieces/all")["months"] == {"2026-12": 2}
    gives_back(steps, 1, None, START + 41 * DAY_MS)
    assert total(steps) == 2


def test_b23_a_value_counts_while_some_purchase_with_it_is_kept() -> None:
    steps = Steps(programme(OUTLETS)).feed(enrolled("M"))
    for number, outlet in enumerate(("A", "B", "A")):
        steps.feed(bought(number, 2, START + number * DAY_MS, outlet_code=outlet))
    gives_back(steps, 0, None)
    assert total(steps, "outlets") == 2
    assert total(steps, "outlets", Span(START, START + 1)) == 0
    gives_back(steps, 1, 1)  # of a purchase that is kept in part, the outlet still counts
    assert total(steps, "outlets") == 2
    gives_back(steps, 2, None)
    assert total(steps, "outlets") == 1


def test_b22_a_return_never_gives() -> None:
    few = Counter("few", SALE, DELI, Test("transaction.amount", "money", "at_most", (100,)), "pieces", None, YEAR)
    steps = Steps(programme(few)).feed(enrolled("M"))
    steps.feed(sale("M", "T1", line(1, 500, "deli", 5)))
    gives_back(steps, 1, 1)
    assert total(steps, "few") == 0


@pytest.mark.parametrize("window", [EVER, MONTH, LAST], ids=lambda window: window.kind)
def test_b17a_buy_return_buy_pays_once(window: Window) -> None:
    passed = Derived("passed", "pieces", "passed", window, 10)
    steps = Steps(programme(PIECES, derived=(passed,), times="passed")).feed(enrolled("M"))
    steps.feed(bought(1, 9), bought(2, 3, START + 1))
    gives_back(steps, 2, None, START + 2)
    steps.feed(bought(3, 3, START + 3))
    assert len(steps.told("points.awarded")) == 1
    gives_back(steps, 3, 2, START + 4)
    steps.feed(bought(4, 8, START + 5))
    assert len(steps.told("points.awarded")) == 1  # 19 now
    steps.feed(bought(5, 1, START + 6))
    assert len(steps.told("points.awarded")) == 2


def test_a_peak_goes_with_what_came_back_so_that_a_full_card_is_not_the_last() -> None:
    passed = Derived("passed", "pieces", "passed", EVER, 10)
    steps = Steps(programme(PIECES, derived=(passed,), times="passed")).feed(enrolled("M"))
    steps.feed(bought(1, 35))
    gives_back(steps, 1, None, START + 1)
    later = START + 400 * DAY_MS
    steps.until("member:M", later).feed(bought(2, 10, later))
    assert [each["points"] for each in steps.told("points.awarded")] == [30, 10]


def test_b16_rebuilding_counts_what_returns_have_left() -> None:
    before, after = programme(), programme(PIECES, OUTLETS)
    steps = Steps(before, after).feed(enrolled("M"))
    steps.feed(*(bought(number, 4, START + number, outlet_code=f"O{number}") for number in range(3)))
    gives_back(steps, 0, 1)
    gives_back(steps, 1, None)
    steps.rules = after
    steps.feed(bought(9, 1, START + 9))
    assert (total(steps), total(steps, "outlets")) == (1 + 4 + 1, 2)


def test_a_counter_defined_anew_since_the_sale_gives_back_by_its_present_definition() -> None:
    single = Counter("pieces", SALE, None, None, "pieces", None, YEAR)
    doubled = (line(1, 100, "deli", 2), line(2, 100, "produce", 3))
    before, after = programme(PIECES), programme(single)
    steps = Steps(before, after).feed(enrolled("M"), sale("M", "T1", *doubled), bought(2, 1, START + 1))
    steps.rules = after
    steps.feed(bought(3, 1, START + 2))
    assert total(steps) == 7
    gives_back(steps, 1, None)
    assert total(steps) == 2


def test_a_counter_that_comes_again_is_rebuilt_without_what_came_back_meanwhile() -> None:
    with_it, without = programme(PIECES), programme()
    steps = Steps(with_it, without).feed(enrolled("M"), bought(1, 4), bought(2, 2, START + 1))
    steps.rules = without
    gives_back(steps, 1, 1)
    steps.rules = with_it
    steps.feed(bought(3, 1, START + 2))
    assert total(steps) == 1 + 2 + 1


def test_a_sale_keeps_what_it_counted() -> None:
    made = programme(PIECES, OUTLETS)
    steps = Steps(made).feed(enrolled("M"), bought(1, 4, outlet_code="A"))
    counted: Json = steps.row("member:M/transaction/T1")["counted"]
    assert counted == {
        "pieces": [made.definitions["pieces"], 4, None],
        "outlets": [made.definitions["outlets"], 1, "A"],
    }
    gives_back(steps, 1, 3)
    assert steps.row("member:M/transaction/T1")["counted"]["pieces"] == [made.definitions["pieces"], 3, None]

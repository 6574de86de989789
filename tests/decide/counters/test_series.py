"""A dated series holds what was added to it, however much, in whatever order, and its rows stay small."""

import random

import pytest

from engine.core.calendar import Period
from engine.core.instants import DAY_MS, parse
from engine.core.windows import ALL_TIME, Span
from engine.decide.counters.series import MOST, Series, edges, month_of
from engine.decide.draft import Draft
from tests.support.journals import START
from tests.support.programme import NEW_YORK_2026, rules, ruleset
from tests.support.steps import Steps, told_at

YEAR = Period(12, "months")
RULES = rules(ruleset(zone=NEW_YORK_2026))


def opened(steps: Steps) -> tuple[Draft, Series]:
    draft = Draft.of_event(steps, "member:M", told_at(START), RULES, lambda _: RULES)
    return draft, Series(draft, "counter", ("visits",), YEAR)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("days", [1, 90])
def test_any_span_of_a_series_comes_to_what_its_entries_come_to(seed: int, days: int) -> None:
    draws = random.Random(seed * 100 + days)
    draft, series = opened(Steps(RULES))
    known: dict[int, int] = {}
    instants = [START + draws.randrange(days * DAY_MS) for _ in range(700)]
    if seed % 2:
        instants.sort()
    for when in instants:
        again = draws.choice(list(known)) if known and draws.random() < 0.3 else None
        if again is not None and draws.random() < 0.7:
            asked = draws.randrange(1, 8)
            assert series.take(again, asked) == min(asked, known[again])
            known[again] -= min(asked, known[again])
            if not known[again]:
                del known[again]
        at = when if again is None else again
        amount = draws.randrange(1, 5)
        series.add(at, amount)
        known[at] = known.get(at, 0) + amount
    for _ in range(200):
        first, last = sorted(START + draws.randrange(-DAY_MS, (days + 1) * DAY_MS) for _ in range(2))
        span = Span(first, last)
        assert series.total(span) == sum(amount for when, amount in known.items() if when in span), f"seed {seed}"
    assert series.total(ALL_TIME) == sum(known.values())
    assert edges(draft, series.key) == (min(known), max(known))
    for key in draft.scan("counter"):
        row = draft.get(key)
        assert len(row.get("at", row.get("parts", ()))) <= MOST
    for when, amount in sorted(known.items()):
        assert series.take(when, amount + 1) == amount
    assert list(draft.scan("counter")) == []


def test_what_is_given_back_leaves_no_trace_and_nothing_comes_back_twice() -> None:
    draft, series = opened(Steps(RULES))
    series.add(START, 3)
    before = dict(draft.done().rows)
    series.add(START + 1, 2)
    assert series.take(START + 1, 2) == 2
    assert draft.done().rows == before
    assert (series.take(START + 1, 2), series.take(START, 5), series.take(START, 5)) == (0, 3, 0)
    assert edges(draft, series.key) is None


def test_a_month_is_that_of_the_programmes_zone() -> None:
    assert month_of(parse("2026-11-01T02:00:00Z"), NEW_YORK_2026) == "2026-10"  # the evening before, there

"""Instants and local days, with the months, midnights and clock changes that go wrong elsewhere."""

from datetime import date

import pytest

from engine.core.calendar import (
    Expiry,
    Period,
    Rounding,
    Zone,
    add_months,
    expires_at,
    instant_of,
    local_day,
    start_of_day,
)
from engine.core.instants import DAY_MS, HOUR_MS, parse, render
from engine.core.windows import Span, Unit, last, unit_around, unit_before
from tests.support.programme import NEW_YORK_2026, UTC

# Midnight does not exist on 2026-10-04 in this zone: clocks go from 00:00 to 01:00.
NO_MIDNIGHT = Zone("Asuncion-like", (0, parse("2026-10-04T04:00:00Z")), (-14400, -10800))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-03T09:00:00.123456+01:00", 1793692800123),
        ("2026-11-03t09:00:00-05:00", 1793714400000),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_an_instant_is_read_to_the_millisecond(text: str, expected: int) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-03T09:00:00",
        "2026-11-03",
        "20261103T090000Z",
        "2026-13-03T09:00:00Z",
        "2026-11-03T24:00:01Z",
        "",
        "now",
    ],
)
def test_what_is_no_instant_with_an_offset_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"RFC 3339|month|hour"):
        parse(text)


def test_an_instant_is_shown_in_utc_with_milliseconds() -> None:
    assert render(parse("2026-11-03T09:00:00.5+01:00")) == "2026-11-03T08:00:00.500Z"


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
    ],
)
def test_b4_months_clamp(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        ("none", "2027-03-04T05:00:00Z"),
        ("end_of_month", "2027-04-01T04:00:00Z"),
        ("end_of_quarter", "2027-04-01T04:00:00Z"),
        ("end_of_year", "2028-01-01T05:00:00Z"),
    ],
)
def test_b4_a_lot_goes_at_local_midnight_after_its_last_usable_day(rounding: Rounding, expected: str) -> None:
    zone = Zone(
        "New York",
        (*NEW_YORK_2026.from_ms, parse("2027-03-14T07:00:00Z"), parse("2027-11-07T06:00:00Z")),
        (*NEW_YORK_2026.offsets_s, -14400, -18000),
    )
    earned = parse("2026-03-03T23:30:00-05:00")
    assert render(expires_at(earned, Expiry(Period(12, "months"), rounding), zone)) == render(parse(expected))


def test_the_day_of_an_instant_is_the_zones() -> None:
    assert local_day(parse("2026-03-04T04:59:59Z"), NEW_YORK_2026) == date(2026, 3, 3)
    assert local_day(parse("2026-03-04T04:59:59Z"), UTC) == date(2026, 3, 4)


def test_a_local_time_that_comes_twice_is_the_first_and_one_that_never_comes_is_the_end_of_the_gap() -> None:
    twice = parse("2026-11-01T01:30:00Z")  # read as local milliseconds
    assert instant_of(twice, NEW_YORK_2026) == parse("2026-11-01T01:30:00-04:00")
    never = parse("2026-03-08T02:30:00Z")
    assert instant_of(never, NEW_YORK_2026) == parse("2026-03-08T03:00:00-04:00")


def test_a_day_without_midnight_starts_where_its_first_hour_does() -> None:
    assert start_of_day(date(2026, 10, 4), NO_MIDNIGHT) == parse("2026-10-04T04:00:00Z")


def test_days_around_a_clock_change_have_23_and_25_hours() -> None:
    spring = start_of_day(date(2026, 3, 9), NEW_YORK_2026) - start_of_day(date(2026, 3, 8), NEW_YORK_2026)
    autumn = start_of_day(date(2026, 11, 2), NEW_YORK_2026) - start_of_day(date(2026, 11, 1), NEW_YORK_2026)
    assert (spring, autumn) == (DAY_MS - HOUR_MS, DAY_MS + HOUR_MS)


@pytest.mark.parametrize(
    ("unit", "start", "end"),
    [
        ("day", "2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00"),
        ("week", "2026-10-26T00:00:00-04:00", "2026-11-02T00:00:00-05:00"),
        ("month", "2026-11-01T00:00:00-04:00", "2026-12-01T00:00:00-05:00"),
        ("quarter", "2026-10-01T00:00:00-04:00", "2027-01-01T00:00:00-05:00"),
        ("year", "2026-01-01T00:00:00-05:00", "2027-01-01T00:00:00-05:00"),
    ],
)
def test_a_calendar_unit_is_the_local_one_around_an_instant(unit: Unit, start: str, end: str) -> None:
    span = unit_around(parse("2026-11-01T23:30:00-05:00"), unit, NEW_YORK_2026, "monday")
    assert (render(span.from_ms), render(span.until_ms)) == (render(parse(start)), render(parse(end)))


def test_a_week_starts_where_the_programme_says() -> None:
    span = unit_around(parse("2026-11-03T09:00:00Z"), "week", UTC, "sunday")
    assert render(span.from_ms) == "2026-11-01T00:00:00.000Z"
    assert unit_before(span, "week", UTC, "sunday") == Span(span.from_ms - 7 * DAY_MS, span.from_ms)


@pytest.mark.parametrize(
    ("period", "outside"),
    [
        (Period(30, "days"), "2026-03-01T12:00:00Z"),
        (Period(1, "months"), "2026-02-28T12:00:00Z"),
        (Period(1, "years"), "2025-03-31T12:00:00Z"),
    ],
)
def test_the_last_period_ends_with_its_instant_and_leaves_out_the_one_a_period_before(
    period: Period, outside: str
) -> None:
    at = parse("2026-03-31T12:00:00Z")
    span = last(at, period, UTC)
    assert at in span
    assert at + 1 not in span
    assert parse(outside) not in span
    assert parse(outside) + 1 in span

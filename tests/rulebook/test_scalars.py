"""Single values: read by the field's type exactly as written, or said why not."""

import pytest

from engine.core.calendar import Period
from engine.rulebook.scalars import READERS, Reading, Wrong
from engine.rulebook.zones import zone_table

NEW_YORK = zone_table("America/New_York")


@pytest.mark.parametrize(
    ("kind", "text", "digits", "expected"),
    [
        ("money", "20.00", 2, 2000),
        ("money", "20", 2, 2000),
        ("money", "0.01", 2, 1),
        ("money", "0", 2, 0),
        ("money", "20.5", 2, "field-type"),
        ("money", "20.000", 2, "field-type"),
        ("money", "20.000", 3, 20000),
        ("money", "500", 0, 500),
        ("money", "500.00", 0, "field-type"),
        ("money", "020.00", 2, "field-type"),
        ("money", "1e3", 2, "field-type"),
        ("money", ".5", 2, "field-type"),
        ("money", "20,00", 2, "field-type"),
        ("money", "1_000", 2, "field-type"),
        ("money", "٢٠", 2, "field-type"),
        ("money", "-1.00", 2, "negative-amount"),
        ("money", "99999999999999", 2, "number-too-large"),
        ("money", "9" * 400, 2, "field-type"),
        ("money_unit", "0.00", 2, "not-positive"),
        ("money_unit", "1.00", 2, 100),
        ("worth", "0.01", 2, 1_000_000),
        ("worth", "0.005", 2, 500_000),
        ("worth", "0.00000001", 2, 1),
        ("worth", "0.000000001", 2, "field-type"),
        ("worth", "1", 0, 1_000_000),
        ("int", "-3", 2, -3),
        ("int", "0123", 2, "field-type"),
        ("int", "0x1F", 2, "field-type"),
        ("int", "1.0", 2, "field-type"),
        ("points", "-1", 2, "negative-points"),
        ("points", "0", 2, 0),
        ("bool", "true", 2, True),
        ("bool", "yes", 2, "field-type"),
        ("bool", "True", 2, "field-type"),
        ("text", "no", 2, "no"),
        ("text", "1:30", 2, "1:30"),
        ("text", "0123", 2, "0123"),
        ("text", "20.00", 2, "20.00"),
        ("text", "null", 2, "null"),
        ("text", "  ", 2, "field-type"),
        ("day", "2028-02-29", 2, "2028-02-29"),
        ("day", "2026-02-29", 2, "impossible-day"),
        ("day", "2026-2-9", 2, "field-type"),
        ("month_day", "02-29", 2, "02-29"),
        ("month_day", "02-30", 2, "impossible-day"),
        ("clock", "08:30", 2, 510),
        ("clock", "24:00", 2, 1440),
        ("clock", "24:01", 2, "field-type"),
        ("clock", "08:60", 2, "field-type"),
        ("clock", "8:30", 2, "field-type"),
        ("weekday", "tuesday", 2, "tuesday"),
        ("weekday", "Tuesday", 2, "unknown-choice"),
        ("period", "12 months", 2, Period(12, "months")),
        ("period", "1 day", 2, Period(1, "days")),
        ("period", "0 days", 2, "field-type"),
        ("duration", "15 minutes", 2, 900_000),
        ("duration", "1 month", 2, "field-type"),
        ("start", "2026-11-01", 2, 1793505600000),
        ("end", "2026-11-01", 2, 1793595600000),
        ("end", "2026-11-27T18:00", 2, 1795820400000),
        ("start", "2026-11-27T18", 2, "field-type"),
        ("start", "1066-10-14", 2, "impossible-day"),
        ("start", "2026-03-08T02:30", 2, 1772953200000),  # the hour that is skipped ends here
        ("zone", "America/New_York", 2, "America/New_York"),
        ("zone", "America/New_Yorc", 2, "unknown-choice"),
        ("zone", "../../etc/passwd", 2, "unknown-choice"),
        ("currency", "JPY", 2, "JPY"),
        ("currency", "usd", 2, "unknown-choice"),
        ("name", "double-coffee", 2, "double-coffee"),
        ("name", "Double", 2, "bad-name"),
        ("name", "a" * 65, 2, "bad-name"),
        ("key", "homeTown", 2, "homeTown"),
        ("key", "home town", 2, "bad-name"),
    ],
)
def test_a_text_is_read_by_its_type(kind: str, text: str, digits: int, expected: object) -> None:
    value = READERS[kind].read(text, Reading(digits, NEW_YORK))
    found = value.code if isinstance(value, Wrong) else value
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize("kind", sorted(READERS))
def test_the_example_of_a_type_is_of_that_type(kind: str) -> None:
    assert not isinstance(READERS[kind].read(READERS[kind].example, Reading(2, NEW_YORK)), Wrong)


@pytest.mark.parametrize("kind", sorted(READERS))
@pytest.mark.parametrize(
    "text", ["", "\n", "-", "--1", "²", "1\n", "\x00", "٣", "9" * 1000, "2026-11-01T", "T", "0000-00-00"]
)
def test_no_text_makes_a_reader_raise(kind: str, text: str) -> None:
    READERS[kind].read(text, Reading(2, NEW_YORK))

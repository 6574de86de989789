"""Tables of time zones agree with the package that they are read from."""

import random
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest

from engine.core.calendar import offset_ms
from engine.rulebook.zones import zone_names, zone_table

NAMES = (
    "UTC",
    "America/New_York",
    "Europe/London",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)


@pytest.mark.parametrize("name", NAMES)
def test_offsets_are_those_of_the_zone_at_any_instant(name: str, rng: random.Random) -> None:
    with files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as data:
        zone = ZoneInfo.from_file(data)
    table = zone_table(name)
    begin = datetime(1990, 1, 1, tzinfo=UTC)
    instants = [begin + timedelta(seconds=rng.randrange(110 * 365 * 86_400)) for _ in range(2_000)]
    instants += [datetime.fromtimestamp(at / 1000 + by, UTC) for at in table.from_ms[1:] for by in (-1, 0, 1)]
    for at in instants:
        offset = at.astimezone(zone).utcoffset()
        assert offset is not None
        assert offset_ms(int(at.timestamp()) * 1000, table) == offset.total_seconds() * 1000, at


def test_a_table_begins_before_any_event_and_ascends() -> None:
    table = zone_table("America/New_York")
    assert table.from_ms[0] < -(10**15)
    assert list(table.from_ms) == sorted(set(table.from_ms))
    assert len(table.from_ms) == len(table.offsets_s) == 1 + 2 * 111


def test_names_are_those_of_the_package() -> None:
    assert "Europe/Berlin" in zone_names()
    assert "Mars/Olympus" not in zone_names()

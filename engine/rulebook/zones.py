"""Time zones as tables, read from the `tzdata` package and never from the machine, so that every machine compiles alike."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from engine.core.calendar import Zone

FIRST_YEAR, LAST_YEAR = 1990, 2100  # before and after, the first and the last offset go on
_ALWAYS_MS = -(1 << 53)  # before any instant of an event
_STEP = timedelta(days=1)  # no zone has changed twice within a day since 1990


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """The names that a programme may use."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="ascii").split())


@lru_cache(maxsize=8)
def zone_table(name: str) -> Zone:
    """The table of a zone of `zone_names`."""
    *folders, leaf = name.split("/")
    with files("tzdata.zoneinfo").joinpath(*folders, leaf).open("rb") as data:
        zone = ZoneInfo.from_file(data, key=name)
    from_ms, offsets = [_ALWAYS_MS], [_offset(zone, datetime(FIRST_YEAR, 1, 1, tzinfo=UTC))]
    at, end = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
    while at < end:
        if _offset(zone, at + _STEP) != offsets[-1]:
            changed = _change(zone, at, offsets[-1])
            from_ms.append(int(changed.timestamp()) * 1000)
            offsets.append(_offset(zone, changed))
        at += _STEP
    return Zone(name, tuple(from_ms), tuple(offsets))


def _offset(zone: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    if offset is None:
        raise AssertionError("a zone of tzdata has an offset at every instant")
    return int(offset.total_seconds())


def _change(zone: ZoneInfo, low: datetime, offset: int) -> datetime:
    """The first second after `low` with another offset than this one."""
    start, size = 0, int(_STEP.total_seconds())
    while start < size:
        middle = (start + size) // 2
        if _offset(zone, low + timedelta(seconds=middle)) == offset:
            start = middle + 1
        else:
            size = middle
    return low + timedelta(seconds=start)

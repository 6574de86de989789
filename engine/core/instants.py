"""Instants: milliseconds since 1970 in UTC inside, RFC 3339 with an offset outside."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)


@lru_cache(maxsize=4096)
def parse(text: str) -> int:
    """The instant that an RFC 3339 text names; digits beyond milliseconds are cut. Raises ValueError for anything else."""
    if _RFC3339.fullmatch(text) is None:
        raise ValueError("not an RFC 3339 instant with an offset")
    return (datetime.fromisoformat(text.upper()) - _EPOCH) // _MILLISECOND


@lru_cache(maxsize=4096)
def render(instant_ms: int) -> str:
    """The instant as RFC 3339 in UTC with milliseconds, `2026-11-03T14:00:00.000Z`."""
    return (_EPOCH + timedelta(milliseconds=instant_ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")

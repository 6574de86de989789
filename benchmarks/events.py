"""The events of the measurements: a public year of baskets, its households repeated under other names until they are enough."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import orjson

from engine.cli import baskets
from engine.replay.lines import Line

HOUSEHOLDS = 300  # 18,700 baskets in their year, 9 lines a basket
_BASKETS_A_YEAR = 18_000  # a little fewer than they are, so that the copies always suffice
_IDS = ("member_id", "transaction_id")
_TIME = re.compile(rb'"time":"[^"]+"')


class Feed(NamedTuple):
    """Everybody's enrolment, all before the first basket; and baskets in order of time."""

    enrolments: Sequence[Line]
    baskets: Iterator[Line]


def feed_of(count: int) -> Feed:
    """A feed of `count` baskets; each of the data stands beside its copies."""
    copies = -(-count // _BASKETS_A_YEAR)
    chosen = baskets.load(HOUSEHOLDS)
    enrolments = [line for line in baskets.lines(chosen) if line.topic == "members"]
    purchases = (line for line in baskets.lines(chosen) if line.topic != "members")
    return Feed(list(repeated(at_the_first(enrolments), copies)), islice(repeated(purchases, copies), count))


def repeated(lines: Iterable[Line], copies: int) -> Iterator[Line]:
    """Each line `copies` times, as if further households had done the same; the first copy is the line itself."""
    for line in lines:
        yield line
        if copies > 1:
            event = orjson.loads(line.value or b"")
            for number in range(1, copies):
                yield _copy(line, event, f"-{number}")


def _copy(line: Line, event: dict[str, Any], suffix: str) -> Line:
    data = event["data"] | {name: event["data"][name] + suffix for name in _IDS if name in event["data"]}
    value = orjson.dumps(event | {"id": event["id"] + suffix, "data": data})
    return line._replace(key=(line.key or b"") + suffix.encode(), value=value)


def at_the_first(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines as if all had happened when the first did."""
    time = _TIME.search(lines[0].value or b"")
    moment = time[0] if time else b""
    for line in lines:
        yield line._replace(value=_TIME.sub(moment, line.value or b"", count=1))

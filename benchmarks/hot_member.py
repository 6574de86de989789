"""10,000 purchases of one member: what an event costs at the end beside what it cost at the start, in one process, without a broker.

The same journal is folded several times and the quickest time of each part is taken: what is more was other work of the machine.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from engine.core.calendar import Period
from engine.core.instants import MINUTE_MS
from engine.pipeline.partition import Bounds, JournalRecord, Partition
from engine.ruleset.conditions import Condition, Test
from engine.ruleset.effects import AwardPoints, Fixed, Rate
from engine.ruleset.limits import Counter, Derived, Limit, Window
from engine.ruleset.matching import Rules
from engine.wire import journal
from tests.support.journals import START, enrolled, line, sale
from tests.support.programme import campaign, rules, ruleset

EVENTS = 10_000
ROUNDS = 3
AIM = 1.5  # of the cost at the start, and not more
_PART = 1_000  # events that are timed together
_BATCH = 100
_EVERY_MS = 10 * MINUTE_MS
_SALT = "00" * 32
_SALE = "transaction.completed"
_KEPT = Period(24, "months")


@dataclass(frozen=True, slots=True)
class HotMember:
    """Microseconds an event, by so many events after another; `largest` row in bytes, `rows` of the member at the end."""

    events: int
    parts_us: tuple[float, ...]
    rows: int
    largest: int

    @property
    def ratio(self) -> float:
        """What the last part costs of the first."""
        return self.parts_us[-1] / self.parts_us[0]


def measure(count: int) -> HotMember:
    """Folds and commits `count` purchases of one member, in batches."""
    rounds = [_fold(count) for _ in range(ROUNDS)]
    parts = tuple(min(each) for each in zip(*(timed for timed, _ in rounds), strict=True))
    rows = rounds[-1][1]
    return HotMember(count, parts, len(rows), max(map(len, rows.values())))


def show(console: Console, found: HotMember) -> None:
    """The first and the last events."""
    console.print(f"one member, in process, no broker: {found.events:,} purchases", style="bold")
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(("", "CPU us/event", "x first", "aim")):
        table.add_column(column, justify="right" if number else "left", header_style="dim")
    table.add_row(f"the first {_PART:,}", f"{found.parts_us[0]:.1f}", "1.00", "")
    table.add_row(f"the last {_PART:,}", f"{found.parts_us[-1]:.1f}", f"{found.ratio:.2f}", f"<= {AIM:g}")
    console.print(table)
    console.print(f"{found.rows:,} rows, the largest {found.largest:,} bytes", style="dim")


def _fold(count: int) -> tuple[list[float], Mapping[str, bytes]]:
    made = _rules()
    partition = Partition(0, 1, lambda _digest, _salt: made)
    records = _journal(made, count)
    _work_off(partition, records[:2])
    parts: list[float] = []
    for start in range(2, len(records), _PART):
        before = time.process_time()
        _work_off(partition, records[start : start + _PART])
        parts.append((time.process_time() - before) / len(records[start : start + _PART]) * 1e6)
    return parts, partition.rows


def _work_off(partition: Partition, records: list[JournalRecord]) -> None:
    for start in range(0, len(records), _BATCH):
        batch = records[start : start + _BATCH]
        end = batch[-1].offset + 1
        while partition.position < end:
            partition.commit(partition.fold(partition.position, end, batch, Bounds()))


def _journal(made: Rules, count: int) -> list[JournalRecord]:
    events = [enrolled("M")]
    for number in range(count):
        lines = (line(1, 1_250, quantity=2), line(2, 399, "deli"), line(3, 275, "produce"))
        at = START + number * _EVERY_MS
        events.append(sale("M", f"T{number}", *lines, time_ms=at, outlet_code=f"O{number % 9}"))
    values = [(event.subject.encode(), journal.encode_event(event)) for event in events]
    activation = journal.encode_activation(0, made.ruleset.digest, _SALT, made.ruleset.semantics)
    all_values = [(journal.ACTIVATION_KEY, activation), *values]
    return [JournalRecord(offset, START, key, value) for offset, (key, value) in enumerate(all_values)]


def _rules() -> Rules:
    """Base earn, a card of stamps, a bonus for visits of late with a limit, and one for different outlets."""
    of_late, passed = "counter.visits[last 30 days]", "counter.visits every 10"
    limit = Limit("points", 5_000, "member", Window("this", unit="month"), "clamp")
    return rules(
        ruleset(
            campaign("base", AwardPoints(Rate(1, 100), "points"), base=True),
            campaign("stamps", AwardPoints(Fixed(10), "points"), when=_at_least(passed, 1), times=passed),
            campaign("often", AwardPoints(Fixed(2), "points"), when=_at_least(of_late, 5), limits=(limit,)),
            campaign("around", AwardPoints(Fixed(1), "points"), when=_at_least("counter.outlets[this month]", 5)),
            counters=(
                Counter("outlets", _SALE, None, None, "one", "transaction.outlet_code", _KEPT),
                Counter("visits", _SALE, None, None, "one", None, _KEPT),
            ),
            derived=(
                Derived("counter.outlets[this month]", "outlets", "value", Window("this", unit="month")),
                Derived(of_late, "visits", "value", Window("last", Period(30, "days"))),
                Derived(passed, "visits", "passed", Window("ever"), 10),
            ),
        )
    )


def _at_least(field: str, least: int) -> Condition:
    return Test(field, "int", "at_least", (least,))

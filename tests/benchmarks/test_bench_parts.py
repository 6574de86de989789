import io
import os

import orjson
import pytest
from aiokafka.structs import ConsumerRecord
from rich.console import Console

from benchmarks import tables
from benchmarks.bare import Cost, Task, decide
from benchmarks.due import DueWork, Passed, measure
from benchmarks.events import at_the_first, repeated
from benchmarks.memory import Mark, Memory
from benchmarks.pipeline import Pipeline
from benchmarks.processes import usage
from benchmarks.restore import Restore
from benchmarks.running import progress_in
from benchmarks.throughput import Throughput
from engine.kafka import metrics
from engine.kafka.metrics import Metrics
from engine.replay.lines import Line


def test_due_work_of_many_members_is_done_in_steps() -> None:
    found = measure(1_200)
    assert (found.visits.steps, found.due.steps) == (4, 3)
    assert found.visits.largest <= 502
    assert (
        found.due.written == 6 * 1_200 + 2 + 3
    )  # an award, its decision, four rows; what the clock says to itself, positions


def basket(member: str, number: int, amount_minor: int = 1_250) -> Line:
    data = {"transaction_id": str(number), "member_id": member, "currency": "USD", "amount_minor": amount_minor}
    event = {"id": f"basket-{number}", "time": f"2017-01-0{number}T10:00:00-05:00", "data": data}
    return Line("transactions", member.encode(), orjson.dumps(event))


def test_copies_are_other_sales_of_other_members_at_the_same_time() -> None:
    given = [basket("HH-1", 1), basket("HH-2", 2)]
    copies = list(repeated(given, 3))
    assert [copies[0], copies[3]] == given
    events = [orjson.loads(line.value or b"") for line in copies]
    assert [line.key for line in copies[:3]] == [b"HH-1", b"HH-1-1", b"HH-1-2"]
    assert [event["data"]["member_id"].encode() for event in events] == [line.key for line in copies]
    assert len({event["id"] for event in events}) == len({event["data"]["transaction_id"] for event in events}) == 6
    assert len({event["time"] for event in events}) == 2


def test_one_copy_is_the_line_itself() -> None:
    assert list(repeated([basket("HH-1", 1)], 1)) == [basket("HH-1", 1)]


def test_enrolments_happen_before_the_first_basket() -> None:
    moved = [orjson.loads(line.value or b"") for line in at_the_first([basket("HH-1", 3), basket("HH-2", 5)])]
    assert [event["time"] for event in moved] == ["2017-01-03T10:00:00-05:00"] * 2
    assert [event["id"] for event in moved] == ["basket-3", "basket-5"]


def test_the_bare_client_keeps_a_balance_for_each_member() -> None:
    task = Task("", "t", "outcomes", "rows", 2, "send")
    balances: dict[str, int] = {}
    for number in (1, 2):
        value = basket("HH-1", number).value
        record = ConsumerRecord("t", 3, number, 0, 0, b"HH-1", value, None, 0, 0, ())
        outcome, row = decide(task, balances, record)
    assert outcome[:3] == ("outcomes", 3, b"HH-1")
    assert row[:3] == ("rows", 3, b"HH-1")
    assert orjson.loads(outcome[3])["points"] == 12
    assert orjson.loads(row[3])["balance"] == 24


def test_progress_is_read_from_the_workers_own_metrics() -> None:
    known = Metrics()
    assert progress_in(known.render()) == (0, 0)
    known.add(metrics.BATCH_RECORDS, 7, "intake")
    known.add(metrics.BATCH_RECORDS, 99, "decide")
    known.add(metrics.DECIDED, 5, "events")
    known.add(metrics.DECIDED, 98, "due")
    assert progress_in(known.render()) == (7, 5)


def test_usage_is_that_of_the_process_asked_for() -> None:
    before = usage(os.getpid())
    kept = bytearray(64 << 20)
    after = usage(os.getpid())
    assert after.peak_bytes >= after.resident_bytes > before.resident_bytes
    assert len(kept) <= after.resident_bytes
    assert after.cpu_s >= before.cpu_s
    with pytest.raises(OSError, match="No such file"):
        usage(1 << 30)


def test_tables_show_what_the_worker_costs_of_the_bare_client() -> None:
    said = io.StringIO()
    console = Console(file=said, width=120)
    costs = Cost(1_000, 0.5, 0.03), Cost(1_000, 0.25, 0.02), Cost(1_000, 1.0, 0.12)
    tables.show_throughput(console, Throughput("embedded", 1_000, 1_400, *costs))
    tables.show_pipeline(console, Pipeline(1_000, 30.0, 90.0, 10.0, 110.0, 20.0, 80.0))
    passed = Passed(2.0, 6_000, 3_002, 7)
    tables.show_due(console, DueWork(3_000, passed, passed, 100 << 20, 200 << 20))
    marks = (Mark(1_000, 300 << 20, 5_000, 100 << 20),)
    restored = Restore(6_000, 5_000, 0.05, 0.03)
    memory = Memory("embedded", 1_000, 1.0, 100 << 20, 310 << 20, marks, restored)
    tables.show_memory(console, memory)
    tables.show_restore(console, memory)
    text = said.getvalue()
    for shown in (
        "30.0",
        "20.0",
        "120.0",
        "4.00",
        "0.67",
        "<= 4",
        "5,000",
        "200",
        "120,000",
        "5.0",
        ">= 100,000/s",
        "1,500",
        "3,002",
    ):
        assert shown in text, shown

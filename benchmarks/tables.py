"""The tables that a run prints."""

from rich.console import Console
from rich.table import Table

from benchmarks.bare import Cost
from benchmarks.due import DueWork
from benchmarks.memory import Memory
from benchmarks.pipeline import Pipeline
from benchmarks.throughput import Throughput

AIM = 4.0  # of the CPU of a bare client, and not more
RESTORE_AIM = 100_000  # records a second
_MIB = 1 << 20


def show_throughput(console: Console, found: Throughput) -> None:
    """(a), (a') and (b), and what (b) is of (a)."""
    table = _table(
        console,
        f"end to end, {found.broker} broker: {found.events:,} baskets of {found.bytes_an_event:,} bytes",
        *("", "events/s", "CPU us/event", "x (a)", "aim"),
    )
    named = (
        ("(a)  bare client, a send a record", found.sends, ""),
        ("(a') bare client, ready-made batches", found.batches, ""),
        ("(b)  worker with the sample rules", found.worker, f"<= {AIM:g}"),
    )
    for name, cost, aim in named:
        table.add_row(name, *_cost(cost), f"{_us(cost) / _us(found.sends):.2f}", aim)
    console.print(table)


def show_pipeline(console: Console, found: Pipeline) -> None:
    """The pure parts."""
    table = _table(console, f"in process, no broker: {found.events:,} baskets", "", "CPU us/event")
    table.add_row("Intake.accept", f"{found.intake_us:.1f}")
    table.add_row("Partition.fold and commit", f"{found.fold_us:.1f}")
    table.add_row("  of which matching", f"{found.matching_us:.1f}")
    table.add_row("  returns: {find_by: receipt}, with the receipt's own fold", f"{found.by_receipt_us:.1f}")
    table.add_row("    of which the receipt's own fold", f"{found.receipt_us:.1f}")
    table.add_row("  returns: {find_by: member}", f"{found.by_member_us:.1f}")
    console.print(table)


def show_due(console: Console, found: DueWork) -> None:
    """Two passes over all members of a partition."""
    memory = f"{found.before / _MIB:.0f} MiB before, {found.peak / _MIB:.0f} at the highest"
    title = f"{found.members:,} members due at one instant, one partition ({memory})"
    table = _table(console, title, "", "members/s of CPU", "steps", "most records of a step")
    for name, passed in (("planned by a new ruleset", found.visits), ("worked off", found.due)):
        table.add_row(name, f"{found.members / passed.seconds:,.0f}", f"{passed.steps:,}", f"{passed.largest:,}")
    console.print(table)


def show_memory(console: Console, found: Memory) -> None:
    """Resident memory along the backlog, beside the rows kept."""
    table = _table(
        console,
        f"memory behind a backlog of {found.events:,}, {found.broker} broker "
        f"({found.before / _MIB:.0f} MiB before, {found.peak / _MIB:.0f} at the highest)",
        *("decided", "resident MiB", "rows", "their MiB", "without them MiB", "bytes/row more"),
    )
    for mark in found.marks:
        more = (mark.resident - found.before) // max(mark.rows, 1)
        table.add_row(
            f"{mark.decided:,}",
            f"{mark.resident / _MIB:.0f}",
            f"{mark.rows:,}",
            f"{mark.kept / _MIB:.0f}",
            f"{(mark.resident - mark.kept) / _MIB:.0f}",
            f"{more:,}",
        )
    console.print(table)


def show_restore(console: Console, found: Memory) -> None:
    """The restart on what the backlog left."""
    restore = found.restore
    table = _table(
        console,
        f"restore of what the backlog left, {found.broker} broker",
        "",
        "records",
        "rows",
        "records/s",
        "CPU us/record",
        "aim",
    )
    table.add_row(
        "restore",
        f"{restore.records:,}",
        f"{restore.rows:,}",
        f"{restore.records / max(restore.seconds, 1e-3):,.0f}",
        f"{restore.cpu_s / max(restore.records, 1) * 1e6:.1f}",
        f">= {RESTORE_AIM:,}/s",
    )
    console.print(table)


def _table(console: Console, title: str, *columns: str) -> Table:
    """A table under its title, which is printed at once."""
    console.print(title, style="bold")
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number or column else "left", header_style="dim")
    return table


def _cost(cost: Cost) -> tuple[str, str]:
    return f"{cost.events / max(cost.seconds, 1e-3):,.0f}", f"{_us(cost):.1f}"


def _us(cost: Cost) -> float:
    return cost.cpu_s / max(cost.events, 1) * 1e6

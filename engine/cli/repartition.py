"""`guerdon repartition`: a deployment copied into another number of partitions."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.broker.settings import Settings
from engine.cli import screen
from engine.cli.deployment import deployment
from engine.errors import UsageError
from engine.history.history import History
from engine.history.live import Live
from engine.history.opening import open_history
from engine.replay.processes import usable, work_off
from engine.replay.repartitioning import place
from engine.replay.repartitioning.apart import Apart
from engine.replay.repartitioning.copying import Copying, demand_decided
from engine.replay.repartitioning.writing import Journals, Task, Written, decide, keep_rows, write_journal


def repartition(
    to_prefix: Annotated[str, typer.Option(help="The prefix of the new deployment, such as loyalty2.")],
    partitions: Annotated[int, typer.Option(min=1, max=4096, help="How many partitions its journal has.")],
    archive: Annotated[
        Path | None, typer.Option(help="Read the journal from this folder of `guerdon archive` instead of the broker.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Processes that read and decide (default: one for each CPU).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Copy a deployment that stands still into a new prefix with another number of partitions, and prove that no row is another.

    Stop the producers, let the workers finish, stop them; then this; then start workers, producers and consumers with the new
    prefix and count. The old deployment is only read.
    """
    old = deployment()
    new = deployment(prefix=to_prefix, partitions=partitions)
    if new.prefix == old.prefix:
        raise UsageError(f"--to-prefix {to_prefix} is the prefix of the deployment itself")
    history = _source(old, archive)
    demand_decided(history)
    made = asyncio.run(place.make_topics(new))
    if not as_json:
        screen.say(f"{history.name}: {history.partitions} -> {partitions} partitions")
        screen.say(f"created {len(made)} topics below {new.prefix!r}")
    with tempfile.TemporaryDirectory(prefix="guerdon-repartition-") as folder:
        with Apart(history, processes or usable(history.partitions), old.matcher) as apart:
            copying = Copying(apart.lanes, partitions)
            journals = _copy(old, new, partitions, copying, _records(history))
            rows = keep_rows(copying, partitions, Path(folder))
        written = _decide(new, journals, rows, processes or usable(partitions))
    _show(_counts(history, copying, journals, written), new, as_json=as_json)


def _source(old: Settings, archive: Path | None) -> History:
    """The history to copy, once nothing is left to be taken in, to be decided or to be archived."""
    asyncio.run(place.demand_taken_in(old))
    live = Live.at(old)
    source = live if archive is None else open_history(archive, old)
    for number, span in source.spans.items():
        more = sum(len(batch) for batch in live.journal(number, span.end)) if source is not live else 0
        if more:
            raise UsageError(
                f"{source.name} lacks the last {more} records of the journal partition {number}: archive them first"
            )
    return source


def _records(history: History) -> int:
    return sum(span.end - span.start for span in history.spans.values())


def _copy(old: Settings, new: Settings, partitions: int, copying: Copying, total: int) -> Journals:
    async def write() -> Journals:
        tables = await place.read_tables(old, partitions)
        with screen.progress("copying", total, "records") as shown:
            journals = await write_journal(new, partitions, copying, shown.reached)
        await place.write_tables(new, tables, journals.quarantined, partitions)
        return journals

    return asyncio.run(write())


def _decide(new: Settings, journals: Journals, rows: Sequence[Path], processes: int) -> Sequence[Written]:
    history = Live.at(new)
    tasks = [Task(history, new, number, count, rows[number]) for number, count in enumerate(journals.counts)]
    with screen.progress("deciding the copy", sum(journals.counts), "records") as shown:
        return work_off(decide, tasks, processes, shown.reached)


def _counts(history: History, copying: Copying, journals: Journals, written: Sequence[Written]) -> dict[str, Any]:
    return {
        "from_partitions": history.partitions,
        "to_partitions": len(written),
        "records_read": copying.read,
        "events": copying.counts["events"],
        "messages": copying.counts["messages"],
        "quarantined": copying.counts["quarantined"],
        "written_twice": copying.known,
        "records_written": sum(journals.counts),
        "outcomes": sum(each.outcomes for each in written),
        "rows": sum(each.rows for each in written),
    }


def _show(counts: dict[str, Any], new: Settings, *, as_json: bool) -> None:
    if as_json:
        screen.say_json(counts)
        return
    screen.say(
        f"read {counts['records_read']:,} records; copied {counts['events']:,} events, {counts['messages']:,} messages"
        f" and {counts['quarantined']:,} that were taken out; left out {counts['written_twice']:,} events that stood there twice"
    )
    screen.say(f"decided {counts['records_written']:,} records of the copy: {counts['outcomes']:,} outcomes")
    screen.say(f"all {counts['rows']:,} rows are as they were")
    screen.say(f"\ngo on with GUERDON_PREFIX={new.prefix} and GUERDON_PARTITIONS={counts['to_partitions']}")

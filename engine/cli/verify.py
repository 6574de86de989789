"""`guerdon verify`: everything derived again and compared with what was published, byte for byte."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from engine.cli import screen
from engine.cli.deployment import deployment
from engine.cli.rules_trace import trace_lines
from engine.core.instants import render
from engine.history.opening import open_history
from engine.replay.processes import usable
from engine.replay.verifying.divergence import KINDS, MOST_KEPT, Divergence
from engine.replay.verifying.first import First
from engine.replay.verifying.report import Report
from engine.replay.verifying.whole import SHOWN, snapshot_of
from engine.replay.verifying.whole import verify as verify_history

_MOST_TEXT = 2_000  # of a record or an outcome that is shown

Archive = Annotated[
    Path | None, typer.Option(help="A folder of `guerdon archive` (default: the broker of the settings).")
]
FromSnapshot = Annotated[
    str | None, typer.Option(metavar="NAME|latest", help="Derive from a snapshot's rows (default: from the beginning).")
]
Processes = Annotated[int | None, typer.Option(min=1, help="How many processes derive (default: one for each CPU).")]


def verify(
    archive: Archive = None,
    from_snapshot: FromSnapshot = None,
    processes: Processes = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON, with up to 1,000 divergences.")
    ] = False,
) -> None:
    """Derive what a deployment decided again, and compare it with what it published: outcomes, messages, rows, books.

    Ends with 1 where anything differs. The first divergence is named with its journal record, both versions and the
    conditions that deciding it asks.
    """
    settings = deployment(embedded=True if archive else None)  # of an archive nothing leaves this machine
    history = open_history(archive, settings)
    start = snapshot_of(history, from_snapshot)
    with screen.progress("verifying", None, "records") as shown:
        count = processes or usable(history.partitions)
        report = verify_history(history, start, count, shown.reached, settings.matcher)
    if as_json:
        screen.say_json(report.value(MOST_KEPT))
    else:
        show(report)
    if not report.agrees:
        raise typer.Exit(1)


def show(report: Report) -> None:
    """Prints a report for people."""
    screen.show_table(("", "#compared", "#not compared", "#differ"), _rows(report))
    for line in _notes(report):
        screen.say(line)
    if report.agrees:
        screen.say("\nagree: what was published is what is derived")
        return
    screen.say("")
    for (kind, topic), count in sorted(report.counts.items()):
        screen.say(f"{count:,} {kind} in {topic}: {KINDS[kind]}")
    if report.first is not None:
        screen.say("\nthe first divergence")
        for line in _first_lines(report.first):
            screen.say(line, markup=True)
    others = report.divergences[:SHOWN]
    screen.say(f"\nthe first {len(others)} of {report.counts.total():,}, by partition and place")
    for each in others:
        screen.say(f"  {_line(each)}")


def _rows(report: Report) -> Iterator[tuple[str, int, int | None, int]]:
    for topic, count in report.outcomes.items():
        differ = sum(found for (_, where), found in report.counts.items() if where == topic)
        yield topic, count, report.not_compared.get(topic, 0), differ
    yield "outcome ids, each once", report.ids, 0, _count(report, "twice")
    yield "messages", report.messages, report.messages_open, _count(report, "message_missing", "message_extra")
    rows = report.rows + report.own_rows
    yield f"rows of {report.against or 'no snapshot'}", rows, 0, _count(report, "rows")
    yield "postings of outcomes", report.postings, 0, _count(report, "books", topic="points")
    yield "accounts against lots and books", report.accounts, 0, _count(report, "books", topic="state")


def _count(report: Report, *kinds: str, topic: str | None = None) -> int:
    return sum(count for (kind, where), count in report.counts.items() if kind in kinds and topic in (None, where))


def _notes(report: Report) -> Iterator[str]:
    rate = screen.per_second(report.records, report.seconds)
    start = "the beginning" if report.start is None else f"the snapshot {report.start}"
    yield f"\n{report.name}: {report.records:,} records of the journal from {start}, {rate}/s"
    if report.not_compared:
        yield "not compared: outcomes that are not kept any more, or of records that were not decided yet"
    if report.messages_open:
        yield "messages not compared: on one side only, as they may be near the ends of what is there"
    for partition, offset in report.stands:
        yield f"journal {partition}:{offset} cannot be decided, so that what comes after it is not derived"


def _first_lines(first: First) -> Iterator[str]:
    divergence = first.divergence
    yield f"  {screen.plain(_line(divergence))}"
    if divergence.offset is not None and first.record is None:
        yield screen.plain(f"  journal {divergence.partition}:{divergence.offset} is not there: it was removed")
    if first.record is not None:
        value = first.record.value.decode(errors="replace")
        said = f"  journal {divergence.partition}:{first.record.offset} of {render(first.record.timestamp_ms)}: "
        yield screen.plain(said + _cut(value))
    for side, version in (("derived", divergence.derived), ("published", divergence.published)):
        if version is not None:
            yield screen.plain(f"  {side}: {_cut(version.decode(errors='replace'))}")
    for name, derived, published in divergence.fields():
        yield screen.plain(f"  {name}: derived {derived or 'nothing'}, published {published or 'nothing'}")
    for asked in first.asked:
        yield screen.plain(f"  asked of {asked.facts.on} at {render(asked.facts.time_ms)}")
        for traced in asked.traces:
            for line in trace_lines(traced, asked.facts, asked.programme):
                yield f"    {line}"


def _line(each: Divergence) -> str:
    place = "" if each.offset is None else f" of journal {each.partition}:{each.offset}"
    at = "" if each.at is None or each.topic == "journal" else f" at {each.topic} {each.partition}:{each.at}"
    fields = ", ".join(name for name, _, _ in each.fields())
    said = "; ".join(filter(None, (each.what, fields and f"differs in {fields}")))
    return f"{each.kind} {each.topic}{place} {each.name}{at}{f': {said}' if said else ''}"


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}... ({len(text):,} characters)"

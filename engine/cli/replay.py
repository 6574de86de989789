"""`guerdon replay`: everything derived again, into files or into topics of another prefix."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli import screen, summary
from engine.cli.deployment import deployment
from engine.cli.verify import Archive, FromSnapshot, Processes
from engine.errors import UsageError
from engine.history.opening import open_history
from engine.replay.processes import usable
from engine.replay.replaying import topics
from engine.replay.replaying.whole import Into, Replayed
from engine.replay.replaying.whole import replay as replay_history
from engine.replay.verifying.whole import SHOWN, snapshot_of


def replay(
    out: Annotated[Path | None, typer.Option(help="The folder to write to.")] = None,
    to_prefix: Annotated[
        str | None, typer.Option(help="Publish to topics of this prefix instead, where nothing may be yet.")
    ] = None,
    archive: Archive = None,
    from_snapshot: FromSnapshot = None,
    processes: Processes = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Derive all outcomes again, and prove that the messages derived on the way are those that the journal has.

    Ends with 1 where a message is derived that the journal does not have, or the other way round.
    """
    if (out is None) == (to_prefix is None):
        raise UsageError("say either --out or --to-prefix")
    settings = deployment(embedded=True if archive and to_prefix is None else None)
    history = open_history(archive, settings)
    start = snapshot_of(history, from_snapshot)
    target = None if to_prefix is None else topics.prepare(settings, to_prefix, history.partitions)
    with screen.progress("replaying", None, "records") as shown:
        count = processes or usable(history.partitions)
        done = replay_history(history, start, Into(out, target), count, shown.reached, settings.matcher)
    if as_json:
        screen.say_json({**done.summary, "seconds": round(done.seconds, 3)})
    else:
        _show(done, out, to_prefix)
    if not done.same_messages:
        raise typer.Exit(1)


def _show(done: Replayed, out: Path | None, to_prefix: str | None) -> None:
    if out is not None:
        summary.show(done.summary)
    rate = screen.per_second(done.records, done.seconds)
    screen.say(f"\n{done.records:,} records of the journal in {done.seconds:.1f} s, {rate}/s")
    merged = done.merged
    if done.same_messages:
        near = f", {merged.open:,} more near the ends of what is there" if merged.open else ""
        screen.say(f"{min(merged.derived, merged.recorded):,} messages, each derived and recorded once{near}")
    else:
        screen.say(f"{merged.missing_count:,} messages are derived that the journal does not have,"
                   f" {merged.extra_count:,} recorded that nothing derives")  # fmt: skip
        for each in done.divergences[:SHOWN]:
            screen.say(f"  {each.kind} journal {each.partition}:{each.offset} {each.name}: {each.what}")
    if out is not None:
        screen.say(f"written to {out}: one file for each topic, state.jsonl, summary.json")
    else:
        screen.say(f"{done.summary['outcome_records']:,} outcomes published below {to_prefix}")

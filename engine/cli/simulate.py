"""`guerdon simulate`: events or a recorded journal through the whole pipeline, without a broker."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.broker.settings import Settings
from engine.cli import screen, summary
from engine.cli.deployment import deployment
from engine.cli.rules_folder import rulesets_of
from engine.core import instants
from engine.errors import UsageError
from engine.match.choice import matcher_for
from engine.replay import lines, recorded
from engine.replay.outputs import Outputs
from engine.replay.simulate import PARTITIONS, Simulation


def simulate(
    out: Annotated[Path, typer.Option(help="The folder to write to.")],
    rules: Annotated[
        Path | None, typer.Option(help="A folder of rules, or a file of `guerdon tail rulesets --json`.")
    ] = None,
    events: Annotated[list[Path] | None, typer.Option(help="Files of events, as `feed` reads them.")] = None,
    more: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="More files of events.")] = None,
    journal: Annotated[
        list[Path] | None,
        typer.Option(help="A recorded journal: `guerdon tail journal --from-start --until-end --json`."),
    ] = None,
    until: Annotated[str | None, typer.Option(help="With --events: afterwards move the clock to this instant.")] = None,
    partitions: Annotated[int, typer.Option(min=1, help="With --events: partitions of the journal.")] = PARTITIONS,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Decide events without a broker, and write every topic's records, the rows and a summary to a folder.

    From --events the same events give the same bytes, each worked off with all that it causes before the next. From
    --journal the outcomes are those of the live run, byte for byte, if the rules are the same.
    """
    if bool(events) == bool(journal):
        raise UsageError("say either --events or --journal")
    settings = deployment(embedded=True)  # nothing leaves this machine, so the development secret will do
    began = time.monotonic()
    with Outputs(out) as outputs:
        if events:
            run = _events(settings, rules, [*events, *(more or ())], outputs, partitions, until)
        else:
            run = _journal(settings, rules, journal or [], outputs, until)
    seconds = time.monotonic() - began
    if as_json:
        screen.say_json({**run, "seconds": round(seconds, 3)})
        return
    summary.show(run, seconds)
    screen.say(f"\nwritten to {out}: one file for each topic, state.jsonl, summary.json")


def _events(
    settings: Settings, rules: Path | None, files: Sequence[Path], outputs: Outputs, partitions: int, until: str | None
) -> dict[str, Any]:
    to_ms = None if until is None else _instant(until)
    rulesets = rulesets_of(rules or settings.rules, settings)
    if len(rulesets) != 1:
        raise UsageError(f"{rules} holds {len(rulesets)} rulesets; events are decided by one")
    total = sum(1 for path in files for _ in lines.read(path))
    ruleset = next(iter(rulesets.values()))
    matcher = matcher_for(ruleset, settings.matcher)
    simulation = Simulation(ruleset, settings.secret_bytes, outputs, partitions, matcher=matcher)
    with screen.progress("simulating", total, "events") as shown:
        for number, line in enumerate((line for path in files for line in lines.read(path)), 1):
            simulation.take(line._replace(topic=settings.short(line.topic)))
            if number % 500 == 0 or number == total:
                shown.reached(number)
    if to_ms is not None:
        simulation.until(to_ms)
    return simulation.finish()


def _journal(
    settings: Settings, rules: Path | None, files: Sequence[Path], outputs: Outputs, until: str | None
) -> dict[str, Any]:
    if until is not None:
        raise UsageError("--until goes with --events; a journal brings its own time")
    recording = recorded.survey(files, settings.prefix)
    given = {} if rules is None and recording.rulesets else rulesets_of(rules or settings.rules, settings)
    replay = recorded.Replay(recording, given, outputs, settings.matcher)
    replay.run()
    return replay.finish()


def _instant(text: str) -> int:
    try:
        return instants.parse(text)
    except ValueError as error:
        raise UsageError(f"--until {text}: {error}") from error

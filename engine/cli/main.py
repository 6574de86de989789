"""The command `guerdon`: its groups of commands, one file each."""

from typing import Annotated

import typer

from engine.cli import (
    archive,
    clock,
    dead_letters,
    explain,
    feed,
    init,
    liability,
    quarantine,
    repartition,
    replay,
    rules,
    simulate,
    state,
    tail,
    topics,
    up,
    verify,
    whatif,
    worker,
)
from engine.cli.guard import Guarded

app = typer.Typer(
    name="guerdon",
    cls=Guarded,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """An event-driven rules engine for loyalty and promotions on Kafka.

    Settings come from the environment (`KAFKA_BOOTSTRAP`, `GUERDON_...`) or the file that `GUERDON_SETTINGS` names;
    without them, from the broker that `guerdon up` started in this folder.
    """
    del debug  # read by Guarded, where errors end


app.command("init")(init.init)
app.command("up")(up.up)
app.command("worker")(worker.worker)
app.add_typer(topics.app, name="topics")
app.add_typer(rules.app, name="rules")
app.command("feed")(feed.feed)
app.command("tail")(tail.tail)
app.command("state")(state.state)
app.add_typer(dead_letters.app, name="dead-letters")
app.command("quarantine")(quarantine.quarantine)
app.add_typer(clock.app, name="clock")
app.command("simulate")(simulate.simulate)
app.command("replay")(replay.replay)
app.command("verify")(verify.verify)
app.command("whatif")(whatif.whatif)
app.command("archive")(archive.archive)
app.command("explain")(explain.explain_id)
app.command("repartition")(repartition.repartition)
app.command("liability")(liability.liability)


def main() -> None:
    """Runs the command line."""
    app()


if __name__ == "__main__":
    main()

"""`guerdon topics`: the declared topics against the broker's."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from engine.broker import topics as broker_topics
from engine.broker.topics import Difference
from engine.cli import screen
from engine.cli.deployment import deployment

app = typer.Typer(help="The topics of topics.yaml against the broker's.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def plan(as_json: AsJson = False) -> None:
    """Say what `apply` would create, and what differs. Changes nothing; ends with 0."""
    _show(asyncio.run(broker_topics.plan(deployment())), as_json)


@app.command()
def apply(as_json: AsJson = False) -> None:
    """Create the topics that are missing. What exists is never changed: what differs is named, and ends with 78."""
    applied = asyncio.run(broker_topics.apply(deployment()))
    if as_json:
        screen.say_json({"created": applied.created, "remaining": [_json(each) for each in applied.remaining]})
    else:
        for name in applied.created:
            screen.say(f"created {name}")
        _show(applied.remaining, as_json)
    broker_topics.demand(applied.remaining)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Hold topics and brokers against all that exactly-once depends on; ends with 78 where something is wrong."""
    differences = asyncio.run(broker_topics.check(deployment()))
    _show(differences, as_json)
    broker_topics.demand(differences)


def _show(differences: Sequence[Difference], as_json: bool) -> None:
    if as_json:
        screen.say_json([_json(each) for each in differences])
        return
    if not differences:
        screen.say("all topics are as declared")
    for difference in differences:
        screen.say(str(difference))


def _json(difference: Difference) -> dict[str, str]:
    return {
        "subject": difference.subject,
        "problem": difference.problem.value,
        "setting": difference.setting,
        "wanted": difference.wanted,
        "found": difference.found,
    }

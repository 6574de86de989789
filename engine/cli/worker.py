"""`guerdon worker`: one worker process."""

import typer

from engine.cli.deployment import deployment


def worker() -> None:
    """Run one worker: intake and deciding, until it is stopped.

    It ends with 0 when stopped, and with another code when something must be looked at; start it again then, as
    `guerdon up`, systemd or an orchestrator do. Logs go to stderr, metrics to the worker's web port.
    """
    from engine.kafka import worker as kafka_worker  # noqa: PLC0415 - Faust takes a second to load; no other command waits

    raise typer.Exit(kafka_worker.run(deployment()))

"""`guerdon dead-letters`: records that could not be read, and giving them another chance."""

import asyncio
from base64 import b64decode
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import orjson
import typer

from engine.broker.clients import idempotent_producer
from engine.broker.reading import record_at
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, write_batches
from engine.cli import screen
from engine.cli.deployment import deployment
from engine.cli.tail import read_all
from engine.errors import EngineError, UsageError

app = typer.Typer(help="Records that could not be read.", no_args_is_help=True)

TOPIC = "dead-letters"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Code = Annotated[str | None, typer.Option(help="Only those with this code.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids, or their beginnings, or TOPIC:PARTITION:OFFSET.")]


class Gone(EngineError):
    """A record cannot be published again, because it is no longer at its offset."""


class Letter(NamedTuple):
    """A dead letter: when it was written, its event, and what it says."""

    id: str
    time: str
    data: dict[str, Any]

    @property
    def place(self) -> str:
        """Where the record lies: topic, partition and offset."""
        return f"{self.data['topic']}:{self.data['partition']}:{self.data['offset']}"


@app.command("list")
def list_(
    code: Code = None,
    last: Annotated[int, typer.Option(min=1, help="How many of the latest.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the latest dead letters, and how many there are of each code."""
    letters = [letter for letter in _all(deployment()) if code in (None, letter.data["code"])]
    if as_json:
        screen.say_json([{"id": letter.id, "time": letter.time, **letter.data} for letter in letters[-last:]])
        return
    if not letters:
        screen.say("no dead letters")
        return
    screen.show_table(
        ("id", "when", "code", "field", "record", "says"),
        [
            (
                letter.id[:12],
                letter.time,
                letter.data["code"],
                letter.data["path"],
                letter.place,
                letter.data["message"],
            )
            for letter in letters[-last:]
        ],
    )
    counts = Counter(letter.data["code"] for letter in letters)
    screen.say(f"\n{len(letters):,} in all: " + ", ".join(f"{count:,} {name}" for name, count in counts.most_common()))


@app.command()
def show(wanted: Ids, as_json: AsJson = False) -> None:
    """Show dead letters with the bytes of their records, as far as they are kept (credentials and codes are blanked)."""
    for letter in _chosen(_all(deployment()), wanted):
        if as_json:
            screen.say_json({"id": letter.id, "time": letter.time, **letter.data})
            continue
        data = letter.data
        screen.say(f"{letter.id}\n  record   {letter.place}\n  written  {letter.time}")
        screen.say(
            f"  code     {data['code']}\n  field    {data['path'] or '(the record)'}\n  says     {data['message']}"
        )
        cut = " (the beginning)" if data["truncated"] else ""
        screen.say(f"  bytes{cut}:\n{b64decode(data['data_base64']).decode(errors='backslashreplace')}")


@app.command()
def requeue(
    wanted: Annotated[
        list[str] | None, typer.Argument(metavar="[ID...]", help="Ids, or TOPIC:PARTITION:OFFSET.")
    ] = None,
    code: Code = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Read records at their original offsets and publish them again, unchanged, to the topic they came from.

    What was wrong with them is looked at anew: they are accepted where the reason is gone, and dead again otherwise.
    """
    if bool(wanted) + (code is not None) + everything != 1:
        raise UsageError("say which: ids, --code, or --all")
    settings = deployment()
    letters = _all(settings)
    of_code = [letter for letter in letters if everything or letter.data["code"] == code]
    chosen = _chosen(letters, wanted) if wanted else of_code
    sent, gone = asyncio.run(_requeue(settings, chosen))
    screen.say(f"published {sent:,} records again")
    if gone:
        raise Gone(f"{len(gone):,} records are no longer in their topic: {', '.join(gone[:10])}")


def _all(settings: Settings) -> list[Letter]:
    return asyncio.run(_read(settings))


async def _read(settings: Settings) -> list[Letter]:
    letters = []
    async for record in read_all(settings, TOPIC):
        if record.value is not None:
            event = orjson.loads(record.value)
            letters.append(
                (record.timestamp, record.partition, record.offset, Letter(event["id"], event["time"], event["data"]))
            )
    return [letter for *_, letter in sorted(letters, key=lambda each: each[:3])]


def _chosen(letters: Sequence[Letter], wanted: Sequence[str]) -> list[Letter]:
    chosen: list[Letter] = []
    for name in wanted:
        found = {letter.id: letter for letter in letters if letter.id.startswith(name) or letter.place == name}
        if len(found) != 1:
            raise UsageError(f"{'no dead letter is' if not found else f'{len(found)} dead letters are'} named {name}")
        chosen.extend(found.values())
    return chosen


async def _requeue(settings: Settings, letters: Sequence[Letter]) -> tuple[int, list[str]]:
    """How many records were published again, and the places of those that are gone."""
    records, gone = [], []
    for place, data in {letter.place: letter.data for letter in letters}.items():
        topic, partition = data["topic"], data["partition"]
        if topic == "journal":
            raise UsageError(f"{place} was quarantined: the journal is written by the worker alone")
        record = await record_at(settings, topic, partition, data["offset"])
        if record is None:
            gone.append(place)
        else:
            records.append(Outgoing(topic, partition, record.key, record.value, tuple(record.headers)))
    producer = await idempotent_producer(settings)
    try:
        await write_batches(producer, records)
    finally:
        await producer.stop()
    return len(records), gone

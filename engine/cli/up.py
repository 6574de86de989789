"""`guerdon up`: all that it takes to try the engine, on one machine, until it is stopped."""

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from engine.broker import topics
from engine.broker.clients import probe
from engine.broker.declaration import declared
from engine.broker.embedded import EmbeddedBroker, free_port, listening
from engine.broker.settings import Settings, load_settings
from engine.cli import baskets, screen, summary
from engine.cli.baskets import Baskets
from engine.cli.child import WorkerProcess
from engine.cli.deployment import DATA_DIR, WORD, demand_free, deployment, leave_word
from engine.cli.rules_folder import counts
from engine.cli.rules_publish import Published, publish_folder
from engine.cli.watching import Watch
from engine.errors import UsageError

_LOOK = """\
Where to look, in another terminal:
{export}  guerdon tail points --from-start      what is awarded, as it happens
  guerdon state {member:<15}         a member: tiers, balances, lots, sales
  guerdon dead-letters list             what could not be read
  guerdon feed FILE                     your own events"""


_AGAIN = """\
All of it stays in its folder. Where to look next: `guerdon up` starts it again, and then in another terminal
  guerdon tail points --from-start      what was awarded
  guerdon state {member:<15}         a member: tiers, balances, lots, sales
  guerdon dead-letters list             what could not be read"""


def up(
    data_dir: Annotated[
        Path, typer.Option(help="Where the embedded broker keeps its data, and the logs go.")
    ] = DATA_DIR,
    rules: Annotated[Path | None, typer.Option(help="The folder of rules (default: the setting).")] = None,
    feed: Annotated[
        int | None, typer.Option("--baskets", min=1, max=2469, help="Feed the public baskets of so many households.")
    ] = None,
    exit_when_done: Annotated[
        bool, typer.Option("--exit-when-done", help="Stop after the feed, instead of waiting for Ctrl-C.")
    ] = False,
    port: Annotated[int | None, typer.Option(help="The embedded broker's port (default: a free one).")] = None,
) -> None:
    """Start a broker and a worker, create the topics, publish the rules, and stay until stopped.

    The embedded broker is for trying out, on this machine. With KAFKA_BOOTSTRAP set, that broker is used instead.
    """
    if exit_when_done and feed is None:
        raise UsageError("--exit-when-done goes with --baskets")
    chosen = None if feed is None else baskets.load(feed)
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {data_dir}: {error.strerror or error}") from error
    asyncio.run(_Up(data_dir, rules, port).run(chosen, exit_when_done))


class _Up:
    """One run of it."""

    def __init__(self, data_dir: Path, rules: Path | None, port: int | None) -> None:
        self._data_dir = data_dir
        self._rules = rules
        self._port = port
        self._stop = asyncio.Event()

    async def run(self, chosen: Baskets | None, exit_when_done: bool) -> None:
        """Runs until stopped, or until the baskets are decided; stops the worker before the broker."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        async with AsyncExitStack() as stack:
            working = asyncio.create_task(self._work(stack, chosen, exit_when_done), name="up")
            stopping = asyncio.create_task(self._stop.wait(), name="stop")
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                working.cancel()
                await asyncio.wait({working})
                screen.say("stopping")
            stopping.cancel()
            if not working.cancelled():
                working.result()
        screen.say("stopped")

    async def _work(self, stack: AsyncExitStack, chosen: Baskets | None, exit_when_done: bool) -> None:
        settings, environment = await self._broker(stack)
        await _create_topics(settings)
        published = await publish_folder(settings, settings.rules)
        _say_rules(settings, published)
        worker = WorkerProcess(environment, self._data_dir / "worker.log")
        stack.push_async_callback(worker.stop)
        await worker.start()
        screen.say(f"worker   pid {worker.pid}, log {self._data_dir / 'worker.log'}{_web(settings)}")
        working = asyncio.create_task(self._feed(settings, chosen, exit_when_done), name="feed")
        ended = asyncio.create_task(worker.ended(), name="worker ended")
        done, waiting = await asyncio.wait({working, ended}, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        for task in done:
            task.result()

    async def _feed(self, settings: Settings, chosen: Baskets | None, exit_when_done: bool) -> None:
        if chosen is not None:
            await _feed_baskets(settings, chosen)
        member = f"member:HH-{min(chosen.first)[0]}" if chosen is not None else "member:M-1 "
        if exit_when_done:
            screen.say(_AGAIN.format(member=member))
            return
        screen.say(_LOOK.format(export=_export(self._data_dir, settings), member=member))
        screen.say("The worker stays up; Ctrl-C stops it.")
        await asyncio.Event().wait()

    # -- the broker

    async def _broker(self, stack: AsyncExitStack) -> tuple[Settings, dict[str, str]]:
        """The deployment's settings and what the worker's environment adds: a broker that is named, else the embedded one."""
        rules = {} if self._rules is None else {"GUERDON_RULES": str(self._rules)}
        if load_settings().bootstrap is not None:
            settings = deployment(rules=self._rules)
            await probe(settings)
            screen.say(f"broker   {settings.bootstrap}")
            return settings, rules
        demand_free(self._data_dir)
        broker = EmbeddedBroker(self._data_dir / "broker", self._port)
        stack.push_async_callback(broker.stop)
        await broker.start()
        screen.say(f"broker   {broker.bootstrap} (embedded, data in {self._data_dir})")
        settings = deployment(bootstrap=broker.bootstrap, embedded=True, rules=self._rules, web_port=_web_port())
        word = {"bootstrap": broker.bootstrap, "embedded": True, "web_port": settings.web_port}
        leave_word(self._data_dir, word, broker.pid)
        stack.callback((self._data_dir / WORD).unlink, missing_ok=True)
        return settings, rules | {
            "GUERDON_BOOTSTRAP": broker.bootstrap,
            "GUERDON_EMBEDDED": "true",
            "GUERDON_WEB_PORT": str(settings.web_port),
        }


def _web_port() -> int:
    """The setting, or a free port where somebody else listens on it."""
    port = load_settings().web_port
    return free_port() if port and listening(port) else port


async def _create_topics(settings: Settings) -> None:
    applied = await topics.apply(settings)
    topics.demand(applied.remaining)
    screen.say(f"topics   {len(declared(settings))} as in {settings.topics_file}, {len(applied.created)} created")


def _say_rules(settings: Settings, published: Published) -> None:
    how = "published" if published.partitions else "in force already"
    screen.say(f"rules    {settings.rules}: {counts(published.ruleset)}; {published.ruleset.digest[:12]} {how}")


async def _feed_baskets(settings: Settings, chosen: Baskets) -> None:
    households = len(chosen.first)
    screen.say(
        f"feeding  {chosen.events:,} events: a year of {households:,} households (The Complete Journey, 84.51)\n"
    )
    async with Watch(settings) as watch:
        with screen.progress("decided", chosen.events, "events") as shown:
            seconds = await watch.feed(baskets.lines(chosen), chosen.events, shown)
        screen.say("")
        summary.show(watch.tally.values(), seconds)
        missing = chosen.events - watch.tally.settled
        if missing > 0:
            screen.warn(f"\n{missing:,} events have no decision yet: see the worker's log, and guerdon clock show")
        screen.say("")


def _export(data_dir: Path, settings: Settings) -> str:
    """What other terminals need to find a broker whose folder is not the default one."""
    if data_dir == DATA_DIR or not settings.embedded:
        return ""
    return f"  export KAFKA_BOOTSTRAP={settings.bootstrap} GUERDON_EMBEDDED=true\n"


def _web(settings: Settings) -> str:
    return f", http://{settings.web_bind}:{settings.web_port}/metrics" if settings.web_port else ""

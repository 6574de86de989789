"""The Faust app: membership, two agents, and nothing of Faust's own tables, producers, seeks, acknowledgements or web server."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import faust
from faust.app.base import BootStrategy
from faust.types import TP

from engine.broker.settings import Settings
from engine.kafka.transport import Batch, BatchTransport

POLL_RECORDS = 2_000
FETCH_BYTES = 4 << 20  # a partition's share of a fetch: not smaller than the largest record


@dataclass(frozen=True, slots=True)
class Stages:
    """What the app calls. `assigned` and `revoked` get topics by full name; `revoked` is waited for before the group goes on."""

    take_in: Callable[[Batch], None]
    decide: Callable[[Batch], None]
    assigned: Callable[[Collection[TP]], Awaitable[None]]
    revoked: Callable[[], Awaitable[None]]


class _Boot(BootStrategy):
    """Starts the consumer, the agents and the conductor; producers and web server are our own."""

    enable_kafka_producer = False
    enable_web = False


class _Undecoded(faust.Schema):
    """Messages are batches already."""

    def loads_key(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> None:
        del app, message, loads, serializer

    def loads_value(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        del app, loads, serializer
        return message.value


class WorkerApp(faust.App):
    """A Faust app with the batch transport."""

    BootStrategy = _Boot
    mundane_level = "debug"  # of "Starting..." and the like

    def __init__(self, settings: Settings, stages: Stages, **options: Any) -> None:
        self.settings = settings
        self._stages = stages
        super().__init__(settings.membership_group, **options)

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Keeps nothing on disk."""

    async def on_assignment(self, assigned: Collection[TP]) -> None:
        """Called by the consumer when Faust would seek."""
        await self._stages.assigned(assigned)


def make_app(settings: Settings, inputs: Sequence[str], journal: str, stages: Stages) -> WorkerApp:
    """The app with its agents. `inputs` and `journal` are short names."""
    seconds = 1000
    app = WorkerApp(
        settings,
        stages,
        broker=[f"kafka://{address}" for address in (settings.bootstrap or "").split(",")],
        broker_session_timeout=settings.session_timeout_ms / seconds,
        broker_heartbeat_interval=settings.heartbeat_interval_ms / seconds,
        broker_rebalance_timeout=settings.rebalance_timeout_ms / seconds,
        broker_max_poll_records=POLL_RECORDS,
        consumer_max_fetch_size=FETCH_BYTES,
        agent_supervisor="mode.CrashingSupervisor",
        processing_guarantee="at_least_once",
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        reply_create_topic=False,
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    schema = _Undecoded()
    from_inputs = app.topic(*(settings.topic(name) for name in inputs), schema=schema, acks=False)
    from_journal = app.topic(settings.topic(journal), schema=schema, acks=False)

    @app.agent(from_inputs, name="intake")
    async def intake(stream: Any) -> None:
        async for batch in stream:
            stages.take_in(batch)

    @app.agent(from_journal, name="decide")
    async def decide(stream: Any) -> None:
        async for batch in stream:
            stages.decide(batch)

    @app.on_partitions_revoked.connect
    async def revoked(_app: Any, _revoked: Collection[TP], **_: Any) -> None:
        await stages.revoked()

    # Signals hold their receivers weakly.
    app.kept = (intake, decide, revoked)
    return app

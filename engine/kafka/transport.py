"""Faust's transport, changed in two ways: one message for each fetched batch, and positions that are ours.

Faust drains and drops batches around a rebalance and does not rewind a partition that has no commit. So nothing is read before
its owner has placed it, each batch says from where to where it reaches, and a batch that is dropped here is read again.

The aiokafka consumer lives in a thread of its own; whatever touches it runs there.
"""

from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import Message

from engine.broker.pausing import consumer_class
from engine.broker.placing import place
from engine.broker.settings import Settings, client_options
from engine.kafka.assignor import even_sticky


class Batch(NamedTuple):
    """What one fetch gave of one partition; `topic` in full. `start` and `end` are the consumer's position before and after it."""

    topic: str
    partition: int
    start: int
    end: int
    records: Sequence[Any]  # aiokafka's ConsumerRecord


class Standing(NamedTuple):
    """Where the consumer stands in a partition. `drained` is the end of the last batch given out, `position` may be beyond it by
    markers; `highwater` and `stable` are the ends of the log as of the last fetch, None before it.
    """

    drained: int | None
    position: int | None
    highwater: int | None
    stable: int | None


class _Placed(set[TP]):
    """The partitions that may be drained; aiokafka takes an empty set to mean all of them."""

    def __bool__(self) -> bool:
        return True


class PositionedThread(driver.AIOKafkaConsumerThread):
    """The thread of the one consumer that is a member of the group."""

    mundane_level = "debug"  # of "Starting..." and the like

    def __post_init__(self) -> None:
        super().__post_init__()
        self._drained_to: dict[TP, int] = {}
        self._placed = _Placed()  # also looked at by a fetch that is already waiting

    def forget(self) -> None:
        """Before a rebalance: nothing is placed any more. Called in the thread."""
        self._drained_to.clear()
        self._placed.clear()

    def _create_worker_consumer(self, transport: Any) -> Any:
        del transport
        settings: Settings = self.app.settings
        consumer = consumer_class(settings)(
            **client_options(settings),
            group_id=settings.membership_group,
            partition_assignment_strategy=[even_sticky()],
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",  # Positions are ours: out of range is an error, never a silent jump.
            max_poll_records=self.app.conf.broker_max_poll_records,
            max_partition_fetch_bytes=self.app.conf.consumer_max_fetch_size,
            fetch_max_wait_ms=500,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.heartbeat_interval_ms,
            rebalance_timeout_ms=settings.rebalance_timeout_ms,
            max_poll_interval_ms=300_000,
        )
        if consumer._isolation_level != "read_committed":  # noqa: SLF001 - asserted at start; there is no public way
            raise AssertionError("the consumer would read uncommitted records")
        return consumer

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: set[TP] | None,
        timeout: float | None = None,  # noqa: ASYNC109 - Faust calls it so
        max_records: int | None = None,
    ) -> dict[TP, Batch]:
        del active_partitions  # Computed before whatever happened since.
        drained = await super()._fetch_records(consumer, self._placed, timeout=timeout, max_records=max_records)
        batches: dict[TP, Batch] = {}
        for tp, records in drained.items():
            if not records:
                continue
            state = self._state(tp)
            # The position after the drain, not the last record: control records make holes.
            end = max(state.position, records[-1].offset + 1) if state is not None else records[-1].offset + 1
            start = self._drained_to.get(tp, records[0].offset)
            self._drained_to[tp] = end
            batches[TP(*tp)] = Batch(tp.topic, tp.partition, start, end, records)
        return batches

    async def place(self, offsets: Mapping[TP, int]) -> None:
        """Sets the consumer's position in partitions that are still assigned, and lets them be read."""
        await self.call_thread(self._place, offsets)

    async def undrain(self, tp: TP, start: int, end: int) -> None:
        """Takes back a batch that nobody will apply, unless the partition was placed since."""
        await self.call_thread(self._undrain, tp, start, end)

    def pause(self, tp: TP) -> None:
        """Stops fetching a partition; what was fetched stays. Returns at once."""
        self.thread_loop.call_soon_threadsafe(self._pause, tp)

    def resume(self, tp: TP) -> None:
        """Fetches a partition again. Returns at once."""
        self.thread_loop.call_soon_threadsafe(self._resume, tp)

    async def standings(self) -> dict[TP, Standing]:
        """Where the consumer stands in every assigned partition."""
        standings: dict[TP, Standing] = await self.call_thread(self._standings)
        return standings

    async def commit_for_tools(self, offsets: Mapping[TP, int]) -> None:
        """Commits offsets to the group, for lag tools only; raises what the broker answers."""
        await self.call_thread(self._commit_for_tools, offsets)

    # -- in the thread

    def _state(self, tp: TP) -> Any:
        subscription = self._ensure_consumer()._subscription.subscription  # noqa: SLF001 - no public way to the position at hand
        if subscription is None or subscription.assignment is None:
            return None
        return subscription.assignment.state_value(tp)

    async def _place(self, offsets: Mapping[TP, int]) -> None:
        for tp, offset in offsets.items():
            state = self._state(tp)
            if state is None:
                continue  # Revoked meanwhile; whoever has it now places it.
            place(self._ensure_consumer(), tp, offset)
            self._drained_to[tp] = offset
            self._placed.add(tp)
            state.resume()
        self._wake()

    async def _undrain(self, tp: TP, start: int, end: int) -> None:
        if self._drained_to.get(tp) == end:
            await self._place({tp: start})

    def _pause(self, tp: TP) -> None:
        self._placed.discard(tp)
        if (state := self._state(tp)) is not None:
            state.pause()

    def _resume(self, tp: TP) -> None:
        state = self._state(tp)
        if state is not None and tp in self._drained_to:
            self._placed.add(tp)
            state.resume()
            self._wake()

    def _wake(self) -> None:
        # A fetch that waits does not look at partitions that became readable meanwhile unless it is woken.
        fetcher = self._ensure_consumer()._fetcher  # noqa: SLF001 - as above
        for waiter in list(fetcher._fetch_waiters):  # noqa: SLF001
            fetcher._notify(waiter)  # noqa: SLF001

    async def _standings(self) -> dict[TP, Standing]:
        found: dict[TP, Standing] = {}
        for tp in self._ensure_consumer().assignment():
            state = self._state(tp)
            if state is not None:
                position = state.position if state.has_valid_position else None
                found[TP(*tp)] = Standing(self._drained_to.get(tp), position, state.highwater, state.lso)
        return found

    async def _commit_for_tools(self, offsets: Mapping[TP, int]) -> None:
        assigned = self._ensure_consumer().assignment()
        wanted = {tp: offset for tp, offset in offsets.items() if tp in assigned}
        if wanted:
            await self._ensure_consumer().commit(
                {driver.TopicPartition(tp.topic, tp.partition): offset for tp, offset in wanted.items()}
            )


class _NoMemory(dict[TP, int | None]):
    """Faust's own read offsets: it drops what lies below them, which after a rewind is what must be read."""

    def __getitem__(self, _: TP) -> None:
        return None

    def __setitem__(self, _: TP, __: int | None) -> None:
        return


class _Listener(driver.ConsumerRebalanceListener):
    """Tells the thread of a rebalance before anybody else hears of it."""

    def on_partitions_revoked(self, revoked: Iterable[TP]) -> Awaitable[None]:
        self._thread.forget()
        waiting: Awaitable[None] = super().on_partitions_revoked(revoked)
        return waiting


class BatchConsumer(driver.Consumer):
    """Gives the agents one message for all records fetched from a partition, once the partition was placed."""

    RebalanceListener = _Listener
    _thread: PositionedThread
    mundane_level = "debug"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _NoMemory()
        self._held: set[TP] = set()
        self._holds: dict[TP, int] = {}

    def _new_consumer_thread(self) -> PositionedThread:
        return PositionedThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Holds all that is assigned and tells the owners; each partition is read again when its owner has placed it."""
        assigned = set(self.assignment())
        for tp in assigned:
            self.hold(tp)
        await self.app.on_assignment(assigned)

    def hold(self, tp: TP) -> None:
        """Gives out nothing more of a partition, and fetches nothing more."""
        self._holds[tp] = self._holds.get(tp, 0) + 1
        if tp not in self._held:
            self._held.add(tp)
            self._thread.pause(tp)

    def release(self, tp: TP) -> None:
        """Goes on with a partition that was held."""
        if tp in self._held:
            self._held.discard(tp)
            self._thread.resume(tp)

    async def place(self, offsets: Mapping[TP, int]) -> None:
        """Reads on from these offsets."""
        holds = {tp: self._holds.get(tp) for tp in offsets}
        await self._thread.place(offsets)
        # Held again meanwhile (another rebalance): then only the next placing may let it be read.
        self._held.difference_update(tp for tp, count in holds.items() if self._holds.get(tp) == count)

    async def standings(self) -> dict[TP, Standing]:
        """Where the consumer stands in every assigned partition."""
        return await self._thread.standings()

    async def commit_for_tools(self, offsets: Mapping[TP, int]) -> None:
        """Commits offsets to the group, for lag tools only; raises what the broker answers."""
        await self._thread.commit_for_tools(offsets)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109 - Faust calls it so
        """The next batches as messages, each of one partition."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        generation = self.app.consumer_generation_id
        batches: Mapping[TP, Batch] = await self._thread.getmany(None, timeout)
        pending = list(batches.values())
        while pending and not self.should_stop:
            batch = pending.pop(0)
            tp = TP(batch.topic, batch.partition)
            if not self.flow_active or self.app.consumer_generation_id != generation or tp in self._held:
                await self._thread.undrain(tp, batch.start, batch.end)
                continue
            yield tp, _message(tp, batch, generation)

    async def commit(self, topics: Iterable[Any] | None = None, start_new_transaction: bool = True) -> bool:
        """Does nothing: Faust acknowledges nothing here."""
        del topics, start_new_transaction
        return False

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Does nothing: an idle partition is no error, and the watchdog looks after the others."""


def _message(tp: TP, batch: Batch, generation: int) -> Message:
    last = batch.records[-1]
    return Message(
        tp.topic,
        tp.partition,
        last.offset,
        last.timestamp / 1000,
        last.timestamp_type,
        [],
        None,
        batch,
        tp=tp,
        checksum=None,
        generation_id=generation,  # Without it the stream drops the message silently.
    )


class BatchTransport(driver.Transport):
    """Faust's Kafka transport with the consumer above."""

    Consumer = BatchConsumer

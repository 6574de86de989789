"""Rulesets at the broker: publishing one to every journal partition at once, and following what was published."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Self

from engine.broker.clients import transactional_producer
from engine.broker.ending import end
from engine.broker.reading import beginning_offsets, end_offsets, follow, partitions_of, read_table
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, write_transaction
from engine.errors import BrokerUnavailable, EngineError, RulesetMissing, TopicsDiffer
from engine.ruleset.published import Publication, is_ruleset, read_publication

RULESETS = "rulesets"
JOURNAL = "journal"
# A compiled ruleset with its sources is larger than any event; `rulesets` takes 16 MiB.
MAX_RULESET_BATCH = 6 << 20
FIRST_READ_TIMEOUT_S = 60.0
RETRY_PAUSE_S = 1.0

log = logging.getLogger(__name__)


async def publish_ruleset(
    settings: Settings,
    digest: str,
    packed: bytes,
    activation: Callable[[int], tuple[bytes, bytes]],
    *publications: Publication,
    besides: Mapping[str, bytes] | None = None,
) -> int:
    """Writes the ruleset and, to every partition of the journal, its activation, in one transaction; returns how many.

    `activation(partition)` gives key and value of the journal record; `publications` are kept for the history, `besides` are
    other rulesets to be kept, by digest. Publishers fence one another. Raises TransactionUnknown where the outcome is not known
    (publishing again is harmless), TopicsDiffer where a topic is missing.
    """
    partitions = await partitions_of(settings, JOURNAL)
    if partitions == 0 or await partitions_of(settings, RULESETS) == 0:
        raise TopicsDiffer("the topics to publish to are missing; `guerdon topics apply` creates them")
    # The one that is in force stands last: whoever follows takes it for the latest.
    kept = [*(besides or {}).items(), (digest, packed)]
    records = [Outgoing(RULESETS, 0, each.encode(), value) for each, value in kept]
    records += [Outgoing(RULESETS, 0, publication.key, publication.value) for publication in publications]
    records += [Outgoing(JOURNAL, number, *activation(number)) for number in range(partitions)]
    producer = await transactional_producer(
        settings, settings.transactional_id("publish"), max_batch_bytes=MAX_RULESET_BATCH
    )
    try:
        await write_transaction(producer, records)
    finally:
        await producer.stop()
    return partitions


async def load_rulesets(settings: Settings) -> dict[str, bytes]:
    """All published rulesets by digest, as packed."""
    return (await load_published(settings))[0]


async def load_published(settings: Settings) -> tuple[dict[str, bytes], list[Publication]]:
    """All published rulesets by digest, as packed, and the history of publishing, oldest first."""
    table = {key.decode(): value for key, value in (await read_table(settings, RULESETS)).items()}
    rulesets = {key: value for key, value in table.items() if is_ruleset(key)}
    history = [read_publication(value) for key, value in sorted(table.items()) if not is_ruleset(key)]
    return rulesets, history


class RulesetFollower:
    """Keeps all published rulesets in memory, in the background. `async with RulesetFollower(settings) as rulesets`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._packed: dict[str, bytes] = {}
        self._latest: str | None = None
        self._positions: dict[tuple[str, int], int] = {}
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Returns when everything published so far was read."""
        ends = await end_offsets(self._settings, RULESETS)
        starts = await beginning_offsets(self._settings, RULESETS)
        self._positions = {(RULESETS, number): offset for number, offset in starts.items()}
        self._task = asyncio.create_task(self._follow())
        try:
            await self._until(
                lambda: all(self._positions[RULESETS, number] >= end for number, end in ends.items()),
                FIRST_READ_TIMEOUT_S,
            )
        except TimeoutError:
            await self.__aexit__()
            raise BrokerUnavailable(f"the rulesets could not be read within {FIRST_READ_TIMEOUT_S} s") from None
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *failure: object) -> None:
        if self._task is not None:
            await end(self._task)

    def get(self, digest: str) -> bytes | None:
        """The packed ruleset, or None where it is not here (yet)."""
        return self._packed.get(digest)

    @property
    def latest(self) -> str | None:
        """The digest published last, None where there is none."""
        return self._latest

    async def wait_for(self, digest: str, timeout_s: float = 30.0) -> bytes:
        """The packed ruleset as soon as it is here; raises RulesetMissing after the timeout, or what ended the following."""
        try:
            await self._until(lambda: digest in self._packed, timeout_s)
        except TimeoutError:
            raise RulesetMissing(digest) from None
        return self._packed[digest]

    def raise_failure(self) -> None:
        """Raises what ended the following in the background, if anything did."""
        if self._task is not None and self._task.done() and not self._task.cancelled():
            failure = self._task.exception()
            if failure is not None:
                raise failure

    async def _until(self, reached: Callable[[], bool], timeout_s: float) -> None:
        async with asyncio.timeout(timeout_s), self._changed:
            while not reached():
                self.raise_failure()
                await self._changed.wait()

    async def _follow(self) -> None:
        try:
            while True:
                try:
                    await self._read_on()
                except BrokerUnavailable as error:
                    log.warning("following the rulesets: %s; trying again", error)
                    await asyncio.sleep(RETRY_PAUSE_S)
        finally:
            async with self._changed:
                self._changed.notify_all()

    async def _read_on(self) -> None:
        async for batch in follow(self._settings, [RULESETS], self._positions):
            for record in batch.records:
                self._take(record.key, record.value)
            self._positions[RULESETS, batch.partition] = batch.end
            async with self._changed:
                self._changed.notify_all()

    def _take(self, key: bytes | None, value: bytes | None) -> None:
        try:
            digest = (key or b"").decode()
        except UnicodeDecodeError as error:
            raise EngineError(f"{self._settings.topic(RULESETS)} has a key that is no digest: {key!r}") from error
        if not is_ruleset(digest):
            return
        if value is None:
            self._packed.pop(digest, None)
        else:
            self._packed[digest] = value
            self._latest = digest

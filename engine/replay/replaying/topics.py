"""What a replay publishes below another prefix: never where anything is, so that each outcome is there once.

A run that was ended early leaves a part; the same prefix is refused afterwards. Each partition's producer fences that of an earlier
run before it looks whether its topics are empty, so two runs at once cannot both write.
"""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from engine.broker import topics
from engine.broker.clients import Producer, transactional_producer
from engine.broker.reading import bounds_of, topics_of
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, write_transaction
from engine.errors import UsageError
from engine.history.outcome_topics import outcome_topics
from engine.pipeline.records import TopicRecord

_OF_A_DEPLOYMENT = ("journal", "state")


def prepare(settings: Settings, prefix: str, partitions: int) -> Settings:
    """The settings of the other prefix, its topics created. Raises UsageError where it is a deployment's, or holds outcomes."""
    if prefix == settings.prefix:
        raise UsageError(f"{prefix!r} is the deployment's own prefix; replaying never writes to live topics")
    target = settings.model_copy(update={"prefix": prefix, "partitions": partitions})
    asyncio.run(_made(target))
    return target


class PartTopics:
    """Publishes the outcomes of one partition. Use it as a context."""

    def __init__(self, target: Settings, partition: int) -> None:
        self._target, self._partition = target, partition
        self._runner = asyncio.Runner()
        self._producer: Producer | None = None

    def __enter__(self) -> Self:
        self._runner.__enter__()
        try:
            name = self._target.transactional_id("replay", self._partition)
            self._producer = self._runner.run(transactional_producer(self._target, name))
            self._runner.run(_demand_empty(self._target, self._partition))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._producer is not None:
            self._runner.run(self._producer.stop())
        self._runner.close()

    def write(self, outcomes: Sequence[TopicRecord]) -> None:
        """Publishes outcomes as one transaction."""
        if self._producer is not None and outcomes:
            records = [Outgoing(each.topic, each.partition, each.key, each.value) for each in outcomes]
            self._runner.run(write_transaction(self._producer, records))


async def _made(target: Settings) -> None:
    there = await topics_of(target)
    names = [name for name in (*_OF_A_DEPLOYMENT, *outcome_topics()) if target.topic(name) in there]
    await _demand_none(target, [(name, number) for name in names for number in range(there[target.topic(name)])])
    applied = await topics.apply(target)
    topics.demand(applied.remaining)


async def _demand_empty(target: Settings, partition: int) -> None:
    await _demand_none(target, [(name, partition) for name in outcome_topics()])


async def _demand_none(target: Settings, places: Sequence[tuple[str, int]]) -> None:
    for (topic, partition), (begin, end) in sorted((await bounds_of(target, places)).items()):
        if end > begin:
            raise UsageError(
                f"{target.topic(topic)}:{partition} holds records; a replay writes only below a prefix where nothing is."
                " What an earlier run left there counts: delete its topics, or take another prefix"
            )

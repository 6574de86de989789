"""The cut through a deployment that goes on: up to where each of its topics is read, so that what is read belongs together.

Each end is asked for after the one before was known, and each time with all that is written by then (`settled_ends`): a
transaction that is seen in `state` has its outcomes and messages below the ends that are asked for afterwards.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from engine.broker.clients import admin
from engine.broker.reading import bounds_of, read_spans, settled_ends, topics_of
from engine.broker.settings import Settings
from engine.errors import TopicsDiffer
from engine.history.history import Span
from engine.history.outcome_topics import outcome_topics
from engine.history.tables import TABLES
from engine.pipeline.partition import POSITION_KEY

JOURNAL = "journal"
STATE = "state"
_FIRST_LOOK = 500  # offsets before the end of `state` that are searched for the position row, which is nearly its last
_LOOK_FURTHER = 16

Ends = Mapping[int, tuple[int, int]]  # partition to the first offset and the end


@dataclass(frozen=True, slots=True)
class Cut:
    """Offsets of a deployment, as of `taken_at_ms`.

    `spans`: of the journal. `state`: from where on to read it, and up to the position row, that row included. `outcomes` and
    `tables`: by topic. `outcomes_before`: what records from `decided` on cause stands at or behind these offsets.
    """

    cluster: str
    taken_at_ms: int
    spans: Mapping[int, Span]
    state: Ends
    outcomes: Mapping[str, Ends]
    outcomes_before: Mapping[str, Mapping[int, int]]
    tables: Mapping[str, Ends]

    @property
    def positions(self) -> Mapping[int, int]:
        """By partition, the next journal offset to decide."""
        return {number: span.decided for number, span in self.spans.items()}

    @property
    def settled(self) -> Mapping[int, int]:
        """By partition, where messages of what is decided stand below."""
        return {number: span.settled for number, span in self.spans.items()}


async def take(settings: Settings) -> Cut:
    """Cuts a deployment now. Raises TopicsDiffer where it has no journal or no state, BrokerUnavailable, BrokerRefused."""
    there = await topics_of(settings)
    count = there.get(settings.topic(JOURNAL), 0)
    if count == 0 or there.get(settings.topic(STATE), 0) < count:
        raise TopicsDiffer(
            f"{settings.bootstrap} has no deployment with the prefix {settings.prefix!r}: no topics"
            f" {settings.topic(JOURNAL)} and {settings.topic(STATE)} that belong together"
        )
    journal = [(JOURNAL, number) for number in range(count)]
    topics = [topic for topic in outcome_topics() if settings.topic(topic) in there]
    places = [(topic, number) for topic in topics for number in range(there[settings.topic(topic)])]
    tables = [(topic, number) for topic in TABLES for number in range(there.get(settings.topic(topic), 0))]
    begins = await bounds_of(settings, [*journal, *places])
    state, decided = await _positions(settings, count)
    settled = await settled_ends(settings, journal)
    published = await settled_ends(settings, places)
    ends = await settled_ends(settings, journal)
    table_ends = await settled_ends(settings, tables)
    table_begins = await bounds_of(settings, tables)
    return Cut(
        cluster=await _cluster(settings),
        taken_at_ms=time.time_ns() // 1_000_000,
        spans={
            number: Span(begins[place][0], max(decided[number], begins[place][0]), settled[place], ends[place])
            for place in journal
            for number in (place[1],)
        },
        state=state,
        outcomes=_by_topic(topics, {place: (begins[place][0], end) for place, end in published.items()}),
        outcomes_before={
            topic: {number: begins[topic, number][1] for name, number in places if name == topic} for topic in topics
        },
        tables=_by_topic(TABLES, {place: (table_begins[place][0], end) for place, end in table_ends.items()}),
    )


async def _positions(settings: Settings, count: int) -> tuple[Ends, dict[int, int]]:
    """For each partition the part of `state` that ends with its position row, and the position."""
    places = [(STATE, number) for number in range(count)]
    ends = await settled_ends(settings, places)
    begins = {number: begin for (_, number), (begin, _) in (await bounds_of(settings, places)).items()}
    state = {number: (begins[number], begins[number]) for number in range(count)}
    decided = dict.fromkeys(range(count), 0)
    missing = {number: ends[STATE, number] for number in range(count)}  # searched down to here
    look = _FIRST_LOOK
    while missing := {number: end for number, end in missing.items() if end > begins[number]}:
        spans = {number: (max(begins[number], end - look), end) for number, end in missing.items()}
        async for batch in read_spans(settings, STATE, spans):
            for record in batch.records:
                if record.key == POSITION_KEY.encode() and record.value is not None:
                    state[batch.partition] = (begins[batch.partition], record.offset + 1)
                    decided[batch.partition] = orjson.loads(record.value)["next"]
                    missing.pop(batch.partition, None)
        missing = {number: spans[number][0] for number in missing}
        look *= _LOOK_FURTHER
    return state, decided


async def _cluster(settings: Settings) -> str:
    async with admin(settings) as kafka:
        return str((await kafka.describe_cluster()).get("cluster_id") or "")


def _by_topic(topics: Sequence[str], found: Mapping[tuple[str, int], tuple[int, int]]) -> dict[str, Ends]:
    return {topic: {number: ends for (name, number), ends in found.items() if name == topic} for topic in topics}

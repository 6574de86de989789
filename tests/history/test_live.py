"""A deployment that goes on, read to a cut: what is decided by then has all that it published, and its rows."""

import asyncio
import gc
import pickle
import threading
from collections import Counter
from dataclasses import replace

import pytest

from engine.broker.clients import transactional_producer
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, write_transaction
from engine.errors import TopicsDiffer
from engine.history.live import Live, StateCompacted
from engine.replay.deriving import Derivation
from engine.replay.rules_of import RulesOf
from tests.support.workers import WorkerProcess, enrolment, feed, publish, purchase, until

MEMBERS = 20


async def test_cuts_of_a_deployment_at_work_hold_together(deployment: Settings) -> None:
    await publish(deployment)
    await feed(deployment, [enrolment(f"M-{number}") for number in range(MEMBERS)])
    with WorkerProcess(deployment) as worker:
        await until(deployment, "decisions", lambda events: len(events) >= MEMBERS)
        cuts = []
        for round_ in range(3):
            await feed(
                deployment, [purchase(f"M-{each % MEMBERS}", each) for each in range(round_ * 800, (round_ + 1) * 800)]
            )
            await asyncio.sleep(0.3)
            cuts.append(await asyncio.to_thread(Live.at, deployment))
        await until(deployment, "decisions", lambda events: len(events) >= MEMBERS + 2_400)
        cuts.append(await asyncio.to_thread(Live.at, deployment))
        assert worker.stop() == 0
    assert sum(span.decided for span in cuts[-1].spans.values()) > sum(span.decided for span in cuts[0].spans.values())
    with pytest.raises(StateCompacted, match="was compacted since"):
        list(_beside_the_position_row(cuts[-1]).rows(cuts[-1].snapshots[0], 0))
    for live in cuts:
        _assert_whole(pickle.loads(pickle.dumps(live)))  # noqa: S301 - our own


def _beside_the_position_row(live: Live) -> Live:
    """As where the broker kept a later position row instead."""
    state = {number: (begin, end - 1) for number, (begin, end) in live.cut.state.items()}
    return Live(live._settings, replace(live.cut, state=state), {})


def _assert_whole(live: Live) -> None:
    """Deciding the cut's journal again gives nothing that is not published in it, and its rows."""
    snapshot = live.snapshots[0]
    for number, span in live.spans.items():
        assert 0 == span.start <= span.decided <= span.settled <= span.end
        derivation = Derivation(live, number, RulesOf(live.rulesets))
        derived = Counter(
            (record.topic, record.value)
            for _, folded in derivation.batches(span.decided)
            for record in folded.outgoing
            if record.topic != "journal"
        )
        published = Counter(
            (topic, record.value)
            for topic in live.topics()
            for batch in live.published(topic, number)
            for record in batch
        )
        assert not derived - published
        rows = [row for row in live.rows(snapshot, number) if not row.key.startswith(b"_")]
        assert rows == list(derivation.rows())


async def test_what_a_transaction_wrote_is_waited_for(deployment: Settings) -> None:
    await publish(deployment)
    producer = await transactional_producer(deployment, deployment.transactional_id("decide", 0))
    await producer.kafka.begin_transaction()
    await producer.kafka.send_and_wait(deployment.topic("points"), b"1", b"key", partition=0)
    cutting = asyncio.create_task(asyncio.to_thread(Live.at, deployment))
    await asyncio.sleep(1)
    assert not cutting.done()
    await producer.kafka.commit_transaction()
    live = await cutting
    await producer.stop()
    assert [each.value for batch in live.published("points", 0) for each in batch] == [b"1"]


async def test_of_dead_letters_only_those_of_deciding_belong_to_the_history(deployment: Settings) -> None:
    producer = await transactional_producer(deployment, "letters")
    letters = [
        Outgoing("dead-letters", 0, b"transactions/0/7", b"{}"),
        Outgoing("dead-letters", 0, b"journal:0", b"{}"),
    ]
    await write_transaction(producer, letters)
    await producer.stop()
    live = await asyncio.to_thread(Live.at, deployment)
    assert [each.key for batch in live.published("dead-letters", 0) for each in batch] == [b"journal:0"]


async def test_a_reader_may_stop_early(deployment: Settings) -> None:
    await publish(deployment)
    live = await asyncio.to_thread(Live.at, deployment)
    before = threading.active_count()
    assert next(iter(live.journal(0)))
    gc.collect()
    assert threading.active_count() <= before


async def test_a_broker_without_the_deployment_is_said(settings: Settings) -> None:
    with pytest.raises(TopicsDiffer, match="no deployment with the prefix"):
        await asyncio.to_thread(Live.at, settings)

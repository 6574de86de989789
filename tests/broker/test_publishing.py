import asyncio

import pytest

from engine.broker.clients import transactional_producer
from engine.broker.publishing import RulesetFollower, load_rulesets, publish_ruleset
from engine.broker.reading import end_offsets, read
from engine.broker.settings import Settings
from engine.broker.transaction import Outgoing, TransactionUnknown, write_transaction
from engine.errors import EngineError, RulesetMissing, TopicsDiffer
from tests.support.brokers import Broker, crash, settled

LARGE = b"r" * (5 << 20)


def activation(number: int) -> tuple[bytes, bytes]:
    return b"ruleset", b"activate in %d" % number


async def journal(settings: Settings) -> dict[int, list[bytes | None]]:
    await settled(settings, "journal")
    ends = await end_offsets(settings, "journal")
    found: dict[int, list[bytes | None]] = {}
    for number, end in ends.items():
        found[number] = [
            record.value async for batch in read(settings, "journal", number, 0, end) for record in batch.records
        ]
    return found


async def test_a_ruleset_reaches_every_partition_of_the_journal_with_its_activation(deployment: Settings) -> None:
    assert await publish_ruleset(deployment, "sha256:abc", LARGE, activation) == 4
    assert await journal(deployment) == {number: [b"activate in %d" % number] for number in range(4)}
    await settled(deployment, "rulesets")
    assert await load_rulesets(deployment) == {"sha256:abc": LARGE}


async def test_publishing_without_topics_is_refused(settings: Settings) -> None:
    with pytest.raises(TopicsDiffer, match="topics apply"):
        await publish_ruleset(settings, "d", b"r", activation)


async def test_a_publish_killed_half_way_leaves_nothing(deployment: Settings) -> None:
    dying = await transactional_producer(deployment, deployment.transactional_id("publish"))
    await dying.kafka.begin_transaction()
    await dying.kafka.send_and_wait(deployment.topic("rulesets"), b"half", b"lost", partition=0)
    await dying.kafka.send_and_wait(deployment.topic("journal"), b"half", b"k", partition=0)
    await publish_ruleset(deployment, "whole", b"r", activation)  # fences the first and ends its transaction
    with pytest.raises(TransactionUnknown):
        await _commit(dying.kafka.commit_transaction)
    await dying.stop()
    await settled(deployment, "rulesets")
    assert await load_rulesets(deployment) == {"whole": b"r"}
    assert (await journal(deployment))[0] == [b"activate in 0"]


async def _commit(commit: object) -> None:
    try:
        await commit()  # type: ignore[operator]  # aiokafka has no types
    except Exception as error:
        raise TransactionUnknown(repr(error)) from error


async def test_a_follower_has_what_was_published_before_and_gets_what_comes_later(deployment: Settings) -> None:
    await publish_ruleset(deployment, "first", LARGE, activation)
    await settled(deployment, "rulesets")
    async with RulesetFollower(deployment) as rulesets:
        assert rulesets.get("first") == LARGE
        assert rulesets.latest == "first"
        assert rulesets.get("second") is None
        waiting = asyncio.create_task(rulesets.wait_for("second"))
        await publish_ruleset(deployment, "second", b"2", activation)
        assert await waiting == b"2"
        assert rulesets.latest == "second"
        with pytest.raises(RulesetMissing):
            await rulesets.wait_for("never", timeout_s=0.1)
        rulesets.raise_failure()


async def test_a_follower_of_nothing_starts_at_once(deployment: Settings) -> None:
    async with RulesetFollower(deployment) as rulesets:
        assert rulesets.latest is None


async def test_a_follower_outlives_a_restart_of_the_broker(deployment: Settings, broker: Broker) -> None:
    await publish_ruleset(deployment, "before", b"1", activation)
    async with RulesetFollower(deployment) as rulesets:
        await rulesets.wait_for("before")
        await crash(broker)
        await broker.start()
        await publish_ruleset(deployment, "after", b"2", activation)
        assert await rulesets.wait_for("after") == b"2"


async def test_what_is_no_ruleset_ends_the_following_loudly(deployment: Settings) -> None:
    async with RulesetFollower(deployment) as rulesets:
        producer = await transactional_producer(deployment, "other")
        await write_transaction(producer, [Outgoing("rulesets", 0, b"\xff", b"not ours")])
        await producer.stop()
        with pytest.raises(EngineError, match="a key that is no digest"):
            await rulesets.wait_for("never")
        with pytest.raises(EngineError, match="a key that is no digest"):
            rulesets.raise_failure()

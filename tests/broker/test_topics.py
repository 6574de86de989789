from pathlib import Path

import pytest
from aiokafka.admin import NewPartitions, NewTopic

from engine.broker.clients import admin
from engine.broker.declaration import declared, min_isr
from engine.broker.reading import topics_of
from engine.broker.settings import Settings, load_settings
from engine.broker.topics import Difference, Problem, apply, check, demand, plan, same_value
from engine.errors import BrokerRefused, TopicsDiffer, UsageError
from tests.support.brokers import ROOT, Broker

INPUTS = "members transactions returns voucher-redemptions feedback activities commands provider-events"
OUTCOMES = (
    "points issuances tier-changes member-changes emissions notifications merchant-alerts provider-requests decisions"
)
OTHERS = "journal state dead-letters rulesets keys quarantine"


def production(**given: object) -> dict[str, dict[str, str]]:
    topics = declared(load_settings(topics_file=ROOT / "topics.yaml", **given))
    return {
        topic.name: {"partitions": str(topic.partitions), "replication": str(topic.replication), **dict(topic.configs)}
        for topic in topics
    }


async def create(settings: Settings, name: str, partitions: int, configs: dict[str, str] | None = None) -> None:
    async with admin(settings) as kafka:
        response = await kafka.create_topics(
            [NewTopic(settings.topic(name), partitions, 1, topic_configs=configs or {})]
        )
    assert response.topic_errors[0][1] == 0


def test_every_topic_of_the_contract_is_declared() -> None:
    assert sorted(production()) == sorted(f"{INPUTS} {OUTCOMES} {OTHERS}".split())


@pytest.mark.parametrize(
    ("topic", "setting", "value"),
    [
        ("journal", "partitions", "48"),
        ("journal", "replication", "3"),
        ("journal", "cleanup.policy", "delete"),
        ("journal", "retention.ms", "-1"),
        ("journal", "retention.bytes", "-1"),
        ("journal", "message.timestamp.type", "LogAppendTime"),
        ("journal", "segment.bytes", str(256 << 20)),
        ("state", "partitions", "48"),
        ("state", "cleanup.policy", "compact"),
        ("state", "min.cleanable.dirty.ratio", "0.2"),
        ("state", "max.compaction.lag.ms", str(7 * 86_400_000)),
        ("state", "delete.retention.ms", str(86_400_000)),
        ("state", "segment.bytes", str(64 << 20)),
        ("points", "partitions", "48"),
        ("points", "min.insync.replicas", "2"),
        ("points", "unclean.leader.election.enable", "false"),
        ("rulesets", "partitions", "1"),
        ("keys", "max.compaction.lag.ms", str(86_400_000)),
    ],
)
def test_production_gets_what_exactly_once_needs(topic: str, setting: str, value: str) -> None:
    assert production()[topic][setting] == value


def test_a_produced_batch_is_at_most_half_of_what_a_topic_takes() -> None:
    largest = load_settings().max_batch_bytes
    assert all(int(topic["max.message.bytes"]) >= 2 * largest for topic in production().values())


def test_settings_override_the_file() -> None:
    embedded = production(embedded=True)
    assert (embedded["journal"]["partitions"], embedded["journal"]["replication"]) == ("4", "1")
    assert embedded["journal"]["min.insync.replicas"] == "1"
    assert embedded["rulesets"]["partitions"] == "1"
    assert production(partitions=12, replication=5)["state"]["partitions"] == "12"


@pytest.mark.parametrize(("replication", "isr"), [(1, 1), (2, 1), (3, 2), (5, 2)])
def test_one_broker_may_be_down_where_there_are_several(replication: int, isr: int) -> None:
    assert min_isr(replication, 2) == isr


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("topics: [", "while parsing"),
        ("partitions: 4\nreplication: 1\nkinds: {}\ntopics: {a: {kind: odd}}\n", "topics.a.kind: 'odd' is none of"),
        ("partitions: 0\nreplication: 1\nkinds: {}\ntopics: {}\n", "partitions: Input should be greater"),
        ("partitons: 1\nreplication: 1\nkinds: {}\ntopics: {}\n", "partitons: Extra inputs are not permitted"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "topics.yaml"
    path.write_text(content, "utf-8")
    with pytest.raises(UsageError) as refused:
        declared(load_settings(topics_file=path))
    assert complaint in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(UsageError, match=r"no topics file .*GUERDON_TOPICS_FILE"):
        declared(load_settings(topics_file="/nowhere/topics.yaml"))


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        ("0.2", "0.20", True),
        ("compact,delete", "delete,compact", True),
        ("-1", "-1", True),
        ("604800000", "-1", False),
        ("compact", "delete", False),
        ("LogAppendTime", "CreateTime", False),
    ],
)
def test_values_are_compared_as_values(wanted: str, found: str, same: bool) -> None:
    assert same_value(wanted, found) is same


async def test_missing_topics_are_planned_created_once_and_then_agree(settings: Settings) -> None:
    names = [settings.topic(topic.name) for topic in declared(settings)]
    assert await plan(settings) == [Difference(name, Problem.MISSING) for name in names]
    assert not set(names) & set(await topics_of(settings)), "planning creates nothing"
    applied = await apply(settings)
    assert (list(applied.created), applied.remaining) == (names, ())
    again = await apply(settings)
    assert (again.created, again.remaining) == ((), ())
    assert await check(settings) == []
    demand([])


async def test_a_topic_that_differs_is_named_and_left_alone(settings: Settings) -> None:
    await create(settings, "journal", 3, {"retention.ms": "604800000"})
    await create(settings, "state", 4, {"cleanup.policy": "delete"})
    await create(settings, "members", 3)
    applied = await apply(settings)
    assert settings.topic("journal") not in applied.created
    lines = {str(difference) for difference in applied.remaining}
    journal, state = settings.topic("journal"), settings.topic("state")
    assert {
        f"{journal}: partitions is 3, should be 4",
        f"{journal}: retention.ms is 604800000, should be -1",
        f"{journal}: message.timestamp.type is CreateTime, should be LogAppendTime",
        f"{state}: cleanup.policy is delete, should be compact",
    } <= lines
    assert not any(f"{settings.topic('members')}: partitions" in line for line in lines), "inputs may have any count"
    assert set(applied.remaining) == set(await plan(settings)) == set(await check(settings))
    with pytest.raises(TopicsDiffer, match="partitions is 3, should be 4"):
        demand(applied.remaining)


async def test_partitions_added_later_are_noticed(deployment: Settings) -> None:
    async with admin(deployment) as kafka:
        await kafka.create_partitions({deployment.topic("state"): NewPartitions(6)})
    assert [str(each) for each in await plan(deployment)] == [
        f"{deployment.topic('state')}: partitions is 6, should be 4"
    ]


@pytest.mark.apache
async def test_a_broker_that_will_not_create_is_named_with_its_reason(settings: Settings, broker: Broker) -> None:
    if broker.kind == "embedded":
        pytest.skip("the embedded broker takes any replication factor")
    with pytest.raises(BrokerRefused, match=r"journal: InvalidReplicationFactor.*state: InvalidReplicationFactor"):
        await apply(settings.model_copy(update={"replication": 3}))


async def test_brokers_that_cannot_keep_transactions_safe_are_named(deployment: Settings, broker: Broker) -> None:
    if broker.kind == "embedded":
        pytest.skip("the embedded broker shows no such values")
    lines = [str(each) for each in await check(deployment.model_copy(update={"replication": 3}))]
    assert "broker 1: transaction.state.log.replication.factor is 1, should be at least 3" in lines
    assert "broker 1: transaction.state.log.min.isr is 1, should be at least 2" in lines
    assert "broker 1: offsets.topic.replication.factor is 1, should be at least 3" in lines
    assert f"{deployment.topic('points')}: replication is 1, should be 3" in lines

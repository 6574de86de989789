"""The declared topics held against the broker's: what is missing, what differs, and creating what is missing.

Nothing that exists is ever changed here: a topic that differs is named and left to its operator.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import NoError, TopicAlreadyExistsError, for_code

from engine.broker.clients import admin
from engine.broker.declaration import MIN_ISR, Topic, declared, min_isr
from engine.broker.settings import Settings
from engine.errors import BrokerRefused, BrokerUnavailable, TopicsDiffer

VISIBLE_TIMEOUT_S = 30.0
INTERNAL_TOPICS = ("__transaction_state", "__consumer_offsets")


class Problem(Enum):
    """Why a difference stands in the list."""

    MISSING = "missing"
    DIFFERS = "differs"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of `topics plan` and `topics check`: `subject` is a topic's full name or `broker 1`."""

    subject: str
    problem: Problem
    setting: str = ""
    wanted: str = ""
    found: str = ""

    def __str__(self) -> str:
        match self.problem:
            case Problem.MISSING:
                return f"{self.subject} is missing"
            case Problem.UNREADABLE:
                return f"{self.subject} cannot be read: {self.found}"
            case Problem.DIFFERS:
                return f"{self.subject}: {self.setting} is {self.found}, should be {self.wanted}"


@dataclass(frozen=True, slots=True)
class Applied:
    """What `apply` did: full names of the topics created, and the differences that remain."""

    created: tuple[str, ...]
    remaining: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class _Broker:
    """What the broker says: topics by full name as (partitions, replication), ids of the brokers."""

    topics: Mapping[str, tuple[int, int]]
    ids: tuple[int, ...]


async def plan(settings: Settings) -> list[Difference]:
    """What is missing and what differs among the declared topics, in the order of the file."""
    wanted = declared(settings)
    async with admin(settings) as kafka:
        return await _topic_differences(settings, kafka, wanted, await _ask(kafka))


async def apply(settings: Settings) -> Applied:
    """Creates the missing topics and nothing else; raises BrokerRefused where the broker would not, naming each."""
    wanted = declared(settings)
    async with admin(settings) as kafka:
        present = (await _ask(kafka)).topics
        missing = [topic for topic in wanted if settings.topic(topic.name) not in present]
        refused = []
        for topic in missing:
            refusal = await _create(settings, kafka, topic)
            if refusal:
                refused.append(refusal)
        if refused:
            raise BrokerRefused("topics could not be created: " + "; ".join(refused))
        found = await _until_visible(settings, kafka, wanted)
        remaining = await _topic_differences(settings, kafka, wanted, found)
    return Applied(tuple(settings.topic(topic.name) for topic in missing), tuple(remaining))


async def check(settings: Settings) -> list[Difference]:
    """`plan`, and the brokers' own values that exactly-once rests on. Where it is empty a worker may start."""
    wanted = declared(settings)
    async with admin(settings) as kafka:
        found = await _ask(kafka)
        differences = await _topic_differences(settings, kafka, wanted, found)
        replication = max(topic.replication for topic in wanted)
        differences += await _internal_differences(kafka, found, replication)
        for number in found.ids:
            differences += await _broker_differences(settings, kafka, number, replication)
    return differences


def demand(differences: Sequence[Difference]) -> None:
    """Raises TopicsDiffer naming every difference; returns where there is none."""
    if differences:
        raise TopicsDiffer("; ".join(str(each) for each in differences) + " (see `guerdon topics plan`)")


async def _ask(kafka: AIOKafkaAdminClient) -> _Broker:
    """Lists all topics: asking for one by name would make some brokers create it."""
    listed = await kafka.describe_topics()
    topics = {each["topic"]: (len(each["partitions"]), _replicas(each["partitions"])) for each in listed}
    cluster = await kafka.describe_cluster()
    return _Broker(topics, tuple(sorted(each["node_id"] for each in cluster["brokers"])))


def _replicas(partitions: Sequence[Mapping[str, Any]]) -> int:
    return min((len(each["replicas"]) for each in partitions), default=0)


async def _topic_differences(
    settings: Settings, kafka: AIOKafkaAdminClient, wanted: Iterable[Topic], found: _Broker
) -> list[Difference]:
    differences = []
    present = []
    for topic in wanted:
        name = settings.topic(topic.name)
        if name not in found.topics:
            differences.append(Difference(name, Problem.MISSING))
            continue
        present.append(topic)
        partitions, replication = found.topics[name]
        if partitions != topic.partitions and not topic.free:
            differences.append(_differs(name, "partitions", str(topic.partitions), str(partitions)))
        if replication < topic.replication:
            differences.append(_differs(name, "replication", str(topic.replication), str(replication)))
    configs = await _topic_configs(kafka, [settings.topic(topic.name) for topic in present])
    for topic in present:
        name = settings.topic(topic.name)
        values = configs[name]
        if isinstance(values, str):
            differences.append(Difference(name, Problem.UNREADABLE, found=values))
            continue
        for key, value in topic.configs:
            if not same_value(value, values.get(key, "")):
                differences.append(_differs(name, key, value, values.get(key, "not known to this broker")))
    return differences


async def _internal_differences(kafka: AIOKafkaAdminClient, found: _Broker, replication: int) -> list[Difference]:
    """The transaction log and the offsets must survive what the topics survive; brokers make them at first use."""
    differences = []
    present = [name for name in INTERNAL_TOPICS if name in found.topics]
    configs = await _topic_configs(kafka, present)
    for name in present:
        if found.topics[name][1] < replication:
            differences.append(_differs(name, "replication", f"at least {replication}", str(found.topics[name][1])))
        values = configs[name]
        if not isinstance(values, str):
            differences += _held_against(name, values, _internal_rules(replication))
    return differences


async def _broker_differences(
    settings: Settings, kafka: AIOKafkaAdminClient, number: int, replication: int
) -> list[Difference]:
    resource = ConfigResource(ConfigResourceType.BROKER, str(number))
    values = _values((await kafka.describe_configs([resource]))[0].resources[0])
    if isinstance(values, str):
        return [Difference(f"broker {number}", Problem.UNREADABLE, found=values)]
    return _held_against(f"broker {number}", values, _broker_rules(settings, replication))


@dataclass(frozen=True, slots=True)
class _Rule:
    """A value that the broker must have: `least` for numbers, else `exactly`."""

    setting: str
    exactly: str = ""
    least: int = 0


def _internal_rules(replication: int) -> tuple[_Rule, ...]:
    return (
        _Rule("unclean.leader.election.enable", exactly="false"),
        _Rule(MIN_ISR, least=min_isr(replication, 2)),
    )


def _broker_rules(settings: Settings, replication: int) -> tuple[_Rule, ...]:
    return (
        _Rule("unclean.leader.election.enable", exactly="false"),
        _Rule("transaction.state.log.replication.factor", least=replication),
        _Rule("transaction.state.log.min.isr", least=min_isr(replication, 2)),
        _Rule("offsets.topic.replication.factor", least=replication),
        _Rule("transaction.max.timeout.ms", least=settings.transaction_timeout_ms),
    )


def _held_against(subject: str, values: Mapping[str, str], rules: Iterable[_Rule]) -> list[Difference]:
    """What differs among the values that the broker lets us read; hosted brokers hide some."""
    differences = []
    for rule in rules:
        value = values.get(rule.setting)
        if not value:
            continue
        if rule.exactly and value != rule.exactly:
            differences.append(_differs(subject, rule.setting, rule.exactly, value))
        if not rule.exactly and int(value) < rule.least:
            differences.append(_differs(subject, rule.setting, f"at least {rule.least}", value))
    return differences


def same_value(wanted: str, found: str) -> bool:
    """Whether two spellings are one value: lists in any order, numbers however written."""
    if wanted == found or sorted(wanted.split(",")) == sorted(found.split(",")):
        return True
    try:
        return Decimal(wanted) == Decimal(found)
    except InvalidOperation:
        return False


def _differs(subject: str, setting: str, wanted: str, found: str) -> Difference:
    return Difference(subject, Problem.DIFFERS, setting, wanted, found)


async def _topic_configs(kafka: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str] | str]:
    """The settings of existing topics, or why they cannot be read."""
    if not names:
        return {}
    responses = await kafka.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    return {each[3]: _values(each) for response in responses for each in response.resources}


def _values(resource: Sequence[Any]) -> dict[str, str] | str:
    """One resource of a DescribeConfigs response: error code, error message, type, name, entries."""
    code, message, _, _, entries = resource
    if code:
        return f"{for_code(code).__name__} {message or ''}".strip()
    return {name: value or "" for name, value, *_ in entries}


async def _create(settings: Settings, kafka: AIOKafkaAdminClient, topic: Topic) -> str | None:
    """Creates one topic; returns what the broker has against it. Another creating it meanwhile is no refusal."""
    name = settings.topic(topic.name)
    new = NewTopic(name, topic.partitions, topic.replication, topic_configs=dict(topic.configs))
    for _, code, *message in (await kafka.create_topics([new])).topic_errors:
        error = for_code(code)
        if error not in (NoError, TopicAlreadyExistsError):  # the client itself raises nothing
            return f"{name}: {error.__name__} {' '.join(filter(None, message))}".strip()
    return None


async def _until_visible(settings: Settings, kafka: AIOKafkaAdminClient, wanted: Sequence[Topic]) -> _Broker:
    """Waits until brokers know what the controller created."""
    deadline = asyncio.get_running_loop().time() + VISIBLE_TIMEOUT_S
    while True:
        found = await _ask(kafka)
        names = [settings.topic(topic.name) for topic in wanted]
        unseen = [name for name in names if found.topics.get(name, (0, 0))[0] == 0]
        if not unseen:
            return found
        if asyncio.get_running_loop().time() >= deadline:
            raise BrokerUnavailable(f"created, but not visible after {VISIBLE_TIMEOUT_S} s: {', '.join(unseen)}")
        await asyncio.sleep(0.1)

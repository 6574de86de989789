"""The declared topics held against the broker's: what is missing, what differs, and creating what is missing.

Nothing that exists is ever changed here: a differing topic is named and left to its operator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from engine.broker.settings import Settings


@dataclass(frozen=True, slots=True)
class Topic:
    """A declared topic; `name` without the prefix, `configs` as Kafka spells them. `partitions` and `replication` are resolved."""

    name: str
    partitions: int
    replication: int
    configs: tuple[tuple[str, str], ...]
    about: str = ""


class Problem(Enum):
    """Why a difference stands in the list."""

    MISSING = "missing"
    DIFFERS = "differs"
    UNREADABLE = "unreadable"
    REFUSED = "refused"  # the broker would not create it


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of `topics plan` and `topics check`: of `subject` (a topic's full name, or `broker 1`) the value of `setting`."""

    subject: str
    problem: Problem
    setting: str = ""
    wanted: str = ""
    found: str = ""

    def __str__(self) -> str:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Applied:
    """What `apply` did: full names of topics created, and the differences that remain."""

    created: tuple[str, ...]
    remaining: tuple[Difference, ...]


def declared(settings: Settings) -> tuple[Topic, ...]:
    """The topics of `settings.topics_file`, overrides applied; raises UsageError naming the file and the place."""
    raise NotImplementedError


async def plan(settings: Settings) -> list[Difference]:
    """What is missing and what differs among the topics."""
    raise NotImplementedError


async def apply(settings: Settings) -> Applied:
    """Creates the missing topics and nothing else; raises BrokerRefused where the broker would not create one, naming each."""
    raise NotImplementedError


async def check(settings: Settings) -> list[Difference]:
    """`plan`, and the brokers' own values that exactly-once depends on. An empty list is what a worker may start on."""
    raise NotImplementedError


def demand(differences: Sequence[Difference]) -> None:
    """Raises TopicsDiffer naming every difference; returns where there is none."""
    raise NotImplementedError

"""Rulesets at the broker: publishing one to every journal partition at once, and following what was published."""

from collections.abc import Callable
from typing import Self

from engine.broker.settings import Settings


async def publish_ruleset(
    settings: Settings, digest: str, packed: bytes, activation: Callable[[int], tuple[bytes, bytes]]
) -> int:
    """Writes the ruleset and, to every partition of the journal, its activation, in one transaction; returns how many partitions.

    `activation(partition)` gives key and value of the journal record. Publishers fence one another. Raises TransactionUnknown
    where the outcome is not known (publishing again is harmless), TopicsDiffer where a topic is missing.
    """
    raise NotImplementedError


async def load_rulesets(settings: Settings) -> dict[str, bytes]:
    """All published rulesets by digest, as packed."""
    raise NotImplementedError


class RulesetFollower:
    """Keeps all published rulesets in memory, in the background. `async with RulesetFollower(settings) as rulesets`."""

    def __init__(self, settings: Settings) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        """Returns when everything published so far was read."""
        raise NotImplementedError

    async def __aexit__(self, *_: object) -> None:
        raise NotImplementedError

    def get(self, digest: str) -> bytes | None:
        """The packed ruleset, or None where it is not here (yet)."""
        raise NotImplementedError

    @property
    def latest(self) -> str | None:
        """The digest published last, None where there is none."""
        raise NotImplementedError

    async def wait_for(self, digest: str, timeout_s: float = 30.0) -> bytes:
        """The packed ruleset as soon as it is here; raises RulesetMissing after the timeout, or what ended the following."""
        raise NotImplementedError

    def raise_failure(self) -> None:
        """Raises what ended the following in the background, if anything did."""
        raise NotImplementedError

"""Positions kept at the broker under a group id without membership: intake's own, and the worker's for lag tools."""

from collections.abc import Collection, Mapping
from typing import Self

from engine.broker.settings import Settings


class Positions:
    """The committed positions of one group id, read and written without joining it; topics are short names.

    `async with Positions(settings, "guerdon-intake") as positions`. Raises BrokerUnavailable or BrokerRefused.
    """

    def __init__(self, settings: Settings, group_id: str) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(self, *_: object) -> None:
        raise NotImplementedError

    async def read(self, wanted: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """The next offset to read for each (topic, partition) that has a commit; others are absent. Checks no bounds."""
        raise NotImplementedError

    async def commit(self, positions: Mapping[tuple[str, int], int]) -> None:
        """Commits the next offset to read of each (topic, partition); returns when the broker confirmed it."""
        raise NotImplementedError

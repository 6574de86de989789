"""The embedded broker: a child process that speaks Kafka's protocol, for trying out and for tests."""

from pathlib import Path
from typing import Self


class EmbeddedBroker:
    """One embedded broker on a data directory. `port` of None takes a free one and keeps it over restarts of this object."""

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        raise NotImplementedError

    @property
    def bootstrap(self) -> str:
        """`127.0.0.1:port`."""
        raise NotImplementedError

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        raise NotImplementedError

    async def start(self, timeout_s: float = 20.0) -> Self:
        """Starts it and returns when it answers a real request; raises UsageError (no binary) or BrokerUnavailable (with the log's end)."""
        raise NotImplementedError

    async def stop(self, timeout_s: float = 10.0) -> None:
        """Ends the child by SIGTERM, by SIGKILL after the timeout."""
        raise NotImplementedError

    def kill(self) -> None:
        """Ends the child by SIGKILL and waits for it: a crash."""
        raise NotImplementedError

    def alive(self) -> bool:
        """Whether the child runs."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(self, *_: object) -> None:
        raise NotImplementedError

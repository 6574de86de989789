"""Writing ready-made record batches: as one transaction, or as acknowledged batches without one."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.broker.clients import Producer
from engine.errors import EngineError

Headers = Sequence[tuple[str, bytes]]


class Outgoing(NamedTuple):
    """A record to write; `topic` without the prefix. `timestamp_ms` of None is the time of writing."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int | None = None


class Prepared(NamedTuple):
    """Encoded batches in the order of their topic and partition, ready for one transaction of one producer. Used once."""

    batches: tuple[tuple[str, int, tuple[object, ...]], ...]
    records: int
    bytes: int


class TransactionUnknown(EngineError):
    """Between begin and the answer to commit something failed: whether the transaction counts is unknown here.

    The producer must not be used again. The position row tells the next owner what was committed.
    """

    exit_code = 75

    def __init__(self, message: str, *, fenced: bool = False) -> None:
        super().__init__(message)
        self.fenced = fenced


class RecordTooLarge(EngineError):
    """A record exceeds what a batch of this deployment may hold; nothing was sent."""


class WriteFailed(EngineError):
    """Not every batch of the intake path was acknowledged; some may have been written. The producer must not be used again."""

    exit_code = 75


async def prepare(producer: Producer, records: Sequence[Outgoing]) -> Prepared:
    """Encodes records into batches, order kept per (topic, partition), and checks that the partitions exist.

    Raises RecordTooLarge, or BrokerUnavailable or BrokerRefused for the metadata; no transaction is open then.
    """
    raise NotImplementedError


async def write_transaction(producer: Producer, records: Sequence[Outgoing] | Prepared, timeout_s: float = 15.0) -> None:
    """Writes all records as one transaction: begin, all batches, every acknowledgement, commit.

    Returns only when the commit was confirmed. Raises TransactionUnknown for any failure, timeout or cancellation after begin.
    Before begin: what `prepare` raises. An empty sequence writes nothing.
    """
    raise NotImplementedError


async def write_batches(producer: Producer, records: Sequence[Outgoing], timeout_s: float = 30.0) -> None:
    """Writes records by an idempotent producer and returns when every batch was acknowledged; raises WriteFailed otherwise."""
    raise NotImplementedError

"""The topics that deciding publishes to, and which of their records it wrote itself."""

from collections.abc import Sequence

from engine.wire.outcomes import CUSTOM, topic_of
from schemas.registry import OUTPUTS

DEAD_LETTERS = "dead-letters"
_OF_DECIDING = b"journal:"  # no topic's name has a colon, and intake's letters begin with one: `transactions/3/17`


def outcome_topics() -> Sequence[str]:
    """Their names without the prefix, sorted."""
    return sorted({topic_of(kind) for kind in OUTPUTS} | {topic_of(CUSTOM)})


def is_of_deciding(topic: str, key: bytes | None) -> bool:
    """Whether deciding published this record.

    Dead letters have two writers. Those of intake go back to no journal record, and show inputs as they were received, with
    what is personal in the clear; so they are no part of a history.
    """
    return topic != DEAD_LETTERS or (key is not None and key.startswith(_OF_DECIDING))

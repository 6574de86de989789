"""A worker process for tests: `run` as it is, or with a step that fails on what the test poisons.

`python -m tests.support.poisoned_worker [TEXT]`; a journal record whose value contains TEXT cannot be decided, and with
`--keeping-keys` the worker hangs before it deletes sealing keys. Settings come from the environment, as ever.
"""

import asyncio
import logging
import sys
from collections.abc import Mapping

from engine.broker.settings import load_settings
from engine.kafka.forgetting import Forgetting
from engine.kafka.worker import run
from engine.pipeline.fold import Fold
from engine.pipeline.records import JournalRecord


class Poison(Exception):
    """What the poisoned step raises; quotes the record, as careless code would."""


def poison(text: bytes) -> None:
    """Lets deciding fail at each journal record that contains the text."""
    take = Fold.take

    def failing(fold: Fold, record: JournalRecord) -> None:
        take(fold, record)
        if text in record.value:
            raise Poison(record.value.decode())

    setattr(Fold, "take", failing)  # noqa: B010 - the poisoned step, in a process of its own


def keep_keys() -> None:
    """Lets the deleting of keys hang where it begins, and says so."""

    async def hanging(_: Forgetting, wanted: Mapping[str, int]) -> None:
        logging.getLogger(__name__).warning("keeping keys of %d subjects", len(wanted))
        await asyncio.Event().wait()

    setattr(Forgetting, "_delete", hanging)  # noqa: B010 - the crash between a commit and its deletion, in its own process


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        if argument == "--keeping-keys":
            keep_keys()
        else:
            poison(argument.encode())
    sys.exit(run(load_settings()))

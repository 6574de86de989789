"""A worker process for tests: `run` as it is, or with a step that fails on what the test poisons.

`python -m tests.support.poisoned_worker [TEXT]`; a journal record whose value contains TEXT cannot be decided. Settings come from the
environment, as ever.
"""

import sys

from engine.broker.settings import load_settings
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


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        poison(argument.encode())
    sys.exit(run(load_settings()))

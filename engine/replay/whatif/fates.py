"""What becomes in the other world of each message that the recorded one sent, and of those that only the other one sends.

A message is known by its id and where it goes. Clock records may be sent more than once alike, so all of this is counted.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import orjson

from engine.pipeline.partition import TopicRecord

_ID = b'"id":"'
_DIGITS = 32


class Known(NamedTuple):
    """A message by what it is recognised by."""

    partition: int
    id: str


class _Fate:
    """Of one message that the recorded world sent and that is on its way. `open`: the other world may still send it."""

    __slots__ = ("open", "record")

    def __init__(self, record: TopicRecord | None, *, decided: bool = False) -> None:
        self.record = record
        self.open = record is None and not decided


class Fates:
    """Messages on their way. Memory holds those, and the ids of what was decided elsewhere than the other side has it."""

    def __init__(self) -> None:
        self._coming: defaultdict[Known, deque[_Fate]] = defaultdict(deque)
        self._early: Counter[Known] = Counter()  # decided in the other world before the recorded one sent them
        self._unsent: Counter[Known] = Counter()  # recorded, and taken before the recorded world sent them

    def expects(self, message: Known) -> bool:
        """Whether the recorded world has sent it, so that its recorded place may come."""
        return message in self._coming

    def sent(self, recorded: Iterable[TopicRecord], other: Iterable[TopicRecord]) -> Sequence[TopicRecord]:
        """Takes what both worlds sent for the same record; returns what only the other one sends, to be decided there next."""
        others: defaultdict[Known, deque[TopicRecord]] = defaultdict(deque)
        for each in other:
            others[known(each)].append(each)
        for each in recorded:
            key = known(each)
            counterpart = others[key].popleft() if others.get(key) else None
            if _taken_from(self._unsent, key):
                continue
            if counterpart is None and _taken_from(self._early, key):
                self._coming[key].append(_Fate(None, decided=True))
            else:
                self._coming[key].append(_Fate(counterpart))
        return [each for each in _left(others) if not self._fills(each)]

    def sent_by_both(self, messages: Iterable[TopicRecord]) -> None:
        """Takes what was sent while both worlds were one."""
        for each in messages:
            key = known(each)
            if not _taken_from(self._unsent, key):
                self._coming[key].append(_Fate(each))

    def arrived(self, message: Known, recorded: TopicRecord) -> TopicRecord | None:
        """What stands in the other world where a recorded message stands, None for nothing.

        It is the message itself where the history does not have what sent it.
        """
        coming = self._coming.get(message)
        if coming is None:
            if _taken_from(self._early, message):
                return None
            self._unsent[message] += 1
            return recorded
        fate = coming.popleft()
        if not coming:
            del self._coming[message]
        return fate.record

    def _fills(self, message: TopicRecord) -> bool:
        """Gives a message of the other world the place of the recorded one that was sent before and has not come yet."""
        key = known(message)
        for fate in self._coming.get(key, ()):
            if fate.open:
                fate.record, fate.open = message, False
                return True
        self._early[key] += 1
        return False


def known(message: TopicRecord) -> Known:
    """What a message is recognised by."""
    return Known(message.partition, id_of(message.value))


def id_of(value: bytes) -> str:
    """The id of a journal record: it stands right after the kind, or else where JSON has it."""
    at = value.find(_ID, 0, 64)
    if at >= 0 and value[at + len(_ID) + _DIGITS : at + len(_ID) + _DIGITS + 1] == b'"':
        return value[at + len(_ID) : at + len(_ID) + _DIGITS].decode()
    return str(orjson.loads(value)["id"])


def _taken_from(counted: Counter[Known], key: Known) -> bool:
    there = counted[key]
    if there > 1:
        counted[key] = there - 1
    elif there:
        del counted[key]
    return there > 0


def _left(others: dict[Known, deque[TopicRecord]]) -> Iterator[TopicRecord]:
    for waiting in others.values():
        yield from waiting

"""What all rows have in common, and what is remembered of an input. Plain JSON; `v` is the format's version.

Points are integers, instants milliseconds since 1970 in UTC. Each shape says at which keys it lies below its subject.
"""

from typing import NotRequired, TypedDict

from engine.core.instants import DAY_MS
from engine.core.records import Json

VERSION = 1


KEEP_KEYS_MS = 400 * DAY_MS  # how long a natural key and a transaction are remembered (B-18)


class SeenRow(TypedDict):
    """`seen/<record id>`: an input that came here; `repeats` counts how often it came again."""

    v: int
    content: str
    repeats: int


class KeyRow(TypedDict):
    """`key/<type>/<natural key>`: the input that took a natural key."""

    v: int
    record: str
    content: str


class ParkedRow(TypedDict):
    """`parked/<number>`: an event that waits for its member (B-19). `known`: they were enrolled when it came."""

    v: int
    event: Json
    known: NotRequired[bool]

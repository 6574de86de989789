"""The outcomes of one record in both worlds: what differs between them, and in what.

Only what an outcome does counts. Its id and the ids of lots are made of its number among the outcomes of its record, balances go on
from what happened before, and a digest says only that something else differs; reasons against campaigns that gave nothing, and what is
said of campaigns in shadow, do nothing.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from engine.pipeline.partition import TopicRecord

Outcome = Mapping[str, Any]  # a CloudEvent of an outcome topic

_DIGEST = b'"rulesetdigest":"'
_DIGITS = 64
_TOLD = frozenset(
    {
        "balance_after",
        "balance_before",
        "campaigns_refused",
        "dedupe_key",
        "lot_id",
        "lot_ids",
        "postings",
        "ruleset_digest",
        "shadow",
        "state_after",
        "state_before",
    }
)
_NAMES = ("campaign", "account", "trigger", "ladder", "tag", "attribute", "achievement", "expires_at")


class Pair(NamedTuple):
    """An outcome as recorded and its counterpart under the other rules; None where there is none."""

    recorded: Outcome | None
    other: Outcome | None


def alike(recorded: Sequence[TopicRecord], other: Sequence[TopicRecord]) -> bool:
    """Whether the outcomes are the same bytes but for the ruleset's digest."""
    return len(recorded) == len(other) and all(
        one.value == two.value or _without_digest(one.value) == _without_digest(two.value)
        for one, two in zip(recorded, other, strict=True)
    )


def decoded(outcomes: Iterable[TopicRecord]) -> list[Outcome]:
    """The outcomes as JSON."""
    return [orjson.loads(each.value) for each in outcomes]


def differing(recorded: Sequence[Outcome], other: Sequence[Outcome]) -> Iterator[Pair]:
    """The outcomes that differ, each with its counterpart: in the recorded order, then those that only the other rules have."""
    counterparts: defaultdict[tuple[Any, ...], deque[Outcome]] = defaultdict(deque)
    for each in filter(_live, other):
        counterparts[_recognised(each)].append(each)
    for each in filter(_live, recorded):
        there = counterparts.get(_recognised(each))
        counterpart = there.popleft() if there else None
        if counterpart is None or effect_of(each) != effect_of(counterpart):
            yield Pair(each, counterpart)
    for there in counterparts.values():
        for each in there:
            yield Pair(None, each)


def effect_of(outcome: Outcome) -> tuple[Any, ...]:
    """What an outcome does, without what only tells it apart or goes on from earlier ones."""
    data = {name: value for name, value in outcome["data"].items() if name not in _TOLD}
    if "variables" in data:
        data["variables"] = {name: value for name, value in data["variables"].items() if name not in _TOLD}
    return outcome["type"], outcome["subject"], outcome["time"], outcome["mode"], data


def _recognised(outcome: Outcome) -> tuple[Any, ...]:
    data = outcome["data"]
    return (outcome["type"], outcome["subject"], outcome["time"], outcome["mode"], *map(data.get, _NAMES))


def _live(outcome: Outcome) -> bool:
    return bool(outcome["mode"] == "live")


def _without_digest(value: bytes) -> bytes:
    at = value.find(_DIGEST) + len(_DIGEST)
    return value.replace(value[at : at + _DIGITS], b"")

"""What a verification came to: how much was compared, and all that differs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.core.instants import render
from engine.match.trace import Trace, Traced
from engine.pipeline.records import JournalRecord
from engine.replay.verifying.divergence import Divergence, Kind
from engine.replay.verifying.first import Asked, First
from engine.ruleset.conditions import Test
from engine.ruleset.wording.words import Words


@dataclass(slots=True)
class Report:
    """Of one verification; the same for any number of processes, but for the seconds.

    `outcomes` by topic, `not_compared`: those of it that are not kept any more, or go back to records beyond what is decided.
    `messages` on both sides, `messages_open`: on one, as they may be near the ends. `stands`: records that deriving could not pass.
    """

    name: str
    partitions: int
    start: str | None
    against: str | None
    records: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    not_compared: dict[str, int] = field(default_factory=dict)
    ids: int = 0
    messages: int = 0
    messages_open: int = 0
    rows: int = 0
    own_rows: int = 0
    accounts: int = 0
    postings: int = 0
    stands: Sequence[tuple[int, int]] = ()
    counts: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    divergences: Sequence[Divergence] = ()
    first: First | None = None
    seconds: float = 0.0
    cpu_s: float = 0.0

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not self.counts

    def value(self, most: int) -> dict[str, Any]:
        """As JSON, with so many divergences at most."""
        return {
            "history": self.name,
            "agrees": self.agrees,
            "partitions": self.partitions,
            "from_snapshot": self.start,
            "rows_of_snapshot": self.against,
            "journal_records": self.records,
            "outcomes": self.outcomes,
            "not_compared": self.not_compared,
            "outcome_ids": self.ids,
            "messages": self.messages,
            "messages_open": self.messages_open,
            "rows": self.rows,
            "own_rows": self.own_rows,
            "accounts": self.accounts,
            "outcomes_with_postings": self.postings,
            "stands_at": [f"{partition}:{offset}" for partition, offset in self.stands],
            "differs": [
                {"kind": kind, "topic": topic, "count": count} for (kind, topic), count in sorted(self.counts.items())
            ],
            "first": None if self.first is None else _first(self.first),
            "divergences": [each.value() for each in self.divergences[:most]],
            "seconds": round(self.seconds, 3),
        }


def _first(first: First) -> dict[str, Any]:
    return {
        **first.divergence.value(),
        "journal_record": None if first.record is None else record_value(first.record),
        "asked": [asked_value(each) for each in first.asked],
    }


def record_value(record: JournalRecord) -> dict[str, Any]:
    """A journal record as JSON."""
    return {
        "offset": record.offset,
        "timestamp": render(record.timestamp_ms),
        "key": record.key.decode(errors="replace"),
        "value": record.value.decode(errors="replace"),
    }


def asked_value(asked: Asked) -> dict[str, Any]:
    """Conditions with the values that they saw, as JSON."""
    words = Words(asked.programme)
    return {
        "on": asked.facts.on,
        "time": render(asked.facts.time_ms),
        "campaigns": [_trace(each, words) for each in asked.traces],
    }


def _trace(traced: Trace, words: Words) -> dict[str, Any]:
    tests = [test for root in (traced.audience, traced.when) if root is not None for test in root.tests()]
    return {
        "campaign": traced.campaign.name,
        "holds": traced.holds,
        "reason": traced.reason,
        "tests": [_test(each, each.condition, words) for each in tests if isinstance(each.condition, Test)],
    }


def _test(traced: Traced, test: Test, words: Words) -> Mapping[str, Any]:
    seen = words.value(test, traced.value)
    return {"field": test.field, "asked": words.asked(test), "seen": seen, "held": traced.held}

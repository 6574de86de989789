"""A partition of a history folded again."""

from collections import Counter

import orjson
import pytest

from engine.errors import UsageError
from engine.history.history import Span
from engine.pipeline.partition import TopicRecord
from engine.replay.deriving import Derivation
from engine.replay.rules_of import RulesOf
from tests.support.recorded import Remembered, remember
from tests.support.shop import grocer, shop


def test_what_is_derived_again_is_what_was_published_and_what_was_left() -> None:
    history = remember(grocer(), shop())
    kinds: Counter[str] = Counter()
    for number in range(history.partitions):
        derivation = Derivation(history, number, RulesOf(history.rulesets))
        written = [record for _, folded in derivation.batches() for record in folded.outgoing]
        topics = {topic for topic, at in history.outcomes if at == number}
        assert {record.topic for record in written} == topics | {"journal"}
        for topic in topics:
            recorded = [
                TopicRecord(each.topic, each.partition, each.key, each.value)
                for each in history.outcomes[topic, number]
            ]
            assert [each for each in written if each.topic == topic] == recorded
            kinds.update(orjson.loads(each.value)["type"] for each in recorded)
        assert list(derivation.rows()) == history.snapshot_rows["end", number]
    assert {"points.awarded", "points.reversed", "points.spent", "decision.recorded"} <= kinds.keys()


def test_deriving_up_to_a_record_and_on_is_deriving_all() -> None:
    history = remember(grocer(), shop(days=10), partitions=1)
    whole = Derivation(history, 0, RulesOf(history.rulesets))
    whole.to(history.spans[0].end)
    parts = Derivation(history, 0, RulesOf(history.rulesets))
    for end in range(1, history.spans[0].end + 3, 3):
        parts.to(min(end, history.spans[0].end))
    assert list(parts.rows()) == list(whole.rows())


def test_a_history_that_begins_late_needs_a_snapshot() -> None:
    class Late(Remembered):
        @property
        def spans(self) -> dict[int, Span]:
            return {0: Span(5, 6, 6, 6)}

    history = Late(1, {}, {0: []})
    with pytest.raises(UsageError, match="from offset 5 on"):
        Derivation(history, 0, RulesOf({}))

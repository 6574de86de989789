"""Every outcome that a random history causes is one of the contract, on its topic."""

import orjson
import pytest

from engine.ruleset.model import AwardPoints
from schemas.registry import output_of
from tests.support.histories import conversations, history
from tests.support.journals import START, Log
from tests.support.programme import campaign, rules, ruleset

DAY_MS = 24 * 60 * 60 * 1000


@pytest.mark.parametrize("seed", [7, 2026])
def test_outcomes_of_a_history_fit_their_models(seed: int) -> None:
    print(f"seed {seed}")
    later = campaign("later", AwardPoints(50, "points"), state="shadow")
    log = Log(rules(ruleset(later)))
    log.feed(*history(seed), *conversations(seed))
    log.tick(START + 800 * DAY_MS)
    seen: set[str] = set()
    for topic, records in log.topics.items():
        for _, _, value in records:
            event = orjson.loads(value)
            entry = output_of(event["type"])
            assert entry.topic == topic
            entry.model.model_validate(event["data"])
            seen.add(event["type"])
    assert {"points.awarded", "tier.joined", "notification.requested", "decision.recorded"} <= seen

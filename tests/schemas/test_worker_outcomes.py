"""Every outcome that a random history causes is one of the contract, on its topic."""

import orjson
import pytest

from engine.ruleset.effects import (
    AddTag,
    AwardPoints,
    Emit,
    Fixed,
    IssueVoucher,
    Rate,
    RemoveTag,
    SetAttribute,
    SetTier,
)
from engine.ruleset.limits import Limit, Window
from engine.ruleset.model import Ruleset
from schemas.registry import output_of
from tests.support.histories import conversations, history
from tests.support.journals import START, Log
from tests.support.programme import campaign, rules, ruleset

DAY_MS = 24 * 60 * 60 * 1000


USUAL = {
    "points.awarded",
    "points.expired",
    "tier.joined",
    "tier.progress_changed",
    "notification.requested",
    "decision.recorded",
}


MONTHLY = Limit("points", 20, "member", Window("this", unit="month"), "clamp")
RICH = (
    campaign("limited", AwardPoints(Rate(1, 100), "points"), limits=(MONTHLY,)),
    campaign("carries", AwardPoints(Fixed(5), "points", to="referrer"), IssueVoucher("v"), SetTier("status", "gold")),
    campaign("tells", AddTag("a"), RemoveTag("b"), SetAttribute("city", "Lowell"), Emit("hello", {"n": 1})),
)


@pytest.mark.parametrize(
    ("seed", "made", "expected"),
    [
        (7, ruleset(), USUAL),
        (2026, ruleset(), USUAL),
        (7, ruleset(*RICH), {"decision.recorded", "member.tagged", "member.attribute_set", "custom.hello"}),
        (7, ruleset(campaign("later", AwardPoints(Fixed(50), "points"), state="shadow")), {"decision.recorded"}),
    ],
)
def test_outcomes_of_a_history_fit_their_models(seed: int, made: Ruleset, expected: set[str]) -> None:
    print(f"seed {seed}")
    log = Log(rules(made))
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
    assert expected <= seen

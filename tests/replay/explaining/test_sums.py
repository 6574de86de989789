"""Whatever is asked of a grocer's year: what is told of points adds up, forwards and backwards."""

import random

import orjson

from engine.replay.explaining import model
from tests.support.explained import explained
from tests.support.recorded import remember
from tests.support.shop import START, grocer, shop

_SIGNS = {"points.reversed": 1, "points.spent": 1, "points.expired": 1, "points.restored": -1}
SEED = 11
MANY = {"points.awarded": 25, "points.spent": 10}


def test_what_became_of_points_and_what_they_were_taken_from_adds_up() -> None:
    print(f"seed {SEED}")
    history = remember(grocer(), shop(SEED, members=4, days=30), until_ms=START + 500 * 86_400_000)
    events = [orjson.loads(each.value) for key in sorted(history.outcomes) for each in history.outcomes[key]]
    ids: dict[str, list[str]] = {}
    for event in events:
        ids.setdefault(event["type"], []).append(event["id"])
        if event["type"] == "decision.recorded":
            ids.setdefault("inputs", []).append(event["data"]["input"]["id"])
    chosen = random.Random(SEED)
    asked = [each for kind in sorted(ids) for each in chosen.sample(ids[kind], min(MANY.get(kind, 3), len(ids[kind])))]
    kinds: set[str] = set()
    for each in asked:
        found = explained(history, each)
        assert found.steps
        assert not [note for note in found.notes if "same input" not in note]
        for fate in found.fates:
            kinds |= {change.type for change in fate.changes}
            assert _gone(fate) + fate.left + fate.paid_deficit == fate.points, each
        for taken in found.backwards:
            kinds.add(f"from {taken.type}")
            assert sum(lot.points for lot in taken.lots) == taken.points, each
            assert all(lot.origin is not None for lot in taken.lots), each
        if found.outcome is not None:
            assert [told.id for step in found.steps for told in step.outcomes if told.asked] == [each]
    assert {"points.reversed", "points.spent", "points.expired", "from points.spent", "from points.expired"} <= kinds


def _gone(fate: model.Fate) -> int:
    assert all(change.points is not None for change in fate.changes)
    return sum(_SIGNS.get(change.type, 0) * (change.points or 0) for change in fate.changes)

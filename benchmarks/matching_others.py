"""The mix in the words of other engines: zen-engine's decision table, and durable-rules used as its documentation shows.

`python -m benchmarks.matching_others CAMPAIGNS EVENTS SEED` is the latter, in a process of its own that may hang: it prints the JSON of
an `Answer`.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from benchmarks.matching_mix import Basket, Offer, baskets, offers
from benchmarks.timing import median_us

Hits = list[list[str]]  # names of campaigns, sorted, by event

_FIELDS = ("store", "city", "tier", "channel", "points", "clock", "skus", "categories", "prices")


class Answer(NamedTuple):
    """What an engine found, and in how much time."""

    us: float
    hits: Hits


def zen(made: Sequence[Offer], events: Sequence[Basket], rounds: int) -> Answer | str:
    """A decision table with the hit policy collect: a row a campaign, a column a field; or why it was not measured."""
    try:
        import zen as zen_engine  # noqa: PLC0415 - only the benchmark needs it
    except ImportError:
        return "zen-engine is not installed: pip install '.[dev]'"
    decision = zen_engine.ZenEngine().create_decision(json.dumps(_graph(made)))
    inputs = [_input(event) for event in events]

    def found() -> Hits:
        return [sorted(row["campaign"] for row in decision.evaluate(each)["result"]) for each in inputs]

    hits = found()
    return Answer(median_us(lambda: [decision.evaluate(each) for each in inputs], len(inputs), rounds), hits)


def documented(campaigns: int, events: int, seed: int, limit_s: float) -> Answer | str:
    """durable-rules with `when_all`, its host and `assert_fact`; or why there is no figure."""
    command = [sys.executable, "-m", "benchmarks.matching_others", *map(str, (campaigns, events, seed))]
    try:
        ended = subprocess.run(command, capture_output=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return f"did not end within {limit_s:.0f} s"
    if ended.returncode:
        lines = ended.stderr.decode(errors="replace").strip().splitlines()
        return f"ended with {ended.returncode}: {lines[-1] if lines else ''}"
    return Answer(**json.loads(ended.stdout))


def _input(basket: Basket) -> dict[str, Any]:
    return {
        **{name: getattr(basket, name) for name in _FIELDS[:6]},
        "skus": [sku for sku, _, _ in basket.lines],
        "categories": [category for _, category, _ in basket.lines],
        "prices": [price for _, _, price in basket.lines],
    }


def _graph(made: Sequence[Offer]) -> dict[str, Any]:
    at = {"position": {"x": 0, "y": 0}}
    table = {
        "hitPolicy": "collect",
        "inputs": [{"id": name, "name": name, "field": name} for name in _FIELDS],
        "outputs": [{"id": "campaign", "name": "campaign", "field": "campaign"}],
        "rules": [_row(offer) for offer in made],
    }
    return {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in", **at},
            {"id": "table", "type": "decisionTableNode", "name": "table", "content": table, **at},
            {"id": "out", "type": "outputNode", "name": "out", **at},
        ],
        "edges": [
            {"id": "1", "sourceId": "in", "targetId": "table", "type": "edge"},
            {"id": "2", "sourceId": "table", "targetId": "out", "type": "edge"},
        ],
    }


def _row(offer: Offer) -> dict[str, str]:
    row = dict.fromkeys(_FIELDS, "") | {"_id": offer.name, "campaign": f'"{offer.name}"'}
    row |= {name: f'"{value}"' for name in _FIELDS[:4] if (value := getattr(offer, name))}
    row |= {name: f'some($, # == "{value}")' for name, value in _lists(offer) if value}
    if offer.points_from >= 0:
        row["points"] = f">= {offer.points_from}"
    if offer.clock is not None:
        row["clock"] = f"[{offer.clock[0]}..{offer.clock[1]})"
    if offer.price is not None:
        row["prices"] = f"some($, # >= {offer.price[0]} and # < {offer.price[1]})"
    return row


def _lists(offer: Offer) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("skus", offer.sku), ("categories", offer.category)


def _documented(made: Sequence[Offer], events: Sequence[Basket]) -> Answer:
    from durable.engine import MessageNotHandledException  # noqa: PLC0415 - only this child needs it
    from durable.lang import assert_fact, retract_fact, ruleset, when_all  # noqa: PLC0415

    found: list[str] = []
    with ruleset("mix"):
        for offer in made:
            when_all(_expression(offer))(_action(found, offer.name))
    facts = [{"sid": "0", **_fact(event)} for event in events]
    numbers = iter(range(1, 1 << 60))

    def run() -> Hits:
        hits = []
        for fact in facts:
            found.clear()
            known = {"id": str(next(numbers)), **fact}
            try:
                assert_fact("mix", known)
                retract_fact("mix", known)
            except MessageNotHandledException:
                pass  # no campaign holds
            hits.append(sorted(found))
        return hits

    hits = run()
    return Answer(median_us(run, len(facts), 3), hits)


def _action(found: list[str], name: str) -> Callable[[Any], None]:
    def act(_: Any) -> None:  # noqa: ANN401 - durable-rules has no types
        found.append(name)

    return act


def _fact(basket: Basket) -> dict[str, Any]:
    lines = [{"sku": sku, "category": category, "price": price} for sku, category, price in basket.lines]
    return {name: getattr(basket, name) for name in _FIELDS[:6]} | {"lines": lines}


def _expression(offer: Offer) -> Any:  # noqa: ANN401 - durable-rules has no types
    from durable.lang import item, m  # noqa: PLC0415

    parts = [getattr(m, name) == value for name in _FIELDS[:4] if (value := getattr(offer, name))]
    if offer.points_from >= 0:
        parts.append(m.points >= offer.points_from)
    if offer.clock is not None:
        parts += [m.clock >= offer.clock[0], m.clock < offer.clock[1]]
    if offer.sku:
        parts.append(m.lines.anyItem(item.sku == offer.sku))
    if offer.category:
        parts.append(m.lines.anyItem(item.category == offer.category))
    if offer.price is not None:
        parts.append(m.lines.anyItem((item.price >= offer.price[0]) & (item.price < offer.price[1])))
    whole = parts[0]
    for part in parts[1:]:
        whole = whole & part
    return whole


if __name__ == "__main__":
    size, count, seed = map(int, sys.argv[1:])
    print(json.dumps(_documented(offers(size, seed), baskets(size, count, seed))._asdict()))

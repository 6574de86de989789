"""Why one event was decided as it was: the events before it simulated, then every campaign's conditions as they were asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from engine.errors import UsageError
from engine.match.plain import PlainMatcher
from engine.match.trace import Trace, trace
from engine.match.watching import Watching
from engine.pipeline.partition import Partition, TopicRecord
from engine.replay.lines import Line, event_time_ms
from engine.replay.simulate import Simulation
from engine.ruleset.matching import Facts
from engine.ruleset.model import Ruleset
from engine.trying.observed import Observed, observed

_ID_HEADER = "ce_id"  # of the binary mode


@dataclass(frozen=True, slots=True)
class Explained:
    """A campaign that runs on this type of event. `candidate`: the index did not rule it out.

    `verdict`: `fired`, `shadow`, or the reason against it: a condition, `excluded_by_group`, `member_limit_reached`.
    """

    trace: Trace
    candidate: bool
    verdict: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """An event and all that was decided about it. `decision` is its `decision.recorded`; `facts` are None where it was refused."""

    event_id: str
    decision: Mapping[str, Any]
    facts: Facts | None
    campaigns: tuple[Explained, ...]
    other_campaigns: int  # on other types of events, paused, or outside their days
    seen: Observed


def explain(event_id: str, lines: Iterable[Line], ruleset: Ruleset, secret: bytes) -> Explanation:
    """Simulates the lines up to the event, or on to where it is decided. Raises UsageError where it is not among them or waits."""
    matcher = Watching(PlainMatcher(ruleset))
    sink = _Listening()
    simulation = Simulation(ruleset, secret, sink, matcher=matcher)
    time_ms: int | None = None
    for line in lines:
        if time_ms is None and _id_of(line) == event_id:
            time_ms = event_time_ms(line)
            sink.listening = True
            if time_ms is None:
                raise UsageError(f"the event {event_id} has no time that can be read")
        matcher.asked.clear()
        simulation.take(line)
        if time_ms is not None:
            found = _decided(event_id, sink.taken(), matcher, ruleset, time_ms)
            if found is not None:
                return found
    if time_ms is None:
        raise UsageError(f"no event has the id {event_id}")
    raise UsageError(f"the event {event_id} is not decided by these events: it waits for its member")


class _Listening:
    """Where the simulation writes; keeps nothing before the event."""

    def __init__(self) -> None:
        self.listening = False
        self._outcomes: list[Mapping[str, Any]] = []

    def take(self, record: TopicRecord) -> None:
        if self.listening:
            self._outcomes.append(orjson.loads(record.value))

    def write(self, line: Line) -> None:
        """Drops the journal."""

    def finish(self, partitions: list[Partition], run: dict[str, Any]) -> dict[str, Any]:
        del partitions
        return run

    def taken(self) -> list[Mapping[str, Any]]:
        found, self._outcomes = self._outcomes, []
        return found


def _decided(
    event_id: str, outcomes: list[Mapping[str, Any]], matcher: Watching, ruleset: Ruleset, time_ms: int
) -> Explanation | None:
    own = [each for each in outcomes if each.get("causationid") == event_id or each["type"] == "record.rejected"]
    seen = observed(own, event_id)
    if seen.unreadable:
        raise UsageError(f"the event {event_id} is dead, intake cannot read it: {seen.unreadable}")
    decision = next((each for each in seen.decisions if each["input"]["id"] == event_id), None)
    if decision is None:
        return None
    on = decision["input"]["type"]
    facts = next((each for each in matcher.asked if each.on == on and each.time_ms == time_ms), None)
    campaigns = () if facts is None else tuple(_explained(facts, decision, matcher, ruleset))
    others = len(ruleset.campaigns) - len(campaigns)
    return Explanation(event_id, decision, facts, campaigns, others, seen)


def _explained(facts: Facts, decision: Mapping[str, Any], matcher: Watching, ruleset: Ruleset) -> Iterable[Explained]:
    candidates = {verdict.campaign.name for verdict in matcher.candidates(facts)}
    fired = set(decision["campaigns_fired"])
    reasons = {each["campaign"]: each["reason"] for each in decision["campaigns_refused"]}
    shadows = {each["campaign"] for each in decision.get("shadow", ())}
    for campaign in ruleset.campaigns:
        if campaign.on != facts.on:
            continue  # its conditions may ask for what such an event does not have, as the amounts of a return's lines
        traced = trace(campaign, facts, matcher)
        if not traced.running:
            continue
        name = campaign.name
        verdict = "fired" if name in fired else "shadow" if name in shadows else reasons.get(name, traced.reason)
        yield Explained(traced, name in candidates, verdict)


def _id_of(line: Line) -> str:
    for name, value in line.headers:
        if name == _ID_HEADER:
            return value.decode(errors="replace")
    try:
        event = orjson.loads(line.value or b"")
    except orjson.JSONDecodeError:
        return ""
    return str(event.get("id", "")) if isinstance(event, dict) else ""

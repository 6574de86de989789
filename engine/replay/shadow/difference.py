"""The running difference of a candidate in shadow, from decisions and awards as they were published.

Awards are compared as they are given, before returns. A partition's records must come by the place of the journal that they go
back to, awards before the decision of the same place; partitions may come in any order.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.core import keys
from engine.core.calendar import local_day
from engine.core.instants import parse
from engine.replay.shadow.comparing import Comparison, Pair

AWARDED = "points.awarded"
_MICRO = 1_000_000


class Place(NamedTuple):
    """A place of the journal."""

    partition: int
    offset: int


class First(NamedTuple):
    """The earliest event that the candidate decides otherwise; points by account."""

    time: str
    place: Place
    event_id: str
    source: str
    type: str
    member: str
    would: dict[str, int]
    gave: dict[str, int]
    reason: str  # why the candidate would not fire, "" where it would


@dataclass(slots=True)
class Both:
    """Points by account that the candidate would give, and that were given live."""

    would: Counter[str] = field(default_factory=Counter)
    gave: Counter[str] = field(default_factory=Counter)

    def add(self, would: Mapping[str, int], gave: Mapping[str, int]) -> None:
        """Adds the points of an event."""
        self.would.update(would)
        self.gave.update(gave)

    def net(self) -> dict[str, int]:
        """What the candidate would give more, by account; less is below zero."""
        return {account: self.would[account] - self.gave[account] for account in sorted({*self.would, *self.gave})}


@dataclass(slots=True)
class Compared:
    """One campaign. `would_events` and `gave_events`: the events that it would fire on, and that the live one fired on."""

    pair: Pair
    would_events: int = 0
    gave_events: int = 0
    points: Both = field(default_factory=Both)
    days: defaultdict[str, Both] = field(default_factory=lambda: defaultdict(Both))
    members: set[str] = field(default_factory=set)
    first: First | None = None


class Difference:
    """Adds up. `since`: by partition the place of the journal where the candidate was put in shadow; None where that is not known."""

    def __init__(self, comparison: Comparison, since: Mapping[int, int | None]) -> None:
        self.comparison = comparison
        self.since = since
        self.decisions = 0
        self.campaigns = tuple(Compared(pair) for pair in comparison.pairs)
        self.members: defaultdict[str, Both] = defaultdict(Both)
        self._live = {each.pair.live: each for each in self.campaigns if each.pair.live}
        self._open: dict[tuple[str, str], dict[str, Counter[str]]] = {}  # awards by subject and cause, then by campaign

    def award(self, event: Mapping[str, Any], place: Place) -> None:
        """Takes a record of the topic `points`."""
        data = event["data"]
        compared = self._live.get(data["campaign"]) if event["type"] == AWARDED else None
        if compared is None or not self._is_since(place):
            return
        points = {data["account"]: data["points"]}
        if not compared.pair.joined and event["rulesetdigest"] == self.comparison.ruleset:
            self._add(compared, data["member_id"], self._day(event["time"]), {}, points)
        elif compared.pair.joined:
            awards = self._open.setdefault((event["subject"], event["causationid"]), {})
            awards.setdefault(data["campaign"], Counter()).update(points)

    def decision(self, event: Mapping[str, Any], place: Place) -> None:
        """Takes a record of the topic `decisions`."""
        data = event["data"]
        if data["ruleset_digest"] != self.comparison.ruleset or not self._is_since(place):
            return
        self.decisions += data["status"] == "decided"
        cause = (event["subject"], event["causationid"])
        awards = self._open.get(cause, {})
        shadows = {each["campaign"]: each for each in data.get("shadow", ())}
        for compared in self.campaigns:
            fired = compared.pair.live in data["campaigns_fired"]
            gave: Mapping[str, int] = awards.pop(compared.pair.live, {}) if fired else {}
            shadow = shadows.get(compared.pair.shadow)
            would = shadow["points"] if shadow is not None and shadow["fired"] else None
            if fired or would is not None:
                self._compare(compared, event, place, would, gave if fired else None, shadow)
        if not awards:
            self._open.pop(cause, None)

    def _compare(
        self,
        compared: Compared,
        event: Mapping[str, Any],
        place: Place,
        would: Mapping[str, int] | None,
        gave: Mapping[str, int] | None,
        shadow: Mapping[str, Any] | None,
    ) -> None:
        """One event. None is for a campaign that did not fire, which is another thing than one that gave nothing."""
        member, put = keys.name_of(event["subject"]), event["data"]["input"]
        compared.would_events += would is not None
        compared.gave_events += gave is not None
        self._add(compared, member, self._day(put["time"]), would or {}, gave or {})
        if not compared.pair.joined:
            return
        would_points, gave_points = _some(would or {}), _some(gave or {})
        if (would is None) == (gave is None) and would_points == gave_points:
            return
        reason = shadow["reason"] if shadow is not None else ""
        first = First(
            put["time"], place, put["id"], put["source"], put["type"], member, would_points, gave_points, reason
        )
        if compared.first is None or first[:2] < compared.first[:2]:
            compared.first = first

    def _add(
        self, compared: Compared, member: str, day: str, would: Mapping[str, int], gave: Mapping[str, int]
    ) -> None:
        compared.members.add(member)
        compared.points.add(would, gave)
        compared.days[day].add(would, gave)
        if compared.pair.counts:
            self.members[member].add(would, gave)

    def _is_since(self, place: Place) -> bool:
        since = self.since.get(place.partition)
        return since is None or place.offset > since

    def _day(self, time: str) -> str:
        return local_day(parse(time), self.comparison.zone).isoformat()


def minor(points: Mapping[str, int], worths: Mapping[str, int]) -> int:
    """What points are worth together, to the nearest minor unit, halves up; accounts without a worth are left out."""
    exact = sum(amount * worths.get(account, 0) for account, amount in points.items())
    return (exact + _MICRO // 2) // _MICRO


def _some(points: Mapping[str, int]) -> dict[str, int]:
    return {account: amount for account, amount in sorted(points.items()) if amount}

"""What one world came to: counted from its outcomes as they come. Memory holds members, campaigns and days, no outcomes."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from engine.core import instants
from engine.core.calendar import Zone, local_day

REVERSED = "reversed"
AWARDED = "awarded"
_POINTS = "points."


@dataclass(slots=True)
class CampaignSums:
    """What one campaign gave in one account: how often, how many points, what returns took of them, to whom."""

    awards: int = 0
    points: int = 0
    reversed: int = 0
    members: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Refusals:
    """How often a holder of a shared limit refused, and when first: that is when it had run out."""

    times: int
    first_ms: int


class Totals:
    """One world's sums. Points given are those awarded less those that returns took back."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self.outcomes: Counter[str] = Counter()  # by type
        self.messages: Counter[str] = Counter()  # notifications, by trigger
        self.refused: Counter[str] = Counter()  # inputs, by reason
        self.points: Counter[tuple[str, str]] = Counter()  # by account and what happened
        self.campaigns: defaultdict[tuple[str, str], CampaignSums] = defaultdict(
            CampaignSums
        )  # by campaign and account
        self.days: Counter[tuple[str, str]] = Counter()  # points given, by account and local day
        self.members: defaultdict[str, Counter[str]] = defaultdict(Counter)  # points given, by account, then member
        self.refusals: dict[tuple[str, str, str], Refusals] = {}  # by holder, campaign and reason

    def take(self, outcome: Mapping[str, Any]) -> None:
        """Counts an outcome."""
        if outcome["mode"] != "live":
            return
        kind, data = outcome["type"], outcome["data"]
        self.outcomes[kind] += 1
        if kind.startswith(_POINTS) and "points" in data:
            self._take_points(kind.removeprefix(_POINTS), outcome["time"], data)
        elif kind == "notification.requested":
            self.messages[data["trigger"]] += 1
        elif kind == "decision.recorded" and data["status"].startswith("refused: "):
            self.refused[data["status"].removeprefix("refused: ")] += 1

    def take_refusal(self, holder: str, campaign: str, reason: str, at_ms: int) -> None:
        """Counts that a shared limit had no room."""
        found = self.refusals.setdefault((holder, campaign, reason), Refusals(0, at_ms))
        found.times += 1
        found.first_ms = min(found.first_ms, at_ms)

    def _take_points(self, what: str, time: str, data: Mapping[str, Any]) -> None:
        account, points = data["account"], data["points"]
        self.points[account, what] += points
        if what == AWARDED:
            sums = self.campaigns[data["campaign"] or "", account]
            sums.awards += 1
            sums.points += points
            sums.members.add(data["member_id"])
        elif what == REVERSED:
            self.campaigns[data["campaign"] or "", account].reversed += points
            points = -points
        else:
            return
        self.days[account, _day(time, self._zone)] += points
        self.members[account][data["member_id"]] += points


@lru_cache(maxsize=4096)
def _day(time: str, zone: Zone) -> str:
    return local_day(instants.parse(time), zone).isoformat()

"""What a run came to: counted from the records of the outcome topics, alike for a live run and a simulated one."""

from collections import Counter
from typing import Any

import orjson

REFUSED = "refused: "
QUARANTINED = "quarantined"  # dead, and decided as refused as well
TOPICS = ("decisions", "points", "tier-changes", "notifications", "dead-letters")  # those that are counted by content


class Tally:
    """Counts outcomes as they come; a member's tier is the one of the last record about it."""

    def __init__(self) -> None:
        self.decisions: Counter[str] = Counter()  # by type of the input
        self.refused: Counter[str] = Counter()  # by reason
        self.points: Counter[str] = Counter()  # by `<account> <what happened>`, the points themselves
        self.notifications: Counter[str] = Counter()  # by trigger
        self.dead_letters: Counter[str] = Counter()  # by code
        self.outcomes: Counter[str] = Counter()  # by type, how many
        self._tiers: dict[tuple[str, str], str] = {}

    def take(self, topic: str, value: bytes | None) -> None:
        """Counts one record of a topic (name without prefix)."""
        if value is None:
            return
        event = orjson.loads(value)
        self.outcomes[event["type"]] += 1
        data = event["data"]
        match topic:
            case "decisions":
                self._take_decision(event, data)
            case "points" if "points" in data:
                self.points[f"{data['account']} {event['type'].removeprefix('points.')}"] += data["points"]
            case "tier-changes":
                self._tiers[data["ladder"], data["member_id"]] = data["tier_after"]
            case "notifications":
                self.notifications[data["trigger"]] += 1
            case "dead-letters":
                self.dead_letters[data["code"]] += 1

    def add(self, other: "Tally") -> None:
        """Adds what another part of the same run came to, which is about other members."""
        self.decisions += other.decisions
        self.refused += other.refused
        self.points += other.points
        self.notifications += other.notifications
        self.dead_letters += other.dead_letters
        self.outcomes += other.outcomes
        self._tiers |= other._tiers  # noqa: SLF001 - another of the same kind

    @property
    def settled(self) -> int:
        """Inputs that were decided, refused or found dead."""
        return self.decisions.total() + self.dead_letters.total() - self.dead_letters[QUARANTINED]

    @property
    def tiers(self) -> dict[str, dict[str, int]]:
        """Members by ladder and tier."""
        counts: dict[str, Counter[str]] = {}
        for (ladder, _), tier in self._tiers.items():
            counts.setdefault(ladder, Counter())[tier] += 1
        return {ladder: _sorted(tiers) for ladder, tiers in sorted(counts.items())}

    def values(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "events": self.decisions.total(),
            "events_by_type": _sorted(self.decisions),
            "points": _sorted(self.points),
            "members_by_tier": self.tiers,
            "notifications": _sorted(self.notifications),
            "refused": _sorted(self.refused),
            "dead_letters": _sorted(self.dead_letters),
            "outcomes": _sorted(self.outcomes),
        }

    def _take_decision(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        if event.get("mode") == "shadow":
            return
        self.decisions[data["input"]["type"]] += 1
        if data["status"].startswith(REFUSED):
            self.refused[data["status"].removeprefix(REFUSED)] += 1


def _sorted(counts: Counter[str]) -> dict[str, int]:
    """The most first, then by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

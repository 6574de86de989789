"""The difference as values: by campaign, day and member, and for the whole programme."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.replay.shadow.difference import Both, Compared, Difference, First, minor

MOST = 5  # members who would gain or lose most


def values(difference: Difference) -> dict[str, Any]:
    """All of it as JSON, the same whatever order the partitions came in."""
    comparison = difference.comparison
    return {
        "candidate": comparison.candidate,
        "in_force": comparison.in_force,
        "ruleset": comparison.ruleset,
        "currency": comparison.currency,
        "since": {str(number): offset for number, offset in sorted(difference.since.items())},
        "decisions": difference.decisions,
        "campaigns": [_campaign(each, comparison.worths) for each in difference.campaigns],
        "net": _both(net(difference), comparison.worths),
        "days": [
            {"day": day, **_both(both, comparison.worths)} for day, both in sorted(_days(difference.campaigns).items())
        ],
        "members_who_gain": _members(difference, sign=1),
        "members_who_lose": _members(difference, sign=-1),
        "first": first(difference),
    }


def net(difference: Difference) -> Both:
    """All campaigns that would give something once promoted."""
    whole = Both()
    for each in difference.campaigns:
        if each.pair.counts:
            whole.add(each.points.would, each.points.gave)
    return whole


def first(difference: Difference) -> dict[str, Any] | None:
    """The earliest event that any campaign decides otherwise."""
    found = [(each.first, each) for each in difference.campaigns if each.first is not None]
    if not found:
        return None
    earliest, compared = min(found, key=lambda item: (item[0][:2], item[1].pair.name))
    return {"campaign": compared.pair.name, **_first(earliest)}


def ranked(difference: Difference, *, sign: int) -> list[tuple[str, Both]]:
    """Members by what they would gain (1) or lose (-1): by worth, where accounts have one, then by points, then by name."""
    worths = difference.comparison.worths

    def gain(both: Both) -> tuple[int, int]:
        of_member = both.net()
        worth = sum(amount * worths.get(account, 0) for account, amount in of_member.items())
        return sign * worth, sign * sum(of_member.values())

    those = [(gain(both), member, both) for member, both in difference.members.items()]
    some = sorted((each for each in those if each[0] > (0, 0)), key=lambda each: (-each[0][0], -each[0][1], each[1]))
    return [(member, both) for _, member, both in some]


def _campaign(compared: Compared, worths: Mapping[str, int]) -> dict[str, Any]:
    return {
        "campaign": compared.pair.name,
        "kind": compared.pair.kind,
        "counts": compared.pair.counts,
        "unknown": list(compared.pair.unknown),
        "would_fire_on": compared.would_events,
        "fired_on": compared.gave_events,
        "members": len(compared.members),
        **_both(compared.points, worths),
        "days": [{"day": day, **_both(both, worths)} for day, both in sorted(compared.days.items())],
        "first": None if compared.first is None else _first(compared.first),
    }


def _both(both: Both, worths: Mapping[str, int]) -> dict[str, Any]:
    return {
        "would_give": dict(sorted(both.would.items())),
        "gave": dict(sorted(both.gave.items())),
        "difference": both.net(),
        "would_give_minor": minor(both.would, worths),
        "gave_minor": minor(both.gave, worths),
    }


def _days(campaigns: Sequence[Compared]) -> dict[str, Both]:
    days: dict[str, Both] = {}
    for each in campaigns:
        if each.pair.counts:
            for day, both in each.days.items():
                days.setdefault(day, Both()).add(both.would, both.gave)
    return days


def _members(difference: Difference, *, sign: int) -> dict[str, Any]:
    found = ranked(difference, sign=sign)
    most = [{"member": member, "difference": both.net()} for member, both in found[:MOST]]
    return {"members": len(found), "most": most}


def _first(found: First) -> dict[str, Any]:
    return {**found._asdict(), "place": f"{found.place.partition}:{found.place.offset}"}

"""How the rows of a partition stand in the end: members, their tiers and books, what is owed when, what limits gave out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from engine.core import keys
from engine.core.calendar import Zone, local_day
from engine.pipeline.records import StateRecord
from engine.replay.liability.counting import AccountSums, Counting
from engine.ruleset.model import Ruleset

_HOLDERS = ("campaign:", "outlet:")
_SERIES = "all"

LimitUse = tuple[str, str, str, str]  # holder, campaign, limit, the local day its period begins ("" where it slides)


@dataclass(slots=True)
class Place:
    """A member in the end: books by account, tiers by ladder."""

    books: dict[str, dict[str, int]] = field(default_factory=dict)
    tiers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Standing:
    """Partitions in the end; `limits` holds the uses of limits that members share."""

    members: dict[str, Place] = field(default_factory=dict)
    accounts: dict[str, AccountSums] = field(default_factory=dict)
    limits: Counter[LimitUse] = field(default_factory=Counter)

    def add(self, other: "Standing") -> None:
        """Adds another partition."""
        self.members.update(other.members)
        self.limits.update(other.limits)
        for name, sums in other.accounts.items():
            self.accounts.setdefault(name, AccountSums()).add(sums)


def standing_of(rows: Mapping[str, bytes], ruleset: Ruleset) -> Standing:
    """The standing of one partition. Raises BooksDiffer where a member's lots are not what their books say."""
    found = Standing()
    counting = Counting()
    counting.take(StateRecord(key.encode(), value, None) for key, value in rows.items())
    found.accounts = counting.sums(ruleset).accounts
    for key, value in rows.items():
        if key.startswith("member:") and "/" not in key:
            row = orjson.loads(value)
            if "alias_of" not in row:
                books = {name: account["books"] for name, account in row["accounts"].items()}
                tiers = {name: ladder["tier"] for name, ladder in row["ladders"].items()}
                found.members[row["member_id"]] = Place(books, tiers)
        elif key.startswith(_HOLDERS) and keys.collection_of(key) == "uses":
            _count_uses(found.limits, key, orjson.loads(value), ruleset.programme.zone)
    return found


def _count_uses(limits: Counter[LimitUse], key: str, row: Mapping[str, object], zone: Zone) -> None:
    """Uses of calendar periods stand in one row of a campaign, those of windows that slide in the months of a series."""
    holder, _, owner, *rest = key.split("/")
    campaign = keys.unescaped(owner).removeprefix("campaign:")
    match row:
        case {"used": dict(used)}:
            for limit, periods in used.items():
                for start, amount in periods.items():
                    limits[holder, campaign, limit, _day(start, zone)] += amount
        case {"months": dict(months)} if rest[-1] == _SERIES:
            limits[holder, campaign, keys.unescaped(rest[0]), ""] += sum(months.values())


def _day(start: str, zone: Zone) -> str:
    if not start.lstrip("-").isdigit():
        return ""
    return local_day(int(start), zone).isoformat() if int(start) > 0 else ""

"""The answer as rows of plain values: by campaign, account, day, member, tier, month of expiry, shared limit."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.core import instants, keys
from engine.core.ledger import balance_of
from engine.decide.campaigns.limiting import limit_name
from engine.replay.whatif.asking import Answer
from engine.replay.whatif.money import Worth
from engine.replay.whatif.standing import LimitUse, Place
from engine.replay.whatif.totals import REVERSED, CampaignSums, Totals
from engine.ruleset.model import Ruleset

Row = dict[str, Any]

_HAPPENED = ("awarded", REVERSED, "spent", "restored", "expired", "adjusted")
_BUCKETS = ("available", "pending", "held", "deficit")
_NOWHERE = Place()


class Tables:
    """The rows of an answer, every list in an order of its own that the answer alone decides."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._recorded, self._other = answer.differences.recorded, answer.differences.other
        self._before, self._after = answer.before, answer.question.rules
        self._worth_before, self._worth_after = Worth(self._before), Worth(self._after)
        self.spendable = tuple(dict.fromkeys((*self._worth_after.spendable, *self._worth_before.spendable)))

    # -- what was given

    def campaigns(self) -> list[Row]:
        """Campaigns by what they gave, the largest difference first."""
        old = {each.name: each for each in self._before.campaigns}
        new = {each.name: each for each in self._after.campaigns}
        found: list[Row] = []
        for name, account in sorted(self._recorded.campaigns.keys() | self._other.campaigns.keys()):
            recorded, other = (
                each.campaigns.get((name, account), CampaignSums()) for each in (self._recorded, self._other)
            )
            given = (recorded.points - recorded.reversed, other.points - other.reversed)
            known = new.get(name) or old.get(name)
            found.append(
                {
                    "campaign": name,
                    "title": known.title if known is not None else "",
                    "account": account,
                    "change": _change_of(name, old, new),
                    **_both("awards", recorded.awards, other.awards),
                    **_both("points", *given),
                    **self._money(account, *given),
                    **_both("returned", recorded.reversed, other.reversed),
                    **_both("members", len(recorded.members), len(other.members)),
                }
            )
        return sorted(found, key=lambda row: (-abs(row["points_difference"]), row["campaign"], row["account"]))

    def accounts(self) -> list[Row]:
        """Accounts by what happened in them, and how they stand in the end."""
        names = {account for account, _ in (*self._recorded.points, *self._other.points)}
        names |= self._answer.recorded.accounts.keys() | self._answer.other.accounts.keys()
        return [self._account(name) for name in sorted(names)]

    def days(self) -> list[Row]:
        """Points given on each local day, by account; days without any are left out."""
        return [
            {
                "day": day,
                "account": account,
                **_both("points", self._recorded.days[account, day], self._other.days[account, day]),
            }
            for day, account in sorted({(day, account) for account, day in (*self._recorded.days, *self._other.days)})
        ]

    def outcomes(self) -> list[Row]:
        """How many outcomes of each type there are, and how many of both worlds differ."""
        changed = self._answer.differences.changed
        kinds = sorted(self._recorded.outcomes.keys() | self._other.outcomes.keys())
        return [
            {
                "type": kind,
                **_both("times", self._recorded.outcomes[kind], self._other.outcomes[kind]),
                "changed": changed[kind],
            }
            for kind in kinds
        ]

    def messages(self) -> list[Row]:
        """How often each message to members is requested."""
        triggers = sorted(self._recorded.messages.keys() | self._other.messages.keys())
        return [
            {"message": name, **_both("times", self._recorded.messages[name], self._other.messages[name])}
            for name in triggers
        ]

    def refused(self) -> list[Row]:
        """How many inputs are refused, by reason."""
        reasons = sorted(self._recorded.refused.keys() | self._other.refused.keys())
        return [
            {"reason": name, **_both("times", self._recorded.refused[name], self._other.refused[name])}
            for name in reasons
        ]

    # -- members

    def members(self) -> Iterator[Row]:
        """Every member by id: points given in spendable accounts, their balance in the end, tiers."""
        recorded, other = self._answer.recorded.members, self._answer.other.members
        given = [totals.members for totals in (self._recorded, self._other)]
        known = set(recorded) | set(other)
        for each in given:
            for account in self.spendable:
                known |= each[account].keys() if account in each else set()
        ladders = sorted({name for place in (*recorded.values(), *other.values()) for name in place.tiers})
        for member in sorted(known):
            before, after = recorded.get(member, _NOWHERE), other.get(member, _NOWHERE)
            row: Row = {
                "member_id": member,
                **_both("points", *(self._sum(each, member) for each in given)),
                **_both("balance", self._balance(before), self._balance(after)),
            }
            for ladder in ladders:
                row[f"{ladder}_recorded"] = before.tiers.get(ladder)
                row[f"{ladder}_new"] = after.tiers.get(ladder)
            yield row

    def tiers(self) -> list[Row]:
        """By ladder: how many members have each tier in the end, and how many moved from which to which."""
        moves: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        recorded, other = self._answer.recorded.members, self._answer.other.members
        for member in recorded.keys() | other.keys():
            before, after = recorded.get(member, _NOWHERE).tiers, other.get(member, _NOWHERE).tiers
            for ladder in before.keys() | after.keys():
                moves[ladder][before.get(ladder, ""), after.get(ladder, "")] += 1
        return [self._ladder(ladder, moves[ladder]) for ladder in sorted(moves)]

    # -- what is owed, and what limits gave out

    def liability(self) -> list[Row]:
        """Points outstanding in the end by account and the month whose end they do not outlive; `month` of None: without end."""
        found: list[Row] = []
        recorded, other = self._answer.recorded.accounts, self._answer.other.accounts
        for account in sorted(recorded.keys() | other.keys()):
            sums = [each.get(account) for each in (recorded, other)]
            months = {month for each in sums if each is not None for month in (*each.available, *each.held)}
            for month in sorted(months, key=lambda each: (each is None, each or "")):
                points = [0 if each is None else each.available[month] + each.held[month] for each in sums]
                found.append(
                    {"account": account, "month": month, **_both("points", *points), **self._money(account, *points)}
                )
        return found

    def limits(self) -> list[Row]:
        """Uses of limits that members share, in the end, of all that are kept; a campaign's amounts as both rules have them."""
        recorded, other = self._answer.recorded.limits, self._answer.other.limits
        old, new = _amounts(self._before), _amounts(self._after)
        found: list[Row] = []
        for use in sorted(recorded.keys() | other.keys()):
            holder, campaign, limit, period = use
            found.append(
                {
                    "holder": holder,
                    "campaign": campaign,
                    "limit": limit,
                    "period_from": period or None,
                    "amount_recorded": old.get(_limit(use)),
                    "amount_new": new.get(_limit(use)),
                    **_both("used", recorded[use], other[use]),
                }
            )
        return found

    def refusals(self) -> list[Row]:
        """How often shared limits had no room, and since when."""
        found: list[Row] = []
        for holder, campaign, reason in sorted(self._recorded.refusals.keys() | self._other.refusals.keys()):
            row: Row = {"holder": holder, "campaign": campaign, "reason": reason}
            for name, totals in (("recorded", self._recorded), ("new", self._other)):
                refusals = totals.refusals.get((holder, campaign, reason))
                row[f"times_{name}"] = 0 if refusals is None else refusals.times
                row[f"first_{name}"] = None if refusals is None else instants.render(refusals.first_ms)
            found.append(row)
        return found

    def given(self) -> tuple[int, int]:
        """Points given in spendable accounts, in both worlds."""
        return _given(self._recorded, self.spendable), _given(self._other, self.spendable)

    def money_given(self) -> tuple[int, int] | None:
        """What those are worth in minor units, each by its own rules; None where an account has no worth."""
        sums: list[int] = []
        for totals, worth in ((self._recorded, self._worth_before), (self._other, self._worth_after)):
            minor = [worth.of(name, _given(totals, (name,))) for name in self.spendable if _given(totals, (name,))]
            known = [each for each in minor if each is not None]
            if len(known) < len(minor):
                return None
            sums.append(sum(known))
        return sums[0], sums[1]

    def _account(self, name: str) -> Row:
        row: Row = {"account": name}
        for what in _HAPPENED:
            row.update(_both(what, self._recorded.points[name, what], self._other.points[name, what]))
        ends = [standing.accounts.get(name) for standing in (self._answer.recorded, self._answer.other)]
        for bucket in _BUCKETS:
            row.update(_both(bucket, *(0 if each is None else each.books[bucket] for each in ends)))
        owed = [0 if each is None else sum(each.books[bucket] for bucket in _BUCKETS[:3]) for each in ends]
        return {**row, **_both("outstanding", *owed), **self._money(name, *owed)}

    def _ladder(self, ladder: str, moves: Mapping[tuple[str, str], int]) -> Row:
        order = _tiers_of(ladder, self._after, self._before)
        place = {tier: at for at, tier in enumerate(order)}
        levels = sorted({tier for move in moves for tier in move}, key=lambda tier: (place.get(tier, -1), tier))
        counted = [
            {
                "tier": tier,
                "members_recorded": sum(count for (before, _), count in moves.items() if before == tier),
                "members_new": sum(count for (_, after), count in moves.items() if after == tier),
            }
            for tier in levels
        ]
        moved = [
            {"from": before, "to": after, "members": count}
            for (before, after), count in sorted(
                moves.items(), key=lambda each: [place.get(tier, -1) for tier in each[0]]
            )
        ]
        up = sum(count for (before, after), count in moves.items() if place.get(after, -1) > place.get(before, -1))
        down = sum(count for (before, after), count in moves.items() if place.get(after, -1) < place.get(before, -1))
        return {"ladder": ladder, "tiers": counted, "moves": moved, "higher": up, "lower": down}

    def _money(self, account: str, recorded: int, other: int) -> Row:
        before, after = self._worth_before.of(account, recorded), self._worth_after.of(account, other)
        known = before is not None and after is not None
        return {
            "minor_recorded": before,
            "minor_new": after,
            "minor_difference": (after or 0) - (before or 0) if known else None,
        }

    def _sum(self, given: Mapping[str, Mapping[str, int]], member: str) -> int:
        return sum(given[account].get(member, 0) for account in self.spendable if account in given)

    def _balance(self, place: Place) -> int:
        return sum(balance_of(place.books[account]) for account in self.spendable if account in place.books)


def _both(name: str, recorded: int, other: int) -> Row:
    return {f"{name}_recorded": recorded, f"{name}_new": other, f"{name}_difference": other - recorded}


def _change_of(name: str, old: Mapping[str, object], new: Mapping[str, object]) -> str:
    if name not in old and name not in new:
        return ""
    if name not in old:
        return "new"
    if name not in new:
        return "gone"
    return "" if old[name] == new[name] else "changed"


def _given(totals: Totals, accounts: Sequence[str]) -> int:
    return sum(totals.points[name, "awarded"] - totals.points[name, REVERSED] for name in accounts)


def _limit(use: LimitUse) -> tuple[str, str, str]:
    return keys.kind_of(use[0]), use[1], use[2]


def _amounts(rules: Ruleset) -> dict[tuple[str, str, str], int]:
    return {
        (limit.per, campaign.name, f"{limit_name(limit)} {limit.per}"): limit.amount
        for campaign in rules.campaigns
        for limit in campaign.limits
    }


def _tiers_of(ladder: str, *rules: Ruleset) -> list[str]:
    """The tiers of a ladder in ascending order: those of the first rules that have it, then others'."""
    found: dict[str, None] = {}
    for each in rules:
        for known in each.ladders:
            if known.name == ladder:
                found.update(dict.fromkeys(level.tier for level in known.levels))
    return list(found)

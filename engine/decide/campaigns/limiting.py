"""Limits of one member: how much room an event has, and taking it, in the period of the event's own time (B-13).

Limits of whole campaigns and outlets belong to subjects of their own (`engine.decide.campaigns.budget`). A referrer's are
those of a member.
"""

from collections.abc import Iterable, Sequence

from engine.core import keys
from engine.core.instants import DAY_MS
from engine.core.records import Event
from engine.core.windows import back
from engine.decide.campaigns.reckoning import Award
from engine.decide.counters.counting import span_of
from engine.decide.draft import Draft
from engine.decide.rows.base import KEEP_KEYS_MS, VERSION
from engine.decide.rows.limits import UsesRow
from engine.decide.rows.member import MemberRow
from engine.decide.rows.sale import UseRow
from engine.ruleset.limits import Limit
from engine.ruleset.model import TimeRules

_FEW_PERIODS = 8  # of a calendar window are kept in any case
_LONG_MS = 32 * DAY_MS  # longer than a month: late events find the period they belong to
_MICRO = 1_000_000


def within_limits(draft: Draft, event: Event, member: MemberRow, award: Award) -> tuple[int, list[UseRow]]:
    """What the member's limits of the campaign, its group and the account leave of an award; taken from each."""
    rules, campaign = draft.rules, award.campaign
    account = rules.accounts[award.effect.account]
    if not (campaign.limits or campaign.group or account.limits):
        return award.points, []
    owners: list[tuple[str, Sequence[Limit]]] = [(f"campaign:{campaign.name}", campaign.limits)]
    if campaign.group:
        owners.append((f"group:{campaign.group}", rules.groups[campaign.group].limits))
    owners.append((f"account:{account.name}", account.limits))
    limited = [Uses(draft, event, member, owner, limits) for owner, limits in owners if limits]
    return take_points(limited, award.points, account.worth_micro or 0)


def take_points(limited: Sequence["Uses"], points: int, worth_micro: int) -> tuple[int, list[UseRow]]:
    """What limits of points and budget leave of some points, taken from each of them."""
    for uses in limited:
        points = uses.clamped("points", points)
        cost = cost_of(points, worth_micro)
        left = uses.clamped("budget", cost)
        points = points if left == cost else points_worth(left, worth_micro)
    for uses in limited:
        uses.take("points", points)
        uses.take("budget", cost_of(points, worth_micro))
        uses.keep()
    return points, [use for uses in limited for use in uses.taken]


def cost_of(points: int, worth_micro: int) -> int:
    """What points take of a budget, in minor units; a point is worth so many millionths of one."""
    return points * worth_micro // _MICRO


def points_worth(cost: int, worth_micro: int) -> int:
    """How many points a budget of so many minor units pays."""
    return cost * _MICRO // worth_micro


class Uses:
    """What a member used of the limits of one owner (`campaign:x`, `group:y`, `account:z`, `referrer:x`). Written with `keep`."""

    def __init__(
        self, draft: Draft, event: Event, member: MemberRow, owner: str, limits: Sequence[Limit], per: str = "member"
    ) -> None:
        self._draft = draft
        self._event = event
        self._member = member
        self._owner = owner
        self._key = keys.row(draft.subject, "uses", owner)
        self._limits = [limit for limit in limits if limit.per == per]
        row: UsesRow | None = draft.get(self._key) if self._limits else None
        self._used = {name: dict(periods) for name, periods in row["used"].items()} if row else {}
        self._at = {name: list(uses) for name, uses in row["at"].items()} if row else {}
        self._changed = False
        self.taken: list[UseRow] = []  # what was taken of each limit, to be given back by a return (B-23)

    def exhausted(self) -> bool:
        """Whether a `times` limit has no room, or the last time is too near."""
        return any(
            self._too_near(limit) if limit.kind == "not_within" else self._room(limit) < 1
            for limit in self._limits
            if limit.kind in ("times", "not_within")
        )

    def clamped(self, kind: str, amount: int) -> int:
        """What is given of an amount of `points` or `budget`: what is left, or nothing where the limit refuses."""
        for limit in self._limits:
            if limit.kind == kind:
                room = self._room(limit)
                if amount > room:
                    amount = 0 if limit.over == "refuse" else room
        return amount

    def take(self, kind: str, amount: int) -> None:
        """Takes from all limits of a kind; `times` also notes when, for those that ask for distance."""
        for limit in self._limits:
            if limit.kind == kind or (kind == "times" and limit.kind == "not_within"):
                self._take(limit, amount)

    def keep(self) -> None:
        """Writes what changed."""
        if self._changed:
            self._draft.put(self._key, UsesRow(v=VERSION, used=self._used, at=self._at))

    def _room(self, limit: Limit) -> int:
        span = span_of(limit.window, self._event, self._member, self._draft.rules)
        if span is None:
            return 0
        if limit.window.kind == "last":
            used = sum(amount for when, amount in self._at.get(limit_name(limit), ()) if when in span)
        else:
            used = self._used.get(limit_name(limit), {}).get(str(span.from_ms), 0)
        return max(limit.amount - used, 0)

    def _too_near(self, limit: Limit) -> bool:
        if limit.not_within is None:
            raise AssertionError("the compiler let through a distance without a period")
        zone = self._draft.rules.ruleset.programme.zone
        now = self._event.time_ms
        uses = self._at.get(limit_name(limit), ())
        return any(back(max(now, when), limit.not_within, zone) < min(now, when) for when, _ in uses)

    def _take(self, limit: Limit, amount: int) -> None:
        name, now = limit_name(limit), self._event.time_ms
        if limit.kind == "not_within" or limit.window.kind == "last":
            period = limit.not_within or limit.window.period
            if period is None:
                raise AssertionError("the compiler let through a sliding window without a period")
            late_ms = self._draft.rules.ruleset.programme.time.late_ms
            oldest = back(now, period, self._draft.rules.ruleset.programme.zone) - late_ms
            kept = [use for use in self._at.get(name, ()) if use[0] > oldest]
            self._at[name] = sorted([*kept, [now, amount]])
            self._note(limit, name, "", amount)
            return
        span = span_of(limit.window, self._event, self._member, self._draft.rules)
        if span is None:
            return
        periods = {**self._used.get(name, {})}
        periods[str(span.from_ms)] = periods.get(str(span.from_ms), 0) + amount
        self._used[name] = recent(periods, self._draft.rules.ruleset.programme.time)
        self._note(limit, name, str(span.from_ms), amount)

    def _note(self, limit: Limit, name: str, period: str, amount: int) -> None:
        self._changed = True
        self.taken.append(
            {
                "of": "",
                "owner": self._owner,
                "limit": name,
                "kind": limit.kind,
                "period": period,
                "at": self._event.time_ms,
                "amount": amount,
            }
        )


def recent(periods: dict[str, int], time: TimeRules) -> dict[str, int]:
    """The periods, by their beginning, that an event may still fall in."""
    if len(periods) <= _FEW_PERIODS:
        return periods
    newest = sorted(periods, key=int)
    oldest_ms = int(newest[-1]) - latest_ms(time) - _LONG_MS
    kept = [period for period in newest[:-_FEW_PERIODS] if int(period) >= oldest_ms]
    return {period: periods[period] for period in (*kept, *newest[-_FEW_PERIODS:])}


def latest_ms(time: TimeRules) -> int:
    """How late an event may be that is still decided."""
    return time.late_ms if time.then == "refuse" else KEEP_KEYS_MS


def give_back(draft: Draft, uses: Iterable[UseRow]) -> None:
    """Gives uses of the member's own limits back to the periods they were taken from (B-23); `amount` of each is given back."""
    for use in uses:
        key = keys.row(draft.subject, "uses", use["owner"])
        row: UsesRow | None = draft.get(key)
        if use["of"] or row is None or not use["amount"]:
            continue
        name, amount = use["limit"], use["amount"]
        if use["period"]:
            periods = dict(row["used"].get(name, {}))
            if use["period"] in periods:
                periods[use["period"]] = max(periods[use["period"]] - amount, 0)
                draft.put(key, UsesRow(v=VERSION, used={**row["used"], name: periods}, at=row["at"]))
        else:
            single = _without(row["at"].get(name, []), use["at"], amount)
            draft.put(key, UsesRow(v=VERSION, used=row["used"], at={**row["at"], name: single}))


def _without(uses: Sequence[Sequence[int]], when: int, amount: int) -> list[list[int]]:
    """Single uses less an amount taken at an instant."""
    left: list[list[int]] = []
    for at, used in uses:
        gone = min(amount, used) if at == when else 0
        amount -= gone
        if used > gone:
            left.append([at, used - gone])
    return left


def limit_name(limit: Limit) -> str:
    """What a limit's uses are kept under: the limit itself but for its amount, so that raising it forgets nothing."""
    window = limit.window
    parts = [limit.kind, window.kind, window.unit or window.since or window.campaign or ""]
    if period := limit.not_within or window.period:
        parts.append(f"{period.amount} {period.unit}")
    return " ".join(part for part in parts if part)

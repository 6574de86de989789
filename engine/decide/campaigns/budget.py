"""Who holds limits that members share, a whole campaign or an outlet: grants, refuses and takes back, first come (B-14).

A holder has no clock and asks no rules: the question says which limits there are, how much they allow and which period the event
falls in. Its rows stay small: one of a campaign's calendar periods, and a dated series for each window that slides.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypedDict

from engine.core import keys
from engine.core.calendar import Period
from engine.core.records import Json, Message
from engine.core.windows import Span
from engine.decide.campaigns.limiting import cost_of, points_worth, recent
from engine.decide.counters.series import Series, forget
from engine.decide.draft import Draft
from engine.decide.rows.base import VERSION
from engine.decide.rows.limits import QuestionRow, SharedLimitRow, UsesRow
from engine.decide.rows.sale import UseRow

ASKED, GRANTED, REFUSED, RETURNED = "limit.asked", "limit.granted", "limit.refused", "limit.returned"
LIMIT_REACHED, EXHAUSTED = "campaign_limit_reached", "budget_exhausted"


class WantedAward(TypedDict):
    """Points of one award that are asked for, and what a point is worth in millionths of a minor unit (0: nothing)."""

    points: int
    worth_micro: int


class Question(TypedDict):
    """What is asked of a holder for one campaign and one event; `at` is the event's own time.

    `only_points`: the campaign gives nothing else, so that a grant of no points would be none.
    """

    asked_by: str
    campaign: str
    at: int
    limits: list[SharedLimitRow]
    awards: list[WantedAward]
    only_points: bool


def asked(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """Grants what there is room for, award by award, or refuses with the reason."""
    question: Question = message.data  # type: ignore[assignment]  # as `ask` sent it
    held = _Held(draft, question["campaign"], question["at"])
    answer: dict[str, Json] = {"asked_by": question["asked_by"], "campaign": question["campaign"]}
    if any(each["kind"] in ("times", "not_within") and held.room(each) < 1 for each in question["limits"]):
        draft.send(message.sender, REFUSED, {**answer, "reason": LIMIT_REACHED})
        return
    points: list[int] = []
    reason = LIMIT_REACHED
    for award in question["awards"]:
        given, spent = held.granted(question["limits"], award)
        points.append(given)
        if spent:
            reason = EXHAUSTED
        held.take(question["limits"], "points", given)
        held.take(question["limits"], "budget", cost_of(given, award["worth_micro"]))
    if question["only_points"] and not any(points):
        draft.send(message.sender, REFUSED, {**answer, "reason": reason})
        return
    held.take(question["limits"], "times", 1)
    held.take(question["limits"], "not_within", 1)
    held.keep()
    draft.send(message.sender, GRANTED, {**answer, "points": points})


def returned(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """Takes back, in the periods that it was taken from, what was granted and is not used, or came back (B-23)."""
    for use in message.data["uses"]:
        held = _Held(draft, use["owner"].removeprefix("campaign:"), use["at"])
        held.put_back(use)
        held.keep()


def uses_of_award(grants: Iterable[QuestionRow], at_ms: int, points: int, worth_micro: int) -> list[UseRow]:
    """What an award of so many points took of the limits of points and budgets."""
    amounts = {"points": points, "budget": cost_of(points, worth_micro)}
    return [_use(grant, each, at_ms, amounts[each["kind"]]) for grant, each in _limits(grants, *amounts)]


def uses_of_times(grants: Iterable[QuestionRow], at_ms: int) -> list[UseRow]:
    """What a campaign took of the limits of times."""
    return [_use(grant, each, at_ms, 1) for grant, each in _limits(grants, "times", "not_within")]


def unused(
    grants: Iterable[QuestionRow], at_ms: int, given: Sequence[int], worths_micro: Sequence[int], *, times: bool
) -> list[UseRow]:
    """What was granted more than was given, of each award in their order; `times`: whether the campaign gave at all."""
    found: list[UseRow] = []
    for grant in grants:
        points = sum(grant["points"]) - sum(given)
        awards = zip(grant["points"], given, worths_micro, strict=True)
        cost = sum(cost_of(most, worth) - cost_of(less, worth) for most, less, worth in awards)
        amounts = {"points": points, "budget": cost, "times": int(not times), "not_within": int(not times)}
        found += [_use(grant, each, at_ms, amounts[each["kind"]]) for each in grant["limits"]]
    return found


def _limits(grants: Iterable[QuestionRow], *kinds: str) -> Iterator[tuple[QuestionRow, SharedLimitRow]]:
    return ((grant, limit) for grant in grants for limit in grant["limits"] if limit["kind"] in kinds)


def _use(grant: QuestionRow, limit: SharedLimitRow, at_ms: int, amount: int) -> UseRow:
    use = UseRow(
        of=grant["holder"],
        owner=f"campaign:{grant['campaign']}",
        limit=limit["limit"],
        kind=limit["kind"],
        period=limit["period"],
        at=at_ms,
        amount=amount,
    )
    if not limit["period"]:
        use["keep_days"] = limit["keep_days"]
    return use


def give_back(draft: Draft, uses: Iterable[UseRow]) -> None:
    """Sends uses of limits that others hold back to them; `amount` of each is given back. The member's own are not looked at."""
    by_holder: dict[str, list[UseRow]] = {}
    for use in uses:
        if use["of"] and use["amount"] > 0:
            by_holder.setdefault(use["of"], []).append(use)
    for holder, theirs in by_holder.items():
        draft.send(holder, RETURNED, {"uses": theirs})


def expire(draft: Draft, key: str) -> None:
    """Lets uses go that no event can fall near any more."""
    forget(draft, key)


class _Held:
    """What was used of one campaign's limits at this holder. Sliding windows are written at once, the others with `keep`."""

    def __init__(self, draft: Draft, campaign: str, at_ms: int) -> None:
        self._draft = draft
        self._owner = f"campaign:{campaign}"
        self._at = at_ms
        self._key = keys.row(draft.subject, "uses", self._owner)
        row: UsesRow | None = draft.get(self._key)
        self._used = {name: dict(periods) for name, periods in row["used"].items()} if row else {}
        self._slid: list[tuple[SharedLimitRow, int]] = []
        self._changed = False

    def room(self, limit: SharedLimitRow) -> int:
        """What is left of a limit, this question's own takings included."""
        name = limit["limit"]
        if limit["period"]:
            used = self._used.get(name, {}).get(limit["period"], 0)
        else:
            own = sum(amount for each, amount in self._slid if each["limit"] == name)
            used = own + self._series(name, limit["keep_days"]).total(Span(limit["from_ms"], limit["until_ms"]))
        return max(limit["amount"] - used, 0)

    def granted(self, limits: Sequence[SharedLimitRow], award: WantedAward) -> tuple[int, bool]:
        """The points of one award that all limits leave, and whether it was a budget that left none."""
        points, worth_micro = award["points"], award["worth_micro"]
        for limit in limits:
            if limit["kind"] == "points":
                points = self._clamped(limit, points)
        cost = left = cost_of(points, worth_micro)
        for limit in limits:
            if limit["kind"] == "budget":
                left = self._clamped(limit, left)
        given = points if left == cost else points_worth(left, worth_micro)
        return given, points > given == 0

    def take(self, limits: Sequence[SharedLimitRow], kind: str, amount: int) -> None:
        """Takes from all limits of a kind."""
        for limit in limits:
            if limit["kind"] != kind or amount <= 0:
                continue
            if limit["period"]:
                periods = {**self._used.get(limit["limit"], {})}
                periods[limit["period"]] = periods.get(limit["period"], 0) + amount
                self._used[limit["limit"]] = recent(periods, self._draft.rules.ruleset.programme.time)
                self._changed = True
            else:
                self._slid.append((limit, amount))

    def put_back(self, use: UseRow) -> None:
        """Gives back what one use took; nothing where its period is forgotten."""
        name, period = use["limit"], use["period"]
        if not period:
            self._series(name, use.get("keep_days", 0)).take(use["at"], use["amount"])
        elif period in self._used.get(name, {}):
            self._used[name][period] = max(self._used[name][period] - use["amount"], 0)
            self._changed = True

    def keep(self) -> None:
        """Writes what was taken."""
        for limit, amount in self._slid:
            self._series(limit["limit"], limit["keep_days"]).add(self._at, amount)
        self._slid = []
        if self._changed:
            self._draft.put(self._key, UsesRow(v=VERSION, used=self._used, at={}))

    def _clamped(self, limit: SharedLimitRow, amount: int) -> int:
        room = self.room(limit)
        return amount if amount <= room else 0 if limit["over"] == "refuse" else room

    def _series(self, name: str, keep_days: int) -> Series:
        return Series(self._draft, "uses", (self._owner, name), Period(keep_days, "days"))

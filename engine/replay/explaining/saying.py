"""Outcomes, messages, rows and limits in words, as somebody at a counter could be told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core import instants
from engine.core.calendar import local_ms
from engine.core.sealed import is_sealed
from engine.ruleset.model import Programme
from engine.ruleset.wording.words import Words

Data = Mapping[str, Any]

REASONS = {
    "fired": "fired",
    "shadow": "runs in shadow: recorded only, nothing is given",
    "waits": "waits for an answer",
    "undecided": "was not decided",
    "excluded_by_group": "its group chose another",
    "member_limit_reached": "the member's limit is used up",
    "campaign_limit_reached": "the campaign's own limit is used up",
    "budget_exhausted": "the budget is used up",
    "outlet_unknown": "it counts by outlet, and the event names none",
    "member_unknown": "nobody with this id was enrolled",
    "duplicate_event": "the same event had come before",
    "conflicting_duplicate": "an event of the same name but other content had come before",
    "insufficient_points": "there were not enough points",
    "transaction_unknown": "the sale never came",
    "already_returned": "all of it had come back before",
    "quantity_exceeded": "more came back than was left of it",
    "return_too_late": "it came back too long after the sale",
    "too_late": "it came later than the programme accepts",
    "too_early": "it lies further ahead than the programme accepts",
    "hold_expired": "the hold does not stand any more",
    "external_id_taken": "the external id belongs to somebody else",
    "module_disabled": "the programme does not do such things",
    "row_too_large": "what would have to be kept of it is too large",
    "quarantined": "an operator took the record out of the way",
    "too_many_hops": "it was handed on too often",
    "already_merged": "they are one already",
    "currency_unknown": "the programme does not know the currency",
    "referrer_is_referee": "nobody refers himself",
}


@dataclass(frozen=True, slots=True)
class Says:
    """Says things of one programme, in its currency and its zone."""

    programme: Programme

    @property
    def words(self) -> Words:
        """The words of its rules."""
        return Words(self.programme)

    # -- values

    def money(self, minor: int, currency: str | None = None) -> str:
        """An amount with its currency."""
        if currency is not None and currency != self.programme.currency:
            return f"{minor:,} minor units of {currency}"
        whole, point, rest = self.words.money(minor).partition(".")
        return f"{int(whole):,}{point}{rest} {self.programme.currency}".replace("0-", "-0")

    def when(self, instant: int | str) -> str:
        """An instant in the programme's zone, as people write it."""
        instant_ms = instants.parse(instant) if isinstance(instant, str) else instant
        text = instants.render(local_ms(instant_ms, self.programme.zone))
        return text[:16].replace("T", " ")

    def day(self, instant: int | str) -> str:
        """The local day of an instant."""
        return self.when(instant)[:10]

    def last_day(self, instant: int | str) -> str:
        """The last local day before an instant at which something is gone."""
        instant_ms = instants.parse(instant) if isinstance(instant, str) else instant
        return self.day(instant_ms - 1)

    def of(self, points: int, account: object) -> str:
        """Points of an account."""
        name = str(account)
        if not name.endswith(("points", "miles", "stars", "credits")):
            return f"{points:,} point{'' if points == 1 else 's'} ({name})"
        return f"{points:,} {name.removesuffix('s') if points == 1 else name}"

    def reason(self, reason: str) -> str:
        """A reason, with its name where it has words of its own."""
        said = REASONS.get(reason)
        return reason if said is None else said

    def value(self, value: Any) -> str:  # noqa: ANN401 - any JSON
        """A value as a text; sealed ones as what they are."""
        if is_sealed(value):
            return "(sealed)"
        if isinstance(value, Mapping):
            return ", ".join(f"{name} {self.value(each)}" for name, each in value.items()) or "nothing"
        if isinstance(value, (list, tuple)):
            return ", ".join(map(self.value, value)) or "none"
        return "none" if value is None else "yes" if value is True else "no" if value is False else str(value)

    # -- outcomes

    def outcome(self, kind: str, data: Data) -> str:
        """One outcome."""
        say = _OUTCOMES.get(kind)
        if say is not None:
            return say(self, data)
        if kind.startswith("custom."):
            return f"emitted {kind}"
        skipped = {"member_id", "campaign"}
        told = ", ".join(f"{name} {self.value(each)}" for name, each in data.items() if name not in skipped)
        return f"{_plainly(kind)}: {told}"

    def by(self, data: Data) -> str:
        """By which campaign."""
        return f" by {data['campaign']}" if data.get("campaign") else ""

    # -- messages

    def message(self, kind: str, data: Data) -> str:
        """One message of a subject to another."""
        say = _MESSAGES_WITH.get(kind)
        return say(self, data) if say is not None else _MESSAGES.get(kind, _plainly(kind))


def _plainly(kind: str) -> str:
    return kind.replace(".", " ").replace("_", " ")


_MESSAGES = {
    "referrer.sought": "asks who referred the member",
    "referrer.unknown": "nobody is known by that name",
    "sale.kept": "says whose sale it is",
    "merge.asked": "asks for all that the other member has",
    "merge.part": "hands over what the other member had",
    "merge.denied": "has nothing to merge",
    "alias.forgotten": "forgets the alias as well",
    "external.claimed": "claims an external id",
    "external.granted": "grants an external id",
    "external.taken": "says that the external id belongs to somebody else",
    "external.released": "gives an external id free",
    "external.moved": "says to whom an external id belongs now",
}

Outcomes = dict[str, Callable[[Says, Data], str]]


def _awarded(says: Says, data: Data) -> str:
    gone = data.get("expires_at")
    until = f", usable until {says.last_day(gone)}" if gone else ""
    if data.get("active_from") is None:
        until = ", pending until an activity"
    elif data["active_from"] != data.get("earned_at"):
        until = f", active from {says.when(data['active_from'])}{until}"
    return f"{says.of(data['points'], data['account'])} awarded{says.by(data)}{until}"


def _reversed(says: Says, data: Data) -> str:
    short = f"; {data['shortfall']:,} more were not there" if data.get("shortfall") else ""
    name = data.get("return_id")
    why = f" by return {name}" if name else f" by {data['reason']}"
    return f"{says.of(data['points'], data['account'])} of {data['campaign']} taken back{why}{short}"


def _spent(says: Says, data: Data) -> str:
    paid = f" for sale {data['transaction_id']}" if data.get("transaction_id") else ""
    return f"{says.of(data['points'], data['account'])} spent as {data['spend_id']}{paid}"


def _restored(says: Says, data: Data) -> str:
    return f"{says.of(data['points'], data['account'])} of spend {data.get('spend_id')} given back"


def _expired(says: Says, data: Data) -> str:
    return f"{says.of(data['points'], data['account'])} expired{says.by(data).replace('by', 'of', 1)}"


def _adjusted(says: Says, data: Data) -> str:
    who = f" by {data['actor']}" if data.get("actor") else ""
    return f"{says.of(data['points'], data['account'])} adjusted{who} as {data['adjustment_id']}"


def _points_rejected(says: Says, data: Data) -> str:
    asked = says.of(data["points"], data.get("account") or "points") if data.get("points") is not None else "points"
    return f"{asked} refused: {says.reason(data['reason'])}"


def _tier(verb: str) -> Callable[[Says, Data], str]:
    def say(says: Says, data: Data) -> str:
        before = f" from {data['tier_before']}" if data.get("tier_before") not in (None, data["tier_after"]) else ""
        until = data.get("valid_until")
        valid = f", valid until {says.last_day(until) if until and 'T' in until else until}" if until else ""
        return f"{data['tier_after']} of {data['ladder']} {verb}{before}{valid}"

    return say


def _progress(says: Says, data: Data) -> str:
    del says
    ahead = f"{data['missing']:,} {data['unit']} to {data['tier_next']}" if data.get("tier_next") else "at the top"
    return f"{data['tier_after']} of {data['ladder']}, {ahead}"


def _notified(says: Says, data: Data) -> str:
    del says
    return f"message {data['template']} requested ({data['trigger']})"


def _decision(says: Says, data: Data) -> str:
    status = data["status"]
    if status.startswith("refused: "):
        return f"refused: {says.reason(status.removeprefix('refused: '))}"
    fired = ", ".join(data["campaigns_fired"])
    return f"decided: {f'fired {fired}' if fired else 'no campaign fired'}"


def _achieved(says: Says, data: Data) -> str:
    del says
    return f"{data['achievement']} stands at {data['count']:,} of {data['target']:,}, completed {data['times']:,} times"


_OUTCOMES: Outcomes = {
    "points.awarded": _awarded,
    "points.reversed": _reversed,
    "points.spent": _spent,
    "points.restored": _restored,
    "points.expired": _expired,
    "points.adjusted": _adjusted,
    "points.rejected": _points_rejected,
    "points.activated": lambda says, data: (
        f"{says.of(data['points'], data['account'])}{says.by(data)} can be spent now"
    ),
    "points.held": lambda says, data: f"{says.of(data['points'], data['account'])} held as {data['hold_id']}",
    "points.released": lambda says, data: (
        f"{says.of(data['points'], data['account'])} of hold {data['hold_id']} free again"
    ),
    "points.expiring": lambda says, data: (
        f"{says.of(data['points'], data['account'])} will expire: last day {says.last_day(data['expires_at'])}"
    ),
    "tier.joined": _tier("joined"),
    "tier.upgraded": _tier("reached"),
    "tier.downgraded": _tier("is the tier now, down"),
    "tier.retained": _tier("kept"),
    "tier.will_downgrade": _tier("will end"),
    "tier.progress_changed": _progress,
    "notification.requested": _notified,
    "decision.recorded": _decision,
    "achievement.progressed": _achieved,
    "achievement.completed": _achieved,
    "achievement.rolled_back": _achieved,
    "member.tagged": lambda says, data: f"tag {data['tag']} added{says.by(data)}",
    "member.untagged": lambda says, data: f"tag {data['tag']} removed{says.by(data)}",
    "member.attribute_set": lambda says, data: f"{data['attribute']} set to {says.value(data['value'])}{says.by(data)}",
    "member.merge_recorded": lambda says, data: f"{says.value(data['merged_member_id'])} became {data['member_id']}",
    "member.rejected": lambda says, data: f"refused: {says.reason(data['reason'])}",
    "referral.completed": lambda says, data: (
        f"referral of {says.value(data['member_id'])} by {data['referrer_member_id']} completed"
    ),
}


def _asked_limit(says: Says, data: Data) -> str:
    del says
    wanted = sum(each["points"] for each in data["awards"])
    return f"asks for {wanted:,} points of {data['campaign']} within its shared limits"


def _returned_limit(says: Says, data: Data) -> str:
    del says
    given = ", ".join(f"{use['amount']:,} of {use['limit']} ({use['owner']})" for use in data["uses"])
    return f"gives back {given}"


def _asked_referral(says: Says, data: Data) -> str:
    del says
    points = sum(each["points"] for each in data["awards"])
    return f"asks to give the referrer {points:,} points of {data['campaign']}"


def _answered_referral(says: Says, data: Data) -> str:
    del says
    return f"gave the referrer {sum(each['points'] for each in data['given']):,} points"


_MESSAGES_WITH: Outcomes = {
    "limit.asked": _asked_limit,
    "limit.granted": lambda says, data: f"grants {sum(data['points']):,} points of {says.value(data['campaign'])}",
    "limit.refused": lambda says, data: f"refuses {data['campaign']}: {says.reason(data['reason'])}",
    "limit.returned": _returned_limit,
    "referrer.found": lambda says, data: f"is found: {says.value(data['referrer'])}",
    "referral.awarded": _asked_referral,
    "referral.answered": _answered_referral,
    "referral.reversed": lambda says, data: (
        f"asks the referrer's {data['points']:,} points of {says.value(data['campaign'])} back"
    ),
    "event.forwarded": lambda says, data: f"hands {says.value(data['event']['type'])} on to whom it belongs",
    "outcome.followed": lambda says, data: f"{says.value(data['type'])} is something that campaigns are on",
}

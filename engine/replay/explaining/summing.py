"""An explanation in three sentences: what it is, what it did, what became of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.core import keys
from engine.replay.explaining import model
from engine.replay.explaining.saying import Says

_MOST = 4  # things of a kind that a sentence names
_NAMES = ("transaction_id", "return_id", "spend_id", "hold_id", "adjustment_id", "activity_id", "merge_id")
_CALLED = {
    "transaction.completed": "sale",
    "transaction.returned": "return",
    "transaction.cancelled": "cancellation of sale",
    "transaction.replaced": "sale sent again,",
    "member.enrolled": "enrolment",
    "member.updated": "update",
    "member.merged": "merge",
    "activity.recorded": "activity",
    "points.spend_requested": "spend",
    "points.hold_requested": "hold",
    "points.hold_release_requested": "release of hold",
    "points.adjustment_requested": "adjustment",
}
_QUIET = ("decision.recorded", "tier.progress_changed", "notification.requested")


def summary(parts: Mapping[str, Any], says: Says) -> list[str]:
    """The sentences."""
    outcome: model.Outcome | None = parts["outcome"]
    first = _of_outcome(outcome, parts, says) if outcome is not None else _of_input(parts, says)
    return [*first, _since(parts, says)]


def _of_input(parts: Mapping[str, Any], says: Says) -> list[str]:
    event: model.Input | None = parts["input"]
    if event is None:
        return [f"{parts['cause'].says[:1].upper()}{parts['cause'].says[1:]}.", _gave(parts["steps"], parts["subject"])]
    what = f"{_capital(_named(event, says))} by {_whom(parts['subject'])} on {says.when(event.time)}"
    status: str = parts["status"]
    if status.startswith("refused: "):
        return [
            f"{what} was refused ({status.removeprefix('refused: ')}): {says.reason(status.removeprefix('refused: '))}."
        ]
    if not status:
        return [f"{what} is not settled: it waits.", _gave(parts["steps"], parts["subject"])]
    return [f"{what} was decided: {_fired(parts['considered'])}.", _gave(parts["steps"], parts["subject"])]


def _of_outcome(outcome: model.Outcome, parts: Mapping[str, Any], says: Says) -> list[str]:
    whom = keys.name_of(outcome.subject) if keys.kind_of(outcome.subject) == "member" else outcome.subject
    told = f"{whom}, {says.when(outcome.time)}: {outcome.says}."
    event: model.Input | None = parts["input"]
    cause = parts["cause"].says if event is None else f"{_named(event, says)} on {says.when(event.time)} caused it"
    taken: Sequence[model.Backwards] = parts["backwards"]
    told_already = event is None and sum(len(each.lots) for each in taken) == 1
    from_what = (
        ""
        if told_already
        else "".join(f" {'; '.join(lot.says for lot in each.lots[:_MOST])}." for each in taken if each.lots)
    )
    return [told, f"{cause[:1].upper()}{cause[1:]}.{f' Its points were{from_what}' if from_what else ''}"]


def _named(event: model.Input, says: Says) -> str:
    """What came, as people call it, by its own name."""
    name = next((str(event.data[name]) for name in _NAMES if event.data.get(name)), event.id)
    called = _CALLED.get(event.type, event.type)
    of = f" of sale {event.data['original_transaction_id']}" if "original_transaction_id" in event.data else ""
    amount = event.data.get("amount_minor")
    over = f" of {says.money(amount, event.data.get('currency'))}" if isinstance(amount, int) else ""
    return f"{called} {name}{of}{over}"


def _whom(subject: str) -> str:
    return f"member {keys.name_of(subject)}" if keys.kind_of(subject) == "member" else subject


def _fired(considered: Sequence[model.Considered]) -> str:
    campaigns = [each for one in considered[:1] for each in one.campaigns]
    if not campaigns:
        return "no campaign runs on this type of event"
    fired = [each.campaign for each in campaigns if each.fired]
    named = f" ({_listed(fired)})" if fired else ""
    return f"{len(fired) or 'none'} of {len(campaigns)} campaign{'' if len(campaigns) == 1 else 's'} on it fired{named}"


def _gave(steps: Sequence[model.Step], whom: str) -> str:
    outcomes = [each for step in steps for each in step.outcomes if each.type not in _QUIET]
    told = [each.says if each.subject == whom else f"{keys.name_of(each.subject)}: {each.says}" for each in outcomes]
    return (
        f"{_capital('; '.join(told[:_MOST]))}{f'; and {len(told) - _MOST} more' if len(told) > _MOST else ''}."
        if told
        else "Nothing was given."
    )


def _since(parts: Mapping[str, Any], says: Says) -> str:
    fates: Sequence[model.Fate] = parts["fates"]
    later: Sequence[model.Change] = parts["later"]
    told = [each.says for each in fates[:_MOST] if each.changes or each.paid_deficit]
    told += [f"{_capital(each.says)} on {says.day(each.time)}." for each in later[:_MOST]]
    if told:
        return " ".join(told)
    return (
        "Nothing has happened to it since."
        if fates or not parts["status"].startswith("refused")
        else "It changed nothing."
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST
    return ", ".join(names[:_MOST]) + (f" and {more} more" if more > 0 else "")


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"

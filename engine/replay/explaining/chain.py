"""The whole chain for one id: found, decided again, followed forwards and backwards, and put into one explanation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.core.instants import render
from engine.core.records import Event, Message, Origin
from engine.decide.following import FOLLOWED
from engine.history.history import History
from engine.replay.explaining import model
from engine.replay.explaining.causes import cause_of
from engine.replay.explaining.considering import Answers, Decided, considered
from engine.replay.explaining.finding import Scan, Told, find
from engine.replay.explaining.gathered import Gathered, of_event
from engine.replay.explaining.later import related
from engine.replay.explaining.lots import TAKING, backwards, change, fate, touching
from engine.replay.explaining.member import lots_of
from engine.replay.explaining.notes import notes_of
from engine.replay.explaining.standing import before_of
from engine.replay.explaining.steps import outcome_of, step_of
from engine.replay.explaining.summing import summary
from engine.replay.explaining.watching import Watched
from engine.ruleset.matching import Facts
from engine.ruleset.model import Programme
from engine.ruleset.schedules import SCHEDULED
from engine.wire.sealing import cleared

MOST_LATER = 100  # records that are decided again to tell what became of something; the rest is named all the same
_AWARDS = ("points.awarded", "points.adjusted")

Receive = Callable[[Origin, Event], model.Received]
Keys = Callable[[Sequence[str]], Mapping[str, bytes]]


def explain(
    history: History,
    asked: str,
    source: str | None = None,
    *,
    receive: Receive | None = None,
    sealing_keys: Keys | None = None,
    reached: Callable[[int], None] = lambda _: None,
) -> model.Explanation:
    """All that is to be said of an id. Raises NothingFound, and UsageError where it is ambiguous.

    `receive` reads the public record of an input; `sealing_keys` gives keys by subject, to show personal values in clear.
    """
    scan = Scan(history, reached)
    gathered = Gathered(history, find(history, asked, source, scan), scan)
    explanation = _explained(gathered, receive)
    if sealing_keys is None:
        return explanation
    subjects = sorted({gathered.member.subject, *(each.subject for each in explanation.steps)})
    clear = cleared(explanation.model_dump(), sealing_keys(subjects))
    return model.Explanation.model_validate(clear)


def _explained(gathered: Gathered, receive: Receive | None) -> model.Explanation:
    """All of it."""
    found, says = gathered.found, gathered.says
    focus = [found.outcome] if found.outcome is not None and found.kind == "outcome" else gathered.own
    awards = [told for told in focus if told.type in _AWARDS and lots_of(told)]
    due = gathered.due_work()
    later = related(focus, gathered.member, due, {told.id for told in gathered.own})
    ahead = dict.fromkeys(told.place for award in awards for told in touching(award, gathered.member))
    ahead |= dict.fromkeys(told.place for told in later)
    gathered.watcher.watch(list(ahead)[:MOST_LATER], gathered.family)
    fates = [fate(award, gathered.member, gathered.watched, says) for award in awards]
    told_of = {each.outcome_id for one in fates for each in one.changes}
    taken = [
        backwards(told, gathered.watched.get(told.place), gathered.member, says)
        for told in focus
        if told.type in TAKING
    ]
    here = found.outcome.place if found.outcome is not None else gathered.main()
    outcome = None
    if found.kind == "outcome" and found.outcome is not None:
        outcome = outcome_of(found.outcome, found, says)
    parts: dict[str, Any] = {
        "id": found.asked,
        "kind": found.kind,
        "subject": gathered.member.subject,
        "history": gathered.history.name,
        "programme": _programme(says.programme),
        "notes": notes_of(gathered, len(ahead), MOST_LATER),
        "cause": cause_of(found, gathered.watched.get(here) if here else None, gathered.member, says),
        "input": _input(gathered, receive),
        "outcome": outcome,
        "status": "" if gathered.decision is None else gathered.decision["status"],
        "decision": None if gathered.decision is None else dict(gathered.decision),
        "before": _before(gathered),
        "considered": _considered(gathered),
        "steps": [
            step_of(gathered.watched[place], found, gathered.member.subject, says)
            for place in gathered.places
            if place in gathered.watched
        ],
        "backwards": [each for each in taken if each is not None],
        "fates": fates,
        "later": [
            change(told, None, gathered.watched.get(told.place), says) for told in later if told.id not in told_of
        ],
    }
    return model.Explanation(**parts, summary=summary(parts, says))


def _input(gathered: Gathered, receive: Receive | None) -> model.Input | None:
    event, found = gathered.found.input, gathered.found
    if event is None:
        return None
    first = found.events[0]
    return model.Input(
        id=event.event_id,
        source=event.source,
        type=event.type,
        subject=event.subject,
        time=render(event.time_ms),
        received_at=render(event.received_at_ms),
        appended_at=render(first.record.timestamp_ms),
        position=str(first.place),
        data=dict(event.data),
        repeats=[str(each.place) for each in found.events[1:]],
        received=_received(event, receive),
    )


def _before(gathered: Gathered) -> model.Before | None:
    found, main = gathered.found, gathered.main()
    if found.kind == "outcome" and found.outcome is not None and found.input is None:
        main = found.outcome.place
    watched = None if main is None else gathered.watched.get(main)
    if watched is None:
        return None
    last = gathered.last_of_member(watched)
    return before_of(watched, last, gathered.member.subject, found.input)


def _considered(gathered: Gathered) -> list[model.Considered]:
    answers = Answers()
    for taken in gathered.found.messages:
        if isinstance(taken.decoded, Message):
            answers.take(taken.decoded, gathered.watched.get(taken.place))
    parts = []
    for place in gathered.places:
        watched = gathered.watched.get(place)
        for facts in () if watched is None else watched.asked:
            one = _one(gathered, facts, watched, answers) if watched is not None else None
            if one is not None:
                parts.append(one)
    return parts


def _one(gathered: Gathered, facts: Facts, watched: Watched, answers: Answers) -> model.Considered | None:
    event, outcome = gathered.found.input, gathered.found.outcome
    decoded = watched.taken.decoded
    decision: Mapping[str, Any] | None = None
    only: str | None = None
    if event is not None and of_event(facts, event):
        decision = gathered.decision
    elif isinstance(decoded, Message) and decoded.type == FOLLOWED and facts.on == decoded.data["type"]:
        decision = _decision_on(gathered.own, decoded.data["id"])
    elif outcome is not None and event is None and facts.on == SCHEDULED and _at_the_time(facts, outcome):
        decision = _decision_on(watched.outcomes, outcome.cause)
        only = _scheduled(decision, outcome)
    else:
        return None
    last = gathered.last_of_member(watched)
    decided = Decided(
        facts, watched, gathered.member.subject, watched.before, last.after, gathered.own, decision, answers
    )
    return considered(decided, gathered.says, only)


def _received(event: Event, receive: Receive | None) -> model.Received | None:
    origin = event.origin
    if origin is None:
        return None
    if receive is None:
        note = "an archive holds no public records; what follows is the journal's"
        return model.Received(
            topic=origin.topic, partition=origin.partition, offset=origin.offset, kept=False, note=note
        )
    return receive(origin, event)


def _programme(programme: Programme) -> model.Programme:
    return model.Programme(
        name=programme.name,
        zone=programme.zone.name,
        currency=programme.currency,
        minor_digits=programme.minor_digits,
    )


def _at_the_time(facts: Facts, outcome: Told) -> bool:
    return render(facts.time_ms) == str(outcome.event["time"])


def _decision_on(outcomes: Sequence[Told], input_id: str) -> Mapping[str, Any] | None:
    recorded = [told.data for told in outcomes if told.type == "decision.recorded"]
    return next((data for data in recorded if data["input"]["id"] == input_id), None)


def _scheduled(decision: Mapping[str, Any] | None, outcome: Told) -> str | None:
    """The campaign that was due."""
    if outcome.data.get("campaign"):
        return str(outcome.data["campaign"])
    if decision is None:
        return None
    named = [*decision["campaigns_fired"], *(each["campaign"] for each in decision["campaigns_refused"])]
    return str(named[0]) if named else None

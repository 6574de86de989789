"""The whole chain for one id: found, decided again, followed forwards and backwards, and put into one explanation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.core import keys
from engine.core.instants import render
from engine.core.records import Event, Message, Origin
from engine.decide.following import FOLLOWED
from engine.history.history import History
from engine.replay.explaining import model
from engine.replay.explaining.causes import cause_of, due_ids
from engine.replay.explaining.considering import Answers, Decided, considered
from engine.replay.explaining.finding import Found, Place, Scan, Told, find, merged
from engine.replay.explaining.later import related
from engine.replay.explaining.lots import TAKING, backwards, change, fate, touching
from engine.replay.explaining.member import Member, lots_of
from engine.replay.explaining.saying import Says
from engine.replay.explaining.standing import before_of
from engine.replay.explaining.steps import outcome_of, step_of
from engine.replay.explaining.summing import summary
from engine.replay.explaining.watching import Watched, Watcher
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
    found = find(history, asked, source, scan)
    chain = _Chain(history, found, scan)
    explanation = chain.explained(receive)
    if sealing_keys is None:
        return explanation
    subjects = sorted({chain.member.subject, *(each.subject for each in explanation.steps)})
    clear = cleared(explanation.model_dump(), sealing_keys(subjects))
    return model.Explanation.model_validate(clear)


class _Chain:
    """One explanation in the making."""

    def __init__(self, history: History, found: Found, scan: Scan) -> None:
        self._history = history
        self._found = found
        subject = _subject_of(found)
        members = {told.subject for told in found.caused if keys.kind_of(told.subject) == "member"}
        members |= {subject} if keys.kind_of(subject) == "member" else set()
        became = merged(scan, members) if members else {}
        self._family = sorted({subject, *members, *became, *became.values()})
        self.member = Member(subject, scan.of_subjects(self._family), became, scan)
        self._watcher = Watcher(history, scan)
        self._places = _places(found)
        self._watched = self._watcher.watch(self._places, self._family)
        self._says = Says(self._programme())
        self._own = self._outcomes()
        self._decision = self._decided()

    def explained(self, receive: Receive | None) -> model.Explanation:
        """All of it."""
        found, says = self._found, self._says
        focus = [found.outcome] if found.outcome is not None and found.kind == "outcome" else self._own
        awards = [told for told in focus if told.type in _AWARDS and lots_of(told)]
        due = self._due_work()
        later = related(focus, self.member, due, {told.id for told in self._own})
        ahead = dict.fromkeys(told.place for award in awards for told in touching(award, self.member))
        ahead |= dict.fromkeys(told.place for told in later)
        self._watcher.watch(list(ahead)[:MOST_LATER], self._family)
        fates = [fate(award, self.member, self._watched, says) for award in awards]
        told_of = {each.outcome_id for one in fates for each in one.changes}
        taken = [
            backwards(told, self._watched.get(told.place), self.member, says) for told in focus if told.type in TAKING
        ]
        here = found.outcome.place if found.outcome is not None else self._main()
        outcome = None
        if found.kind == "outcome" and found.outcome is not None:
            outcome = outcome_of(found.outcome, found, says)
        parts: dict[str, Any] = {
            "id": found.asked,
            "kind": found.kind,
            "history": self._history.name,
            "programme": _programme(says.programme),
            "notes": self._notes(len(ahead)),
            "cause": cause_of(found, self._watched.get(here) if here else None, self.member, says),
            "input": self._input(receive),
            "outcome": outcome,
            "status": "" if self._decision is None else self._decision["status"],
            "decision": None if self._decision is None else dict(self._decision),
            "before": self._before(),
            "considered": self._considered(),
            "steps": [
                step_of(self._watched[place], found, self.member.subject, says)
                for place in self._places
                if place in self._watched
            ],
            "backwards": [each for each in taken if each is not None],
            "fates": fates,
            "later": [
                change(told, None, self._watched.get(told.place), says) for told in later if told.id not in told_of
            ],
        }
        return model.Explanation(**parts, summary=summary(parts, says))

    # -- what there is

    def _programme(self) -> Programme:
        """Of the ruleset that decided, else of the latest."""
        for place in self._places:
            if place in self._watched:
                return self._watched[place].rules.ruleset.programme
        rulesets = self._history.rulesets
        latest = [each.digest for each in self._history.publications if each.digest in rulesets]
        return rulesets[latest[-1] if latest else max(rulesets)].programme

    def _main(self) -> Place | None:
        """Where the campaigns were asked, else where the input or the asked record stands."""
        event = self._found.input
        for place in self._places:
            watched = self._watched.get(place)
            if event is not None and watched is not None and any(_of_event(facts, event) for facts in watched.asked):
                return place
        for place in self._places:
            watched = self._watched.get(place)
            if watched is not None and any(told.cause == self._found.cause for told in watched.outcomes):
                return place
        return self._places[0] if self._places else None

    def _outcomes(self) -> list[Told]:
        """All outcomes of the cause, as decided again, in the order of the chain."""
        return [
            told
            for place in self._places
            if place in self._watched
            for told in self._watched[place].outcomes
            if told.cause == self._found.cause
        ]

    def _decided(self) -> Mapping[str, Any] | None:
        """The decision on the input: the first, since it may have come again."""
        event, found = self._found.input, self._found
        recorded = [told.data for told in (*self._own, *found.caused) if told.type == "decision.recorded"]
        for data in recorded:
            own = data["input"]
            if event is None or (own["id"], own["source"]) == (event.event_id, event.source):
                return data
        return None

    def _due_work(self) -> set[str]:
        """The ids of due work that the chain's records put there."""
        return {
            due_id
            for place in self._places
            if place in self._watched
            for key, due_ms in self._watched[place].due.items()
            if self._watched[place].due_before.get(key) != due_ms
            for due_id in due_ids(key, due_ms, self._watched[place].after.get(key))
        }

    # -- parts

    def _input(self, receive: Receive | None) -> model.Input | None:
        event, found = self._found.input, self._found
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

    def _before(self) -> model.Before | None:
        found, main = self._found, self._main()
        if found.kind == "outcome" and found.outcome is not None and found.input is None:
            main = found.outcome.place
        watched = None if main is None else self._watched.get(main)
        if watched is None:
            return None
        last = self._last_of_member(watched)
        return before_of(watched, last, self.member.subject, found.input)

    def _last_of_member(self, first: Watched) -> Watched:
        """The last record of the chain in the member's own partition."""
        same = [
            self._watched[place]
            for place in self._places
            if place in self._watched and place.partition == first.taken.place.partition
        ]
        return max(same, key=lambda each: each.taken.place, default=first)

    def _considered(self) -> list[model.Considered]:
        answers = Answers()
        for taken in self._found.messages:
            if isinstance(taken.decoded, Message):
                answers.take(taken.decoded, self._watched.get(taken.place))
        parts = []
        for place in self._places:
            watched = self._watched.get(place)
            for facts in () if watched is None else watched.asked:
                one = self._one(facts, watched, answers) if watched is not None else None
                if one is not None:
                    parts.append(one)
        return parts

    def _one(self, facts: Facts, watched: Watched, answers: Answers) -> model.Considered | None:
        event, outcome = self._found.input, self._found.outcome
        decoded = watched.taken.decoded
        decision: Mapping[str, Any] | None = None
        only: str | None = None
        if event is not None and _of_event(facts, event):
            decision = self._decision
        elif isinstance(decoded, Message) and decoded.type == FOLLOWED and facts.on == decoded.data["type"]:
            decision = _decision_on(self._own, decoded.data["id"])
        elif outcome is not None and event is None and facts.on == SCHEDULED and _at_the_time(facts, outcome):
            decision = _decision_on(watched.outcomes, outcome.cause)
            only = _scheduled(decision, outcome)
        else:
            return None
        last = self._last_of_member(watched)
        decided = Decided(facts, watched, self.member.subject, watched.before, last.after, self._own, decision, answers)
        return considered(decided, self._says, only)

    def _notes(self, ahead: int) -> list[str]:
        history, found, notes = self._history, self._found, []
        for place in self._places:
            span = history.spans.get(place.partition)
            if span is not None and place.offset >= span.decided:
                notes.append(f"the record at {place} is not decided yet in {history.name}")
            elif place not in self._watched:
                notes.append(f"the record at {place} is not in {history.name} any more")
            if place.offset in history.quarantined.get(place.partition, ()):
                notes.append(f"an operator took the record at {place} out of the way")
        if len(found.events) > 1:
            notes.append(
                f"the same input came {len(found.events) - 1} more times; what is told is what the first one caused"
            )
        if ahead > MOST_LATER:
            notes.append(
                f"of {ahead} later records the first {MOST_LATER} were decided again; the rest is told as published"
            )
        partitions = {place.partition for place in self._places}
        late = [
            topic
            for topic in history.topics()
            if any(history.published_from(topic, number) > 0 for number in partitions)
        ]
        if late:
            notes.append(
                f"older outcomes are not kept any more in {', '.join(late)}: something earlier may be missing here"
            )
        notes += self._differing()
        return notes

    def _differing(self) -> list[str]:
        """Where what was published is not what is decided again: then this explains what should have been."""
        published = {told.id: told.event for told in (*self.member.told, *self._found.caused)}
        wrong = [told for told in self._own if told.id in published and published[told.id] != told.event]
        return [
            f"{told.type} {told.id} was published otherwise than it is decided again: see `guerdon verify`"
            for told in wrong
        ]


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


def _subject_of(found: Found) -> str:
    """Whom the explanation is about: of an outcome its subject, else where the input was decided."""
    if found.outcome is not None and found.kind == "outcome":
        return found.outcome.subject
    record = found.record.decoded if found.record is not None else None
    if isinstance(record, Message):
        return record.subject
    decided = [told.subject for told in found.caused if told.type == "decision.recorded"]
    if decided:
        return decided[0]
    return found.input.subject if found.input is not None else ""


def _places(found: Found) -> list[Place]:
    """The records of the journal on the way: the input, where else something came of it, then its messages by hops."""
    asked = [found.record.place] if found.record is not None else []
    told = [found.outcome.place] if found.outcome is not None and found.kind == "outcome" else []
    inputs = [each.place for each in found.events[:1]]
    messages = [each.place for each in found.messages]
    others = {each.place for each in found.events[1:]} | set(messages)
    caused = sorted({each.place for each in found.caused} - others)
    return list(dict.fromkeys([*inputs, *caused, *messages, *told, *asked]))


def _programme(programme: Programme) -> model.Programme:
    return model.Programme(
        name=programme.name,
        zone=programme.zone.name,
        currency=programme.currency,
        minor_digits=programme.minor_digits,
    )


def _of_event(facts: Facts, event: Event) -> bool:
    return facts.on == event.type and facts.time_ms == event.time_ms


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

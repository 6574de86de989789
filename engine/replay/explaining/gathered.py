"""What there is of a cause, gathered: its records decided again, its outcomes, the member's whole story."""

from collections.abc import Mapping
from typing import Any

from engine.core import keys
from engine.core.records import Event, Message
from engine.history.history import History
from engine.replay.explaining.causes import due_ids
from engine.replay.explaining.finding import Found, Place, Scan, Told, merged
from engine.replay.explaining.member import Member
from engine.replay.explaining.saying import Says
from engine.replay.explaining.watching import Watched, Watcher
from engine.ruleset.matching import Facts
from engine.ruleset.model import Programme


class Gathered:
    """Everything that an explanation is made of. `places`: the records of the journal on the way, in order; `own`: the outcomes."""

    def __init__(self, history: History, found: Found, scan: Scan) -> None:
        self.history = history
        self.found = found
        subject = _subject_of(found)
        members = {told.subject for told in found.caused if keys.kind_of(told.subject) == "member"}
        members |= {subject} if keys.kind_of(subject) == "member" else set()
        became = merged(scan, members) if members else {}
        self.family = sorted({subject, *members, *became, *became.values()})
        self.member = Member(subject, scan.of_subjects(self.family), became, scan)
        self.watcher = Watcher(history, scan)
        self.places = _places(found)
        self.watched = self.watcher.watch(self.places, self.family)
        self.says = Says(self._programme())
        self.own = self._outcomes()
        self.decision = self._decided()

    def _programme(self) -> Programme:
        """Of the ruleset that decided, else of the latest."""
        for place in self.places:
            if place in self.watched:
                return self.watched[place].rules.ruleset.programme
        rulesets = self.history.rulesets
        latest = [each.digest for each in self.history.publications if each.digest in rulesets]
        return rulesets[latest[-1] if latest else max(rulesets)].programme

    def main(self) -> Place | None:
        """Where the campaigns were asked, else where the input or the asked record stands."""
        event = self.found.input
        for place in self.places:
            watched = self.watched.get(place)
            if event is not None and watched is not None and any(of_event(facts, event) for facts in watched.asked):
                return place
        for place in self.places:
            watched = self.watched.get(place)
            if watched is not None and any(told.cause == self.found.cause for told in watched.outcomes):
                return place
        return self.places[0] if self.places else None

    def _outcomes(self) -> list[Told]:
        """All outcomes of the cause, as decided again, in the order of the chain."""
        return [
            told
            for place in self.places
            if place in self.watched
            for told in self.watched[place].outcomes
            if told.cause == self.found.cause
        ]

    def _decided(self) -> Mapping[str, Any] | None:
        """The decision on the input: the first, since it may have come again."""
        event, found = self.found.input, self.found
        if found.outcome is not None and found.outcome.type == "decision.recorded":
            return found.outcome.data  # of a repeat, if that was asked for
        recorded = [told.data for told in (*self.own, *found.caused) if told.type == "decision.recorded"]
        for data in recorded:
            own = data["input"]
            if event is None or (own["id"], own["source"]) == (event.event_id, event.source):
                return data
        return None

    def due_work(self) -> set[str]:
        """The ids of due work that the chain's records put there."""
        return {
            due_id
            for place in self.places
            if place in self.watched
            for key, due_ms in self.watched[place].due.items()
            if self.watched[place].due_before.get(key) != due_ms and self._concerns(key)
            for due_id in due_ids(key, due_ms, self.watched[place].after.get(key))
        }

    def _concerns(self, key: str) -> bool:
        """Whether a row has to do with what was asked for: all that an event put there; of an outcome, a ladder's own row."""
        outcome = self.found.outcome
        if self.found.kind != "outcome" or outcome is None:
            return True
        return outcome.topic == "tier-changes" and key == keys.row(outcome.subject, "tier", outcome.data["ladder"])

    def last_of_member(self, first: Watched) -> Watched:
        """The last record of the chain in the member's own partition."""
        same = [
            self.watched[place]
            for place in self.places
            if place in self.watched and place.partition == first.taken.place.partition
        ]
        return max(same, key=lambda each: each.taken.place, default=first)


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


def of_event(facts: Facts, event: Event) -> bool:
    """Whether campaigns were asked about this very event."""
    return facts.on == event.type and facts.time_ms == event.time_ms

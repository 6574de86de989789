"""The engine and the model side by side: both hear the same, and must be seen alike after every step."""

from typing import Any

from engine.core.records import Event
from tests.model.days import at
from tests.model.member import Member
from tests.model.observed import SUBJECT, of_engine, of_model
from tests.model.programme import Negative, rules_of
from tests.support.journals import Log, enrolled, event

START = at(2026, 10, 20, 9)


class Pair:
    """One member, enrolled at START, in the engine and in the model."""

    def __init__(self, negative: Negative = "never") -> None:
        self.log = Log(rules_of(negative), partitions=1)
        self.log.tick(START)
        self.log.feed(enrolled("M-1", time_ms=START))
        self.model = Member(may_owe=negative == "allowed")
        self.model.tick(START)
        self.history: list[tuple[str, dict[str, Any], int, str]] = []

    def hear(self, kind: str, data: dict[str, Any], time_ms: int, event_id: str) -> None:
        """An event for both."""
        made: Event = event(kind, SUBJECT, data, time_ms=time_ms, event_id=event_id)
        self.log.feed(made)
        self.model.hear(kind, data, time_ms, event_id)
        self.history.append((kind, data, time_ms, event_id))

    def tick(self, to_ms: int) -> None:
        """The clock goes on for both."""
        self.log.tick(to_ms)
        self.model.tick(to_ms)

    def agree(self) -> None:
        """Fails with what differs."""
        engine, model = of_engine(self.log), of_model(self.model)
        differing = [
            f"{name}: engine {got!r}, model {wanted!r}"
            for name, got, wanted in zip(engine._fields, engine, model, strict=True)
            if got != wanted
        ]
        assert not differing, "\n".join(differing)

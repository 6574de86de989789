"""Runs a case through the intake and real partitions in memory, and holds every step against what it must cause."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import shake_256
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from engine.core.instants import parse, render
from engine.core.partitioning import partition_of
from engine.pipeline.records import Bounds, Folded
from engine.ruleset.matching import Rules
from engine.wire.intake import Accepted, Intake, SourceRecord
from schemas.registry import INPUTS
from tests.behaviour.cases import Case, changed, compiled
from tests.behaviour.events import VERBS, payload_of
from tests.behaviour.expecting import check
from tests.behaviour.invariants import check_outcomes, check_rows
from tests.support.journals import Log

SECRET = b"the secret of cases, which keeps nothing"
SOURCE = "case"
MINUTE_MS = 60_000

Step = Mapping[str, Any]
Outcome = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to run a case in: none of it may be seen in the outcomes (P1, P2). `crashing`: after every batch."""

    partitions: int = 3
    batch: int = 100
    crashing: bool = False


WAYS = (Way(batch=1), Way(batch=7), Way(partitions=1), Way(batch=1, crashing=True), Way(crashing=True))


class Written(Log):
    """The journal, with all outcomes in the order in which they were written."""

    def __init__(self, rules: Sequence[Rules], way: Way) -> None:
        self.outcomes: list[Outcome] = []
        self._crashing = way.crashing
        super().__init__(rules, way.partitions, way.batch)

    def fold(self, number: int, bounds: Bounds = Bounds()) -> bool:  # noqa: B008  # a frozen value
        """Folds a batch, and loses the partition's memory after it where the way says so."""
        moved = super().fold(number, bounds)
        if moved and self._crashing:
            self.crash(number)
        return moved

    def write(self, number: int, folded: Folded) -> None:
        super().write(number, folded)
        self.outcomes += [orjson.loads(made.value) for made in folded.outgoing if made.topic != "journal"]


class Run:
    """One run of a case."""

    def __init__(self, case: Case, way: Way, *, checking: bool) -> None:
        self._case, self._way, self._checking = case, way, checking
        self._rulesets = _rulesets(case)
        self._log = Written(self._rulesets, way)
        self._intake = self._intake_of(self._rulesets[0])
        self._published = 0
        self._zone = ZoneInfo(self._rulesets[0].ruleset.programme.zone.name)
        self._now_ms = self.instant(case.start)
        self._offsets = 0

    def outcomes(self) -> list[Outcome]:
        """Runs all steps; what was written, less the places in the journal."""
        for member in self._case.members:
            self._step({"enrol": {"member": member}, "as": f"enrol-{member}", "also": "ignored"}, 0)
        for number, step in enumerate(self._case.steps, 1):
            self._step(step, number)
        return [{name: each for name, each in outcome.items() if name != "position"} for outcome in self._log.outcomes]

    def instant(self, text: str) -> int:
        """An instant: of the programme's zone, unless an offset says otherwise."""
        if text.endswith("Z"):
            return parse(text if text.count(":") > 1 else text[:-1] + ":00Z")
        local = datetime.fromisoformat(text)
        aware = local if local.tzinfo else local.replace(tzinfo=self._zone)
        return int(aware.timestamp() * 1000)

    def _step(self, step: Step, number: int) -> None:
        seen = len(self._log.outcomes)
        name = step.get("as", f"step-{number}")
        try:
            self._do(step, name)
            made = self._log.outcomes[seen:]
            if self._checking:
                check(step, name, made, self._log.rows(), self._case.ignore, self.instant)
                self._check_nowhere(step.get("nowhere", ()))
                check_outcomes(self._log.outcomes, made)
                check_rows(self._log.rows())
        except Exception as problem:
            happened = _happened(self._log.outcomes[seen:])
            raise AssertionError(f"step {number} ({_told(step)}): {problem!r}\n{happened}") from problem

    def _do(self, step: Step, name: str) -> None:
        if "advance" in step:
            self._now_ms = self.instant(step["advance"])
            self._log.tick(self._now_ms)
        elif "publish" in step:
            self._published += 1
            self._log.activate(self._rulesets[self._published])
            self._intake = self._intake_of(self._rulesets[self._published])
        elif "together" in step:
            for each in step["together"]:
                self._feed(each, each["as"])
        else:
            self._feed(step, name)
        self._log.run()

    def _check_nowhere(self, texts: Sequence[str]) -> None:
        """What is personal stands in no row, outcome or record of the journal."""
        written = [value for records in self._log.journal for value in (each.value for each in records)]
        everything = b"".join([*written, *self._log.rows().values(), orjson.dumps(self._log.outcomes)])
        for text in texts:
            assert text.encode() not in everything, f"{text} is written somewhere"

    def _feed(self, step: Step, name: str) -> None:
        verb = next(each for each in step if each in VERBS or each == "event")
        kind, payload = payload_of(verb, step[verb])
        if kind == "clock.advance_requested":
            payload["to"] = render(self.instant(payload["to"]))
        self._now_ms = self.instant(step["at"]) if "at" in step else self._now_ms + MINUTE_MS
        received = self.instant(step["received"]) if "received" in step else self._now_ms
        topic = INPUTS[kind].topic
        event = {"specversion": "1.0", "id": name, "source": SOURCE, "type": kind, "data": payload}
        value = orjson.dumps({**event, "time": render(self._now_ms)})
        record = SourceRecord(topic, 0, 0, self._offsets, received, None, value)
        self._offsets += 1
        taken = self._intake.accept(record, received)
        assert isinstance(taken, Accepted), f"the intake could not read {value.decode()}: {taken}"
        self._log.append(partition_of(taken.subject, self._way.partitions), taken.subject.encode(), taken.value)

    def _intake_of(self, rules: Rules) -> Intake:
        return Intake(SECRET, rules.ruleset.programme, rules.ruleset.digest, 1 << 20, self._random)

    def _random(self, count: int) -> bytes:
        return shake_256(b"%d" % self._offsets).digest(count)


def subjects(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """The outcomes of each subject, in order."""
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(outcome["subject"], []).append(outcome)
    return found


def _rulesets(case: Case) -> list[Rules]:
    """The rulesets of a case in the order in which they come into force."""
    folder = case.folder
    made = [compiled(folder)]
    for step in case.steps:
        if "publish" in step:
            folder = changed(folder, step["publish"])
            made.append(compiled(folder))
    return made


def _told(step: Step) -> str:
    return ", ".join(f"{name}: {step[name]}" for name in step if name not in ("then", "state"))


def _happened(outcomes: Sequence[Outcome]) -> str:
    lines = [f"  {each['type']} {each['time']} {orjson.dumps(each['data']).decode()}" for each in outcomes]
    return "\n".join(["what happened:", *lines])

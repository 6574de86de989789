"""Runs cases through the whole pipeline in memory: the intake, the fold and the steps of a worker, and rows as they stand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from engine.core.instants import render
from engine.core.records import Kept
from engine.decide.members.standing import rows_of
from engine.match.plain import PlainMatcher
from engine.match.trace import trace
from engine.match.watching import Watching
from engine.pipeline.partition import Partition, TopicRecord
from engine.replay.lines import Line
from engine.replay.simulate import Simulation
from engine.ruleset.codec import sealed
from engine.ruleset.effects import AwardPoints, Multiple
from engine.ruleset.matching import Facts, Matcher, Rules
from engine.ruleset.model import Campaign, Ruleset
from engine.trying.cases import Case, Expected, Step, Suite
from engine.trying.comparing import Problem, compared
from engine.trying.observed import Observed, observed
from schemas.registry import INPUTS

SECRET = b"the secret of tests beside rules, which keeps nothing"  # nothing of a test leaves this process
SOURCE = "rules-test"


@dataclass(frozen=True, slots=True)
class Tried:
    """A case that ran: per step what was observed, and what differs from what was expected."""

    suite: Suite
    case: Case
    observed: tuple[Observed, ...]
    problems: tuple[Problem, ...]

    @property
    def awaits(self) -> tuple[str, ...]:
        """The later work that its steps need."""
        return tuple(sorted({name for step in self.case.steps for name in step.awaits}))


class Collected:
    """Where a run in memory writes: the outcomes, until they are taken."""

    def __init__(self) -> None:
        self._outcomes: list[Mapping[str, Any]] = []

    def take(self, record: TopicRecord) -> None:
        """Keeps an outcome."""
        self._outcomes.append(orjson.loads(record.value))

    def write(self, line: Line) -> None:
        """Drops a record of the journal, or a sealing key."""

    def finish(self, partitions: list[Partition], run: dict[str, Any]) -> dict[str, Any]:
        """Adds nothing."""
        del partitions
        return run

    def taken(self) -> list[Mapping[str, Any]]:
        """The outcomes since the last time."""
        found, self._outcomes = self._outcomes, []
        return found


class Trial:
    """The cases of one suite, each on rows of its own."""

    def __init__(self, suite: Suite, ruleset: Ruleset) -> None:
        self.suite = suite
        self.ruleset = alone(ruleset, suite.campaign) if suite.campaign else ruleset
        self.matcher = PlainMatcher(self.ruleset)
        self.schedules = any(campaign.schedule is not None for campaign in self.ruleset.campaigns)

    def run(self, case: Case) -> Tried:
        """Runs a case to its end, also past a step that failed."""
        watching, sink = Watching(self.matcher), Collected()
        rows: Mapping[str, Kept] = {}
        if case.member is not None:
            rows = rows_of(case.member, Rules(self.ruleset, self.matcher))
        simulation = Simulation(self.ruleset, SECRET, sink, 1, matcher=watching, rows=rows)
        if case.member is not None and self.schedules:
            simulation.until(case.member.at_ms)  # what is scheduled counts from there
        found: list[Observed] = []
        problems: list[Problem] = []
        for number, step in enumerate(case.steps, 1):
            seen = self._step(simulation, watching, sink, step, number)
            found.append(seen)
            problems += compared(step, number, seen)
        return Tried(self.suite, case, tuple(found), tuple(problems))

    def _step(self, simulation: Simulation, watching: Watching, sink: Collected, step: Step, number: int) -> Observed:
        watching.asked.clear()
        event_id = f"step-{number}"
        if step.type:
            simulation.take(Line(INPUTS[step.type].topic, None, _event(step, event_id)))
        else:
            simulation.until(step.at_ms)
        seen = observed(sink.taken(), event_id)
        facts = tuple(watching.asked)
        return replace(seen, facts=facts, reasons={**self._reasons(step.expected, facts), **seen.reasons})

    def _reasons(self, expected: Expected | None, facts: Iterable[Facts]) -> dict[str, str]:
        """Why a campaign did not fire that the index left out, for those that a step asks about."""
        wanted = {} if expected is None else expected.because
        reasons: dict[str, str] = {}
        for campaign in self.ruleset.campaigns:
            if campaign.name in wanted:
                asked = next((each for each in facts if each.on == campaign.on), None)
                reasons[campaign.name] = "on" if asked is None else _reason(campaign, asked, self.matcher)
        return reasons


def alone(ruleset: Ruleset, name: str) -> Ruleset:
    """A ruleset with one campaign, live whatever its state, and base earn where it multiplies that; no messages of their own."""
    chosen = next(campaign for campaign in ruleset.campaigns if campaign.name == name)
    multiplies = any(isinstance(effect, AwardPoints) and isinstance(effect.how, Multiple) for effect in chosen.then)
    kept = [
        replace(campaign, state="live")
        for campaign in ruleset.campaigns
        if campaign.name == name or (multiplies and campaign.base)
    ]
    messages = tuple(replace(message, on="", when=None) for message in ruleset.messages)
    return sealed(replace(ruleset, campaigns=tuple(kept), messages=messages))


def run_suites(suites: Iterable[Suite], ruleset: Ruleset) -> Iterable[tuple[Trial, Tried]]:
    """Runs every case of every suite, in order."""
    for suite in suites:
        trial = Trial(suite, ruleset)
        for case in suite.cases:
            yield trial, trial.run(case)


def _reason(campaign: Campaign, facts: Facts, matcher: Matcher) -> str:
    traced = trace(campaign, facts, matcher)
    return traced.reason if traced.running else "runs"


def _event(step: Step, event_id: str) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": SOURCE,
            "type": step.type,
            "time": render(step.at_ms),
            "data": step.payload,
        }
    )

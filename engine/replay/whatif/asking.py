"""What if: both worlds over all partitions, and all that is known of how they differ."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from engine.history.history import History
from engine.match.choice import matcher_for
from engine.match.watching import Watching
from engine.replay.rules_of import RulesOf
from engine.replay.whatif.conditions import Campaign, campaigns_of, recorded_facts, telling
from engine.replay.whatif.course import End, rules_in_force
from engine.replay.whatif.courses import courses_of
from engine.replay.whatif.differences import Difference, Differences, First
from engine.replay.whatif.question import Question
from engine.replay.whatif.side_by_side import Seen, SideBySide
from engine.replay.whatif.standing import Standing, standing_of
from engine.replay.whatif.world import OtherWorld
from engine.ruleset.matching import Facts
from engine.ruleset.model import Ruleset


class Shown(Protocol):
    """Who is told how far it is."""

    def reached(self, done: int, total: int | None = None) -> None:
        """So many records of so many."""


class Counts(NamedTuple):
    """Records: of the journal, those that only the recorded or only the other world has, those whose outcomes differ."""

    records: int
    only_recorded: int
    only_other: int
    differing: int


class Noted(NamedTuple):
    """A record whose outcomes differ, and the campaigns that differ there."""

    first: First
    campaigns: tuple[Campaign, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Both worlds, in sums and in the end. `before`: the rules in force as recorded at the end.

    `first`: where they first differ; `first_points`: where points first do, if that is another record.
    """

    before: Ruleset
    question: Question
    differences: Differences
    recorded: Standing
    other: Standing
    counts: Counts
    first: Noted | None
    first_points: Noted | None
    clock_ms: int | None


def what_if(
    history: History, question: Question, processes: int, shown: Shown, differs: Callable[[Difference], None]
) -> Answer:
    """Runs both worlds; the same for any number of processes. `differs` is told of every outcome that differs, in order."""
    watcher = Watching(matcher_for(question.rules, question.matcher))
    known = {**history.rulesets, question.rules.digest: question.rules}
    rules_of = RulesOf(known, question.matcher, {question.rules.digest: watcher})
    world = OtherWorld(history, question.rules, rules_of)
    noticed: list[tuple[First, bool, Facts | None]] = []

    def notice(first: First, points: bool) -> None:
        noticed.append((first, points, telling(watcher.asked, first, question.rules)))

    differences = Differences(question.rules.programme.zone, differs, notice)
    total = sum(max(span.decided - span.start, 0) for span in history.spans.values())
    shown.reached(0, total)
    with courses_of(history, question, processes) as courses:
        run = SideBySide(courses, world, _Forgetting(differences, watcher))
        for done in run.run():
            shown.reached(done, total)
    world.end()
    recorded, other = _standings(run.ends, world, question.rules)
    counts = Counts(run.records, run.only_recorded, run.only_other, differences.records)
    noted = [(points, _noted(history, question, first, seen)) for first, points, seen in noticed]
    clocks = [end.clock_ms for end in run.ends.values() if end.clock_ms is not None]
    return Answer(
        before=rules_in_force(history, next(iter(run.ends.values())).ruleset),
        question=question,
        differences=differences,
        recorded=recorded,
        other=other,
        counts=counts,
        first=noted[0][1] if noted else None,
        first_points=next((each for points, each in noted[1:] if points), None),
        clock_ms=max(clocks, default=None),
    )


def _noted(history: History, question: Question, first: First, seen: Facts | None) -> Noted:
    before, facts = (None, None) if first.inserted else recorded_facts(history, question, first)
    return Noted(first, tuple(campaigns_of(first, before, facts, question.rules, seen)))


class _Forgetting:
    """Takes records, and has the matcher forget what it was asked about the one before."""

    def __init__(self, differences: Differences, watcher: Watching) -> None:
        self._differences = differences
        self._watcher = watcher

    def take(self, seen: Seen) -> None:
        self._differences.take(seen)
        self._watcher.asked.clear()


def _standings(ends: dict[int, End], world: OtherWorld, rules: Ruleset) -> tuple[Standing, Standing]:
    """How both worlds end; where the other rules never came to decide a partition, it ends as recorded."""
    recorded, other = Standing(), Standing()
    for number in sorted(ends):
        ours = ends[number].standing
        recorded.add(ours)
        other.add(standing_of(world.partitions[number].rows, rules) if world.begun(number) else ours)
    return recorded, other

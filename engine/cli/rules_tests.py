"""`guerdon rules test`: runs the tests beside the rules, and says what they saw of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import screen
from engine.cli.deployment import deployment
from engine.cli.rules_folder import AsJson, Folder, RulesWrong, demand, print_diagnostics
from engine.cli.rules_trace import trace_lines
from engine.errors import EngineError
from engine.match.trace import trace
from engine.rulebook.compiler import Compiled, compile_folder
from engine.rulebook.diagnostics import Report
from engine.rulebook.rendering import render
from engine.ruleset.model import Ruleset
from engine.ruleset.wording.texts import local_text
from engine.trying.coverage import CampaignCoverage, Coverage, Seen
from engine.trying.running import Trial, Tried, run_suites
from engine.trying.suites import read_suites


class TestsFailed(EngineError):
    """A test beside the rules failed, or none ran."""


@dataclass(frozen=True, slots=True)
class Run:
    """All cases that ran, and what they saw."""

    tried: tuple[tuple[Trial, Tried], ...]
    coverage: Coverage

    @property
    def failed(self) -> int:
        """How many cases failed."""
        return sum(bool(tried.problems) for _, tried in self.tried)

    @property
    def awaiting(self) -> dict[str, int]:
        """How many cases need later work, by its name."""
        names = [name for _, tried in self.tried for name in tried.awaits]
        return {name: names.count(name) for name in sorted(set(names))}


def run_and_show(
    folder: Folder = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show every case, and the conditions of those that fail.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the tests beside the rules (`*.test.yaml`); ends with 1 where one fails, or where there is none."""
    path = folder or deployment().rules
    compiled = compile_folder(path)
    if any(diagnostic.severity == "error" for diagnostic in compiled.diagnostics):
        print_diagnostics(compiled, path)
    run = run_tests(compiled, demand(compiled, path), path)
    if as_json:
        screen.say_json(_as_json(run))
    else:
        for trial, tried in run.tried:
            show_case(trial, tried, path, verbose=verbose)
        show_coverage(run.coverage)
        screen.say(f"\n{summed_up(run)}")
    demand_passed(run, path)


def run_tests(compiled: Compiled, ruleset: Ruleset, path: Path) -> Run:
    """Runs all tests of a folder; raises RulesWrong, with all mistakes printed, where a test cannot be read."""
    report = Report()
    suites = read_suites(compiled.sources, ruleset, report)
    found = report.sorted()
    if found:
        screen.warn(render(found, compiled.sources, str(path)).rstrip("\n"))
    if report.has_errors():
        count = len([each for each in found if each.severity == "error"])
        raise RulesWrong(f"{path}: {count} mistake{'' if count == 1 else 's'} in the tests")
    coverage = Coverage(ruleset)
    tried = []
    for trial, each in run_suites(suites, ruleset):
        coverage.add(trial, each)
        tried.append((trial, each))
    return Run(tuple(tried), coverage)


def demand_passed(run: Run, path: Path) -> None:
    """Raises TestsFailed where a case failed, or none ran."""
    if not run.tried:
        raise TestsFailed(f"{path}: no test ran; tests stand beside the rules, in files *.test.yaml")
    if run.failed:
        raise TestsFailed(f"{path}: {run.failed} of {len(run.tried)} cases failed")


def show_case(trial: Trial, tried: Tried, folder: Path, *, verbose: bool) -> None:
    """Prints a case that failed with its differences; with `verbose` its conditions too, and cases that passed."""
    place = tried.case.place
    where = f"{folder}/{place.path}:{place.line}"
    if not tried.problems:
        if verbose:
            waits = f"  (awaits {', '.join(tried.awaits)})" if tried.awaits else ""
            screen.say(f"[green]pass[/]  {screen.plain(where)}  {screen.plain(tried.case.name + waits)}", markup=True)
        return
    screen.say(f"[bold red]FAIL[/]  {screen.plain(where)}  [bold]{screen.plain(tried.case.name)}[/]", markup=True)
    zone = trial.ruleset.programme.zone
    for problem in tried.problems:
        step = tried.case.steps[problem.step - 1]
        when = local_text(step.at_ms, zone)
        screen.say(
            f"      {folder}/{problem.place.path}:{problem.place.line}  step {problem.step}, {step.said}, at {when}"
        )
        screen.say(f"        {problem.said}")
        if verbose:
            _show_traces(trial, tried, problem.step - 1)


def _show_traces(trial: Trial, tried: Tried, step: int) -> None:
    for facts in tried.observed[step].facts:
        for campaign in trial.ruleset.campaigns:
            if campaign.on == facts.on:
                for line in trace_lines(trace(campaign, facts, trial.matcher), facts, trial.ruleset.programme):
                    screen.say(f"          {line}", markup=True)


def show_coverage(coverage: Coverage) -> None:
    """Prints what the tests saw: a row for each campaign, and below what they did not see."""
    rows, unseen = [], []
    for each in coverage.campaigns.values():
        conditions, effects = each.conditions(coverage.words), each.effects(coverage.words)
        both = sum(seen.yes and seen.no for seen in conditions)
        given = sum(seen.yes for seen in effects)
        fired = "fired" if each.fired else "never fired"
        rows.append(
            (each.campaign.name, each.cases, fired, f"{both} of {len(conditions)}", f"{given} of {len(effects)}")
        )
        unseen += [f"{each.campaign.name}: {said}" for said in _unseen(each, conditions, effects)]
    screen.say("")
    screen.show_table(("campaign", "#cases", "", "#conditions both ways", "#effects"), rows)
    if unseen:
        screen.say("\nnot seen by any test")
        for said in unseen:
            screen.say(f"  {said}")


def summed_up(run: Run) -> str:
    """A sentence for the end."""
    passed = len(run.tried) - run.failed
    awaiting = ", ".join(f"{name} {count}" for name, count in run.awaiting.items())
    waits = sum(bool(tried.awaits) for _, tried in run.tried)
    more = f"; {waits} await later work ({awaiting})" if waits else ""
    return f"{passed} passed, {run.failed} failed{more}"


def _unseen(found: CampaignCoverage, conditions: Iterable[Seen], effects: Iterable[Seen]) -> Iterable[str]:
    if not found.cases:
        yield "no test"
        return
    for seen in conditions:
        missing = [word for word, there in (("true", seen.yes), ("false", seen.no)) if not there]
        if missing:
            yield f"{seen.said} never {' or '.join(missing)}"
    for seen in effects:
        if not seen.yes:
            yield f"{seen.said} never given"


def _as_json(run: Run) -> dict[str, Any]:
    words = run.coverage.words
    return {
        "passed": len(run.tried) - run.failed,
        "failed": run.failed,
        "awaiting": run.awaiting,
        "cases": [_case_json(tried) for _, tried in run.tried],
        "coverage": [
            {
                "campaign": each.campaign.name,
                "cases": each.cases,
                "fired": each.fired,
                "conditions": [
                    {"condition": seen.said, "true": seen.yes, "false": seen.no} for seen in each.conditions(words)
                ],
                "effects": [{"effect": seen.said, "given": seen.yes} for seen in each.effects(words)],
            }
            for each in run.coverage.campaigns.values()
        ],
    }


def _case_json(tried: Tried) -> dict[str, Any]:
    problems: Sequence[dict[str, Any]] = [
        {"step": problem.step, "line": problem.place.line, "said": problem.said} for problem in tried.problems
    ]
    return {
        "file": tried.case.place.path,
        "line": tried.case.place.line,
        "name": tried.case.name,
        "passed": not tried.problems,
        "awaits": list(tried.awaits),
        "problems": problems,
    }

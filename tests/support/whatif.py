"""What-if runs over remembered histories: the report, the tables and every outcome that differs."""

from typing import Any, NamedTuple

from engine.history.history import History
from engine.replay.whatif.asking import Answer, what_if
from engine.replay.whatif.differences import Difference
from engine.replay.whatif.question import Question
from engine.replay.whatif.report import report_of
from engine.replay.whatif.tables import Tables
from engine.ruleset.model import Ruleset


class Quiet:
    """Progress that nobody sees."""

    def reached(self, done: int, total: int | None = None) -> None:
        """Nothing."""


class Run(NamedTuple):
    answer: Answer
    report: dict[str, Any]
    tables: Tables
    differences: list[Difference]


def ask(history: History, rules: Ruleset, processes: int = 1, **question: Any) -> Run:
    """One run."""
    found: list[Difference] = []
    answer = what_if(history, Question(rules, **question), processes, Quiet(), found.append)
    report, tables = report_of(history, answer, ["what is changed"])
    return Run(answer, report, tables, found)

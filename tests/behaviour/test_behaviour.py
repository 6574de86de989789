"""Every case of every numbered line, in every way in which it may be run."""

from pathlib import Path

import pytest

from tests.behaviour.cases import Case, cases, diagnostics, numbered_lines
from tests.behaviour.page import PAGE, page
from tests.behaviour.running import WAYS, Run, Way, subjects

NOT_YET = frozenset((Path(__file__).parent / "not-yet.txt").read_text().splitlines())
ALL = tuple(cases())


def _param(case: Case) -> object:
    marks = [pytest.mark.xfail(strict=True, reason="not decided yet")] if case.id in NOT_YET else []
    return pytest.param(case, id=case.id, marks=marks)


@pytest.mark.parametrize("case", [_param(case) for case in ALL])
def test_behaviour(case: Case) -> None:
    if case.diagnostic:
        assert case.diagnostic in diagnostics(case.folder)
        return
    made = subjects(Run(case, Way(), checking=True).outcomes())
    for way in WAYS:
        again = Run(case, way, checking=False).outcomes()
        assert subjects(again) == made, f"other outcomes with {way}"


def test_every_case_has_a_name_of_its_own() -> None:
    names = [case.id for case in ALL]
    assert len(set(names)) == len(names)
    assert set(names) >= NOT_YET


def test_the_page_names_every_case() -> None:
    assert PAGE.read_text() == page(numbered_lines())

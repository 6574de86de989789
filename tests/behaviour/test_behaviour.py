"""Every case of every numbered line, in every way in which it may be run."""

import pytest

from tests.behaviour.cases import Case, cases, diagnostics, numbered_lines
from tests.behaviour.page import PAGE, page
from tests.behaviour.running import WAYS, Run, Way, subjects

ALL = tuple(cases())


@pytest.mark.parametrize("case", ALL, ids=[case.id for case in ALL])
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


def test_the_page_names_every_case() -> None:
    assert PAGE.read_text() == page(numbered_lines())

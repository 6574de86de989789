"""What an id names: an event, an outcome, a position; or nothing, or more than one thing."""

import pytest

from engine.errors import UsageError
from engine.replay.explaining.finding import NothingFound
from tests.support.explained import enrolled, explained, outcome, sold
from tests.support.programme import ruleset
from tests.support.recorded import Remembered, remember


def two_sources() -> Remembered:
    """Two tills that both count their sales from 1."""
    return remember(
        ruleset(),
        [
            enrolled("M"),
            enrolled("N"),
            sold("M", "1", 1, 3000, source="till/a"),
            sold("N", "1", 1, 7000, source="till/b", transaction_id="B1"),
        ],
    )


def test_an_unknown_id_says_what_was_searched() -> None:
    with pytest.raises(
        NothingFound, match=r"nothing has the id T-404: searched [\d,]+ records of the journal"
    ) as raised:
        explained(two_sources(), "T-404")
    assert raised.value.exit_code == 1


def test_a_position_beyond_the_journal_is_said() -> None:
    with pytest.raises(NothingFound, match="no record of the journal at 0:9999"):
        explained(two_sources(), "0:9999")


def test_an_id_that_two_sources_used_asks_for_the_source() -> None:
    with pytest.raises(UsageError, match=r"--source till/a: transaction.completed of member:M; --source till/b"):
        explained(two_sources(), "1")


def test_with_the_source_only_its_own_chain_is_told() -> None:
    history = two_sources()
    for source, points in (("till/a", 30), ("till/b", 70)):
        found = explained(history, "1", source)
        assert [each.points for each in found.fates] == [points]
        assert found.input is not None
        assert found.input.source == source
        assert {
            told.data["member_id"] for step in found.steps for told in step.outcomes if "member_id" in told.data
        } == {"M" if source == "till/a" else "N"}


def test_an_unknown_source_names_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="till/c sent no event with the id 1; till/a, till/b did"):
        explained(two_sources(), "1", "till/c")


def test_an_outcome_of_either_finds_its_own_source() -> None:
    history = two_sources()
    outcome = next(
        told.id
        for step in explained(history, "1", "till/b").steps
        for told in step.outcomes
        if told.type == "points.awarded"
    )
    found = explained(history, outcome)
    assert found.input is not None
    assert found.input.source == "till/b"


def test_an_event_that_came_again_is_told_once_and_says_where_it_came_again() -> None:
    history = remember(ruleset(), [enrolled("M"), sold("M", "T", 1, 3000), sold("M", "T", 1, 3000)])
    found = explained(history, "T")
    assert found.input is not None
    assert len(found.input.repeats) == 1
    assert (found.status, [each.points for each in found.fates]) == ("decided", [30])
    assert any("came 1 more times" in note for note in found.notes)


def test_the_refusal_of_a_repeat_is_explained_as_such() -> None:
    history = remember(ruleset(), [enrolled("M"), sold("M", "T", 1, 3000), sold("M", "T", 1, 3000)])
    found = explained(history, outcome(history, "decision.recorded", status="refused: duplicate_event"))
    assert found.status == "refused: duplicate_event"
    assert found.summary[0] == "M, 2026-03-03 12:00: refused: the same event had come before."

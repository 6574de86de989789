"""Diagnostics as an author sees them."""

from engine.rulebook.diagnostics import Diagnostic, nearest, shown
from engine.rulebook.rendering import as_values, render

LINE = "  transaction.amount: {at_least: twenty}"
DIAGNOSTIC = Diagnostic(
    "campaigns/double-coffee.yaml",
    12,
    34,
    "field-type",
    "error",
    6,
    'transaction.amount is money; "twenty" is not an amount',
    "write it as 20.00",
)


def test_the_caret_stands_under_the_place_with_the_hint_behind() -> None:
    text = render([DIAGNOSTIC], {DIAGNOSTIC.path: "\n" * 11 + LINE}, "rules/")
    assert text == (
        'rules/campaigns/double-coffee.yaml:12:34: error[field-type]: transaction.amount is money; "twenty" is not an amount\n'
        "   12 |   transaction.amount: {at_least: twenty}\n"
        "      |                                  ^^^^^^ write it as 20.00\n"
    )


def test_a_long_line_is_shown_around_the_place() -> None:
    line = "x" * 5_000 + "HERE" + "y" * 5_000
    _, shown_line, carets = render(
        [Diagnostic("a.yaml", 1, 5_001, "field-type", "error", 4, "m")], {"a.yaml": line}
    ).splitlines()
    assert len(shown_line) < 200
    assert shown_line[carets.index("^") :].startswith("HERE")


def test_control_signs_of_a_file_do_not_reach_the_terminal() -> None:
    text = render([Diagnostic("a.yaml", 1, 1, "field-type", "error", 3, shown("\x1b[31m"))], {"a.yaml": "\x1b[31mred"})
    assert "\x1b" not in text


def test_a_place_without_text_shows_the_hint_alone() -> None:
    text = render([Diagnostic("programme.yaml", 1, 1, "programme-missing", "error", 1, "missing", "write it")], {})
    assert text == "programme.yaml:1:1: error[programme-missing]: missing\n      = write it\n"


def test_values_have_every_part_of_a_diagnostic() -> None:
    (value,) = as_values([DIAGNOSTIC])
    assert value["path"] == "campaigns/double-coffee.yaml"
    assert (value["line"], value["column"], value["length"]) == (12, 34, 6)
    assert (value["code"], value["severity"], value["hint"]) == ("field-type", "error", "write it as 20.00")


def test_the_nearest_name_is_offered_or_the_few_that_there_are() -> None:
    assert nearest("slver", ["silver", "gold"]) == "did you mean silver?"
    assert nearest("xyz", ["silver", "gold"]) == "one of: gold, silver"
    assert nearest("xyz", [f"tier-{n}" for n in range(50)]) == ""

"""The fast reader gives the very nodes of the full parser, places included, or nothing."""

import random
import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.rulebook.diagnostics import Report
from engine.rulebook.yaml_common import read_common
from engine.rulebook.yaml_text import read_fully
from tests.rulebook.test_fuzz_rulebook import RICH, changed
from tests.rulebook.whole import WHOLE

RULES = Path(__file__).parents[2] / "rules"
TEXTS = [RICH, *(text for path, text in WHOLE.items() if path.endswith(".yaml"))]
TEXTS += [path.read_text(encoding="utf-8") for path in sorted(RULES.rglob("*.yaml"))]
PIECES = [
    "a",
    "b c",
    "k: ",
    "k:",
    "- ",
    "-",
    "  ",
    "\n",
    "\n  ",
    "\n    ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    ",",
    "'x'",
    '"y"',
    "'",
    '"',
]
PIECES += [
    "# c",
    " #",
    "#",
    ":",
    "10:30",
    "1.00",
    "|",
    ">",
    "&a",
    "*a",
    "!t",
    "?",
    "%",
    "@",
    "---",
    "...",
    "~",
    "=",
    "<<",
    "\t",
]


def compare(text: str) -> bool:
    """Whether the fast reader answered; what it answers must be right."""
    fast = read_common("x.yaml", text)
    if fast is None:
        return False
    report = Report()
    assert fast == read_fully("x.yaml", text, report), text
    assert report.sorted() == ()
    return True


def test_it_reads_most_of_what_is_written() -> None:
    answered = [compare(text) for text in TEXTS]
    assert sum(answered) > len(answered) * 2 // 3


def test_it_is_right_or_silent_on_changed_texts(rng: random.Random) -> None:
    answered = 0
    for _ in range(600):
        answered += compare(changed(rng.choice(TEXTS), rng))
    assert answered > 50


def test_it_is_right_or_silent_on_texts_with_other_spaces(rng: random.Random) -> None:
    for _ in range(400):
        text = rng.choice(TEXTS)
        spaces = [found.start() for found in re.finditer("[ \n]", text)]
        at = rng.choice(spaces)
        compare(
            text[:at]
            + rng.choice(["", " ", "  ", "\n", " \n ", "\n\n", " # x\n", "#"])
            + text[at + rng.randint(0, 1) :]
        )


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@settings(max_examples=1500, deadline=None)
def test_it_is_right_or_silent_on_pieces_of_yaml(text: str) -> None:
    compare(text)
    compare("k: " + text)
    compare("k:\n  " + text)

"""The page that says which case shows which numbered line: `python -m tests.behaviour.page` writes it anew."""

from collections.abc import Iterable
from pathlib import Path

from tests.behaviour.cases import NumberedLine, numbered_lines

PAGE = Path(__file__).parents[2] / "docs" / "behaviour.md"
HEAD = """# Behaviour, line by line

What happens exactly, numbered; tests and code quote the numbers. Each line is shown by the cases of a file of its own in
`tests/behaviour/` (`B-22.yaml` for B-22): a folder of rules, the events, and all that each of them causes. Every case runs
through intake and partitions in batches of 1, 7 and 100 records, with 1 and 3 partitions, and with a crash after every batch,
and must give the same outcomes; after every step the books balance. `pytest tests/behaviour -k "B-22"` runs the cases of a line.

This page is made of those files by `python -m tests.behaviour.page`; a test holds it to them.
"""


def page(lines: Iterable[NumberedLine]) -> str:
    """The whole page."""
    rows = ["| line | what it says | cases |", "|---|---|---|"]
    for line in lines:
        names = "<br>".join(case.name for case in line.cases)
        rows.append(f"| {line.number} | {line.says} | {names} |")
    return "\n".join([HEAD, *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(page(numbered_lines()))

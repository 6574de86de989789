"""YAML is read as written, with places."""

import pytest

from engine.rulebook.diagnostics import Report
from engine.rulebook.nodes import Map, Node, Scalar, Sequence
from engine.rulebook.yaml_text import read_yaml


def read(text: str) -> tuple[Node | None, list[tuple[str, int, int]]]:
    report = Report()
    node = read_yaml("a.yaml", text, report)
    return node, [(each.code, each.line, each.column) for each in report.sorted()]


def plain(node: Node | None) -> object:
    match node:
        case Scalar(text):
            return text
        case Sequence(items):
            return [plain(item) for item in items]
        case Map(entries):
            return {key.text: plain(value) for key, value in entries}
        case _:
            return None


@pytest.mark.parametrize(
    "text", ["no", "1:30", "0123", "20.00", "null", "~", "2026-11-01", "0x10", "1e3", "TRUE", ".inf", "<<"]
)
def test_a_scalar_stays_as_written(text: str) -> None:
    node, said = read(f"key: {text}")
    assert plain(node) == {"key": text}
    assert said == []


def test_places_count_from_one_and_have_the_length_of_the_text() -> None:
    node, _ = read('a:\n  - b\n  - "é c": [d]\n')
    assert isinstance(node, Map)
    ((_, items),) = node.entries
    assert isinstance(items, Sequence)
    assert items.items[0].place == ("a.yaml", 2, 5, 1)
    assert isinstance(items.items[1], Map)
    assert items.items[1].entries[0][0].place == ("a.yaml", 3, 5, 5)


def test_quoted_texts_and_blocks_are_texts() -> None:
    node, said = read("a: ''\nb: |\n  two\n  lines\nc: 'it''s'\n")
    assert plain(node) == {"a": "", "b": "two\nlines\n", "c": "it's"}
    assert said == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", [("empty-file", 1, 1)]),
        ("# only a remark\n", [("empty-file", 1, 1)]),
        ("---\n", [("empty-file", 1, 1)]),
        ("a: 1\na: 2\nb: {c: 1, c: 2}", [("duplicate-key", 2, 1), ("duplicate-key", 3, 11)]),
        ("a: 1\n---\nb: 2", [("many-documents", 2, 1)]),
        ("a: &x 1\nb: *x", [("yaml-alias", 1, 4), ("yaml-alias", 2, 4)]),
        ("a: !!python/object:os.system x", [("yaml-tag", 1, 4)]),
        ("a: [1", [("yaml-syntax", 1, 6)]),
        ("a: b: c", [("yaml-syntax", 1, 5)]),
        ("\tx: 1", [("yaml-syntax", 1, 1)]),
        ("a: \x07", [("yaml-syntax", 1, 4)]),
        ("a: \ud800", [("yaml-syntax", 1, 4)]),
        ('a: "\\ud800"', [("yaml-syntax", 1, 4)]),
        ("? [a]\n: b", [("wrong-shape", 1, 3)]),
        ("%YAML 99999.9\n---\na: 1", [("yaml-syntax", 1, 1)]),
    ],
)
def test_what_is_not_in_the_language_is_said(text: str, said: list[tuple[str, int, int]]) -> None:
    assert read(text)[1] == said


def test_what_was_read_before_a_second_document_is_kept() -> None:
    assert plain(read("a: 1\n---\nb: 2")[0]) == {"a": "1"}


def test_a_bomb_of_aliases_is_not_unfolded() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    node, said = read(bomb)
    assert node is None
    assert {code for code, _, _ in said} == {"yaml-alias"}

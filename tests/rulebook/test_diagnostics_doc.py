"""Every code has its section in docs/rules/diagnostics.md, whose example gives exactly what the section shows."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.rulebook.compiler import STAGES, compile_folder, compile_sources
from engine.rulebook.diagnostics import CODES, MOST_IN_A_FILE
from engine.rulebook.matching import left_to_plain
from engine.rulebook.rendering import render
from engine.rulebook.yaml_text import DEEPEST, LARGEST
from tests.rulebook.samples import campaign, compiled, sources

PAGE = Path(__file__).parents[2] / "docs" / "rules" / "diagnostics.md"
FILE = re.compile(r"^`([^`\n]+)`\n```(?:yaml|csv)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAID = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Section(NamedTuple):
    severity: str
    files: dict[str, str]
    said: str
    repaired: dict[str, str]


def read() -> tuple[dict[str, str], dict[str, Section]]:
    first, *rest = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = {}
    for text in rest:
        code = text[1 : text.index("`", 1)]
        mistake, _, repair = text.partition("\nRepair:")
        said = SAID.search(mistake)
        severity = mistake.split("\n\n")[1].split(".")[0].strip("*").lower()
        sections[code] = Section(
            severity, dict(FILE.findall(mistake)), said[1] if said else "", dict(FILE.findall(repair))
        )
        assert repair, f"{code} has no repair"
    return dict(FILE.findall(first)), sections


BESIDE, SECTIONS = read()
SHOWN = sorted(code for code, section in SECTIONS.items() if section.files)


def test_every_code_has_its_section_and_no_other_has() -> None:
    assert list(SECTIONS) == list(CODES)
    assert {code: section.severity for code, section in SECTIONS.items()} == CODES


@pytest.mark.parametrize("code", SHOWN)
def test_the_example_says_what_the_section_shows_and_nothing_else(code: str) -> None:
    files = BESIDE | SECTIONS[code].files
    found = compile_sources(files)
    shown = [diagnostic for diagnostic in found.diagnostics if diagnostic.code == code]
    assert {diagnostic.code for diagnostic in found.diagnostics} - {"decided-later"} <= {code}
    assert render(shown, files, "rules") == SECTIONS[code].said


@pytest.mark.parametrize("code", [code for code in SHOWN if SECTIONS[code].repaired])
def test_the_repair_leaves_nothing_to_say(code: str) -> None:
    found = compile_sources(BESIDE | SECTIONS[code].repaired)
    assert found.diagnostics == ()
    assert found.ruleset is not None


def test_codes_without_an_example_have_their_case_here() -> None:
    assert set(CODES) - set(SHOWN) == {
        "not-utf8",
        "too-large",
        "too-deep",
        "programme-missing",
        "too-many",
        "rete-left-to-plain",
    }


def test_bytes_that_are_not_utf8_are_said_at_their_place(tmp_path: Path) -> None:
    for path, text in sources().items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    (tmp_path / "messages.yaml").write_bytes(b"messages:\n  caf\xe9: {}\n")
    found = compile_folder(tmp_path)
    (said,) = found.diagnostics
    assert (said.path, said.line, said.column, said.code) == ("messages.yaml", 2, 6, "not-utf8")
    assert found.ruleset is None


def test_a_large_file_is_not_read() -> None:
    assert [each.code for each in compiled(messages="#" * (LARGEST + 1)).diagnostics] == ["too-large"]


def test_deep_nesting_is_not_followed() -> None:
    deep = "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)
    assert [each.code for each in compiled(messages=deep).diagnostics] == ["too-deep"]


def test_a_folder_without_programme_is_said() -> None:
    found = compile_sources({"campaigns/a.yaml": campaign("a", "priority: 1")})
    assert "programme-missing" in {each.code for each in found.diagnostics}
    assert found.ruleset is None


def test_a_file_wrong_throughout_is_not_said_for_ever() -> None:
    found = compiled({"a": "\n".join(f"key{n}: 1" for n in range(500))})
    codes = [each.code for each in found.diagnostics]
    assert len(codes) == MOST_IN_A_FILE
    assert codes.count("too-many") == 1


def test_all_mistakes_of_all_files_are_said_in_one_run_in_order() -> None:
    files = dict(BESIDE)
    for code in ("field-type", "unknown-key", "never-holds", "no-end", "unknown-effect"):
        (text,) = SECTIONS[code].files.values()
        files[f"campaigns/{code}.yaml"] = text.replace("campaign: bonus", f"campaign: {code}")
    found = compile_sources(files)
    expected = ["field-type", "never-holds", "no-end", "unknown-effect", "unknown-key"]
    assert [each.code for each in found.diagnostics] == expected
    assert list(found.diagnostics) == sorted(found.diagnostics)


def test_the_stages_are_a_visible_list() -> None:
    assert [stage.__name__ for stage in STAGES] == [
        "load",
        "shape",
        "names",
        "types",
        "fitting",
        "reachability",
        "lint",
        "emit",
    ]


def test_a_shape_that_durable_rules_is_not_given_is_said_with_its_reason() -> None:
    found = compile_sources(sources())
    assert found.ruleset is not None
    names = [campaign.name for campaign in found.ruleset.campaigns]
    said = left_to_plain(found, lambda campaign: "it asks for an opt-in" if campaign.name == names[0] else None)
    assert [(each.path, each.code, each.severity) for each in said] == [
        (f"campaigns/{names[0]}.yaml", "rete-left-to-plain", "info")
    ]
    assert "it asks for an opt-in" in said[0].message

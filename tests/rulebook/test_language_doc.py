"""docs/rules/language.md mentions every entry of the language's tables, with its meaning."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.rulebook.compiler import compile_sources
from engine.rulebook.fields import FIELDS, TESTS
from engine.rulebook.language import EFFECTS, FILES, INPUTS
from engine.rulebook.later import LATER, OUTCOMES, later
from engine.rulebook.scalars import READERS
from engine.rulebook.shapes import Choice, Key, ListOf, MapOf, Record, Shape
from tests.rulebook.samples import sources

PAGE = (Path(__file__).parents[2] / "docs" / "rules" / "language.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ")]


def keys(shape: Shape) -> Iterator[Key]:
    match shape:
        case Record():
            for key in shape.keys:
                yield key
                yield from keys(key.shape)
        case ListOf(item=inner) | MapOf(value=inner):
            yield from keys(inner)
        case _:
            return


def all_keys() -> list[Key]:
    shapes = [kind.shape for kind in FILES] + [kind.shape for kind in EFFECTS.values()]
    return list({(key.name, key.meaning): key for shape in shapes for key in keys(shape)}.values())


@pytest.mark.parametrize("key", all_keys(), ids=lambda key: key.name)
def test_every_key_is_in_the_reference(key: Key) -> None:
    needed = " (needed)" if key.required else ""
    found = [row for row in ROWS if row.startswith(f"| `{key.name}`{needed} |") and row.endswith(f"| {key.meaning} |")]
    assert found
    if isinstance(key.shape, Choice):
        assert all(f"`{option}`" in found[0] for option in key.shape.options)


@pytest.mark.parametrize("name", [*(kind.pattern for kind in FILES), *EFFECTS])
def test_every_kind_of_file_and_every_effect_has_its_section(name: str) -> None:
    assert f"\n### `{name}`\n" in PAGE


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_field_is_in_the_reference(field: object) -> None:
    name, meaning = getattr(field, "name", ""), getattr(field, "meaning", "")
    before, star, after = name.partition("*")
    named = [row for row in ROWS if row.startswith(f"| `{before}{'<' if star else ''}") and f"{after}` |" in row]
    assert any(row.endswith(f"| {meaning} |") for row in named)


@pytest.mark.parametrize("word", TESTS)
def test_every_test_is_in_the_reference(word: str) -> None:
    shown = "a bare value or list" if word == "equals" else f"`{word}`"
    assert any(row.startswith(f"| {shown} |") and row.endswith(f"| {TESTS[word].meaning} |") for row in ROWS)


@pytest.mark.parametrize("kind", READERS)
def test_every_type_is_in_the_reference(kind: str) -> None:
    assert f"| {kind} | {READERS[kind].says} | `{READERS[kind].example}` |" in ROWS


def test_the_events_are_in_the_reference() -> None:
    assert all(f"`{event}`" in PAGE for event in (*INPUTS, *OUTCOMES))


def test_the_example_compiles() -> None:
    example = PAGE.split("```yaml\n")[1].split("```")[0]
    messages = "messages: {two-coffees-needed: {}}\n"
    found = compile_sources(sources(messages=messages) | {"campaigns/double-coffee.yaml": example})
    assert found.diagnostics == ()


def test_nothing_is_both_decided_and_to_come() -> None:
    decided = {
        *(kind.pattern for kind in FILES),
        *(f"effect:{name}" for name in EFFECTS),
        *(f"field:{field.name}" for field in FIELDS),
        *(f"test:{word}" for word in TESTS),
        *(f"on={event}" for event in INPUTS),
        *(f"trigger={event}" for event in OUTCOMES),
    }
    records = [kind.shape for kind in FILES if isinstance(kind.shape, Record)]
    records += [kind.shape for kind in EFFECTS.values()]
    decided |= {f"{record.name}.{key.name}" for record in records for key in record.keys}
    assert not decided & set(LATER)
    assert not [name for name in decided if later("", name)]

"""docs/rules/language.md holds the reference that the language's tables give, and its examples compile."""

from pathlib import Path

import pytest

from engine.rulebook.compiler import compile_sources
from engine.rulebook.events import EVENTS
from engine.rulebook.fields import FIELDS
from engine.rulebook.language import EFFECTS, FILES
from engine.rulebook.later import LATER, later
from engine.rulebook.reference import written
from engine.rulebook.shapes import Choice, Either, ListOf, MapOf, Record, Shape
from schemas.registry import INPUTS, OUTPUTS
from tests.rulebook.samples import sources

PAGE = (Path(__file__).parents[2] / "docs" / "rules" / "language.md").read_text(encoding="utf-8")


def test_the_page_holds_the_reference_of_the_tables() -> None:
    assert written(PAGE) == PAGE, "python -m engine.rulebook.reference writes it"


def test_the_example_compiles() -> None:
    example = PAGE.split("```yaml\n")[1].split("```")[0]
    messages = "messages: {two-coffees-needed: {}}\n"
    found = compile_sources(sources(messages=messages) | {"campaigns/double-coffee.yaml": example})
    assert found.diagnostics == ()


def names(shape: Shape, seen: set[str]) -> set[str]:
    """What LATER could call the parts of a shape."""
    match shape:
        case Record(name=name):
            for key in shape.keys:
                seen.add(f"{name}.{key.name}")
                names(key.shape, seen)
        case Choice(name=name, options=options):
            seen.update(f"{name}={option}" for option in options)
        case Either(name=name, options=options):
            seen.add(f"{name}={{}}")
            for option in options:
                names(option, seen)
        case ListOf(item=inner) | MapOf(value=inner):
            names(inner, seen)
        case _:
            pass
    return seen


def known() -> set[str]:
    seen = {kind.pattern for kind in FILES} | {f"effect:{name}" for name in EFFECTS}
    seen |= {f"field:{field.name}" for field in FIELDS}
    for shape in [kind.shape for kind in FILES] + [kind.shape for kind in EFFECTS.values()]:
        names(shape, seen)
    return seen


@pytest.mark.parametrize("key", LATER)
def test_what_is_decided_later_is_in_the_language(key: str) -> None:
    before, star, _ = key.partition("*")
    fitting = [name for name in known() if name == key or (star and name.startswith(before))]
    assert fitting
    assert all(later("", name) for name in fitting)


def test_every_event_is_one_of_the_public_contract() -> None:
    assert [name for name in EVENTS if name not in (*INPUTS, *OUTPUTS) and name != "custom.*"] == []

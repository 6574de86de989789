"""The user's reference of the contract names all of it."""

from pathlib import Path
from typing import get_args

import pytest

from engine.wire.unreadable import Code
from schemas.registry import INPUTS, OUTPUTS

TEXT = (Path(__file__).parents[2] / "docs" / "events.md").read_text()


@pytest.mark.parametrize("event_type", INPUTS)
def test_an_input_is_documented_with_its_fields(event_type: str) -> None:
    assert f"`{event_type}`" in TEXT
    for field in INPUTS[event_type].model.model_fields:
        assert field in TEXT


@pytest.mark.parametrize("event_type", OUTPUTS)
def test_an_output_is_documented(event_type: str) -> None:
    family, _, step = event_type.partition(".")
    assert f"`{event_type}`" in TEXT or f"`{family}." in TEXT
    assert f"`{event_type}`" in TEXT or f"`.{step}`" in TEXT or event_type == "custom"


@pytest.mark.parametrize("code", get_args(Code))
def test_a_code_of_dead_letters_is_documented(code: str) -> None:
    assert f"`{code}`" in TEXT

"""Checking what changed says of it what checking everything says."""

from pathlib import Path

import pytest

from engine.rulebook.compiler import check_changed, compile_folder
from tests.rulebook.whole import WHOLE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    messages = WHOLE["messages.yaml"].replace(
        "messages:\n", "messages:\n  stamped: {on: points.awarded, when: {points.campaign: bundles}}\n"
    )
    for path, text in {**WHOLE, "messages.yaml": messages}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert compile_folder(tmp_path).ruleset is not None
    return tmp_path


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("campaigns/base-earn.yaml", "points: 1", "points: one"),
        ("campaigns/double-coffee.yaml", "[silver, gold]", "[silver, platinum]"),
        ("campaigns/stamp-card.yaml", "thanks-2026", "thanks-2027"),
        ("campaigns/birthday.yaml", "campaign: birthday", "campaign: birthdays"),
        ("messages.yaml", "tier.after: gold", "tier.after: golden"),
        ("programme.yaml", "zone: America/New_York", "zone: America"),
        ("tiers/status.yaml", "tier_points: 50000", "tier_points: 5"),
    ],
)
def test_what_changed_is_told_as_in_a_full_check(folder: Path, path: str, old: str, new: str) -> None:
    text = (folder / path).read_text(encoding="utf-8")
    assert old in text
    (folder / path).write_text(text.replace(old, new, 1), encoding="utf-8")
    full = [each for each in compile_folder(folder).diagnostics if each.severity == "error"]
    some = [each for each in check_changed(folder, {path}).diagnostics if each.severity == "error"]
    assert some == full
    assert full


def test_nothing_is_told_where_all_is_well(folder: Path) -> None:
    told = check_changed(folder, {"campaigns/base-earn.yaml"})
    assert told.diagnostics == ()
    assert "campaigns/bundles.yaml" not in told.sources

"""The schemas that editors complete by take what compiles, and refuse mistakes where they stand."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from engine.rulebook.compiler import read_folder
from engine.rulebook.diagnostics import Report
from engine.rulebook.language import FILES, kind_of_file
from engine.rulebook.nodes import Map, Node, Scalar, Sequence
from engine.rulebook.schema import FOLDER, schemas_for, schemas_of
from engine.rulebook.shapes import Table
from engine.rulebook.yaml_text import read_yaml
from tests.rulebook.whole import WHOLE

RULES = Path(__file__).parents[2] / "rules"
SAMPLE = sorted(path for path in read_folder(RULES, Report()) if path.endswith(".yaml") and ".test." not in path)


def plain(node: Node) -> Any:
    """What an editor reads, by the core schema of YAML 1.2."""
    match node:
        case Map():
            return {key.text: plain(value) for key, value in node.entries}
        case Sequence():
            return [plain(item) for item in node.items]
        case Scalar(text, quoted=True):
            return text
        case Scalar(text):
            if text in ("true", "false"):
                return text == "true"
            if re.fullmatch(r"[-+]?[0-9]+", text):
                return int(text)
            if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", text):
                return float(text)
            return None if text in ("", "null", "~") else text


def wrong(schemas: Mapping[str, Any], path: str, text: str) -> list[str]:
    kind = kind_of_file(path)
    assert kind is not None
    root = read_yaml(path, text, Report())
    assert root is not None
    return [error.message for error in Draft7Validator(schemas[kind.name]).iter_errors(plain(root))]


@pytest.fixture(scope="module")
def schemas() -> Mapping[str, Any]:
    return schemas_of(WHOLE)


def test_every_kind_of_yaml_file_has_a_schema(schemas: Mapping[str, Any]) -> None:
    assert set(schemas) == {kind.name for kind in FILES if not isinstance(kind.shape, Table)}
    for schema in schemas.values():
        Draft7Validator.check_schema(schema)


@pytest.mark.parametrize("path", [path for path in WHOLE if path.endswith(".yaml")])
def test_what_compiles_is_taken(schemas: Mapping[str, Any], path: str) -> None:
    assert wrong(schemas, path, WHOLE[path]) == []


@pytest.mark.parametrize("path", SAMPLE)
def test_the_sample_is_taken_and_names_its_schema(path: str) -> None:
    kind = kind_of_file(path)
    assert kind is not None
    text = (RULES / path).read_text(encoding="utf-8")
    up = "../" * path.count("/") or "./"
    assert text.startswith(f"# yaml-language-server: $schema={up}{FOLDER}/{kind.name}.json\n")
    assert wrong(schemas_for(RULES), path, text) == []


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("campaigns/base-earn.yaml", "on: transaction.completed", "on: transaction.complete"),
        ("campaigns/base-earn.yaml", "points: 1", "points: -1"),
        ("campaigns/base-earn.yaml", "per: 1.00", "per: much"),
        ("campaigns/base-earn.yaml", "base:", "basis:"),
        ("campaigns/base-earn.yaml", "award_points", "award_point"),
        ("campaigns/double-coffee.yaml", "[silver, gold]", "[silver, platinum]"),
        ("campaigns/double-coffee.yaml", "counter.visits", "counter.visit"),
        ("campaigns/double-coffee.yaml", "last: 30 days", "last: long"),
        ("campaigns/double-coffee.yaml", "member.profile.city", "member.profile.town"),
        ("campaigns/double-coffee.yaml", "{in: airports}", "{in: harbours}"),
        ("campaigns/double-coffee.yaml", "group: multipliers", "group: divisors"),
        ("campaigns/double-coffee.yaml", "{times: 1, each: day}", "{times: 1, points: 1}"),
        ("campaigns/double-coffee.yaml", "is: weekday-morning", "is: sunday"),
        ("campaigns/stamp-card.yaml", "voucher: free-refill", "voucher: refill"),
        ("campaigns/bundles.yaml", "per: 1.00, each_line", "every: 1.00, each_line"),
        ("campaigns/birthday.yaml", "member.profile.birthday", "member.profile.born"),
        ("campaigns/win-back.yaml", "90 days", "90"),
        ("tiers/status.yaml", "counter.outlets", "counter.shops"),
        ("tiers/status.yaml", "until: end_of_next_year", "until: tomorrow"),
        ("vouchers/percent.yaml", "12.5", "120"),
        ("vouchers/gift-card.yaml", "pool: amazon", "pool: ebay"),
        ("vouchers/free-refill.yaml", "FRY-############", "FRY-####"),
        ("achievements/explorer.yaml", "counter.outlets", "counter.shops"),
        ("messages.yaml", "tier.after: gold", "tier.after: golden"),
        ("feedback.yaml", "check: validity", "check: luck"),
        ("programme.yaml", "keep: highest", "keep: best"),
    ],
)
def test_a_mistake_is_refused(schemas: Mapping[str, Any], path: str, old: str, new: str) -> None:
    assert old in WHOLE[path]
    assert wrong(schemas, path, WHOLE[path].replace(old, new, 1)) != []

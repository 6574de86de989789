"""`guerdon rules schema` and `check --changed`: what an editor and a save need."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from engine.cli.main import app
from tests.rulebook.samples import sources


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, text in sources({"a": "priority: 1", "b": "priority: 2"}).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_a_schema_of_each_kind_of_file_is_written_and_is_no_rule(folder: Path) -> None:
    assert run("rules", "schema", folder).exit_code == 0
    schema = orjson.loads((folder / ".schemas" / "campaign.json").read_bytes())
    assert "member.tier" in schema["definitions"]["condition-audience"]["properties"]
    assert run("rules", "check", folder).exit_code == 0


def test_only_what_changed_is_told(folder: Path) -> None:
    (folder / "campaigns" / "a.yaml").write_text("campaign: a\n")
    (folder / "campaigns" / "b.yaml").write_text("campaign: b\n")
    told = run("rules", "check", folder, "--changed", "campaigns/a.yaml")
    assert told.exit_code == 1
    assert "campaigns/a.yaml" in told.stderr
    assert "campaigns/b.yaml" not in told.stderr
    (folder / "campaigns" / "a.yaml").write_text("campaign: a\non: member.enrolled\nthen: [add_tag: new]\n")
    assert run("rules", "check", folder, "--changed", "campaigns/a.yaml").exit_code == 0

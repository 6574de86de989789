"""What commands say and end with before any broker is asked."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from engine.broker.settings import load_settings
from engine.cli.deployment import DATA_DIR, WORD, deployment
from engine.cli.main import app
from engine.errors import UsageError
from engine.rulebook.compiler import compile_folder

ROOT = Path(__file__).parents[2]
NOWHERE = "127.0.0.1:1"  # nobody listens there


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def lines_file(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(line + "\n" for line in lines))
    return path


def test_init_writes_a_deployment_whose_rules_compile(tmp_path: Path) -> None:
    made = run("init", tmp_path / "shop")
    assert made.exit_code == 0, made.stderr
    written = {str(path.relative_to(tmp_path / "shop")) for path in (tmp_path / "shop").rglob("*") if path.is_file()}
    assert {"README.md", "topics.yaml", ".env.example", ".gitignore", "rules/programme.yaml"} <= written
    compiled = compile_folder(tmp_path / "shop" / "rules")
    assert compiled.ruleset is not None
    assert not compiled.diagnostics
    checked = run("rules", "check", tmp_path / "shop" / "rules")
    assert checked.exit_code == 0
    assert compiled.ruleset.digest in checked.stdout


def test_the_sample_has_the_topics_of_the_project() -> None:
    sample = ROOT / "engine" / "cli" / "sample" / "topics.yaml"
    assert sample.read_text() == (ROOT / "topics.yaml").read_text()


def test_the_samples_settings_are_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    example = (ROOT / "engine" / "cli" / "sample" / "env.example").read_text()
    settings = [line.removeprefix("#") for line in example.splitlines() if line.startswith(("#GUERDON_", "#KAFKA_"))]
    assert len(settings) > 10
    values = {"GUERDON_SECRET=": "s" * 32, "GUERDON_SASL_USERNAME=": "user", "GUERDON_SASL_PASSWORD=": "word"}
    path = tmp_path / "all.env"
    path.write_text("".join(f"{setting}{values.get(setting, '')}\n" for setting in settings))
    monkeypatch.setenv("GUERDON_SETTINGS", str(path))
    assert load_settings().sasl_mechanism == "SCRAM-SHA-512"


def test_init_leaves_alone_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    refused = run("init", tmp_path)
    assert refused.exit_code == 2
    assert "not empty" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("state", "HH-1"), 2, "such as member:HH-1"),
        (("state", "member:"), 2, "is no subject"),
        (("tail", "points", "--until-end"), 2, "--until-end reads nothing without --from-start"),
        (("feed", "nowhere.jsonl"), 2, "nowhere.jsonl: No such file"),
        (("feed", "completejourney", "other.jsonl"), 2, "stands alone"),
        (("feed", "x.jsonl", "--all"), 2, "belong to `guerdon feed completejourney`"),
        (("feed", "completejourney", "--all", "--households", "3"), 2, "exclude each other"),
        (("rules", "check", "nowhere"), 2, "nowhere is not a folder of rules"),
        (("simulate", "--out", "out"), 2, "say either --events or --journal"),
        (("simulate", "--out", "out", "--rules", "nowhere", "--events", "x"), 2, "nowhere: No such file"),
        (
            ("simulate", "--out", "out", "--journal", "x", "--until", "2017-01-01T00:00:00Z"),
            2,
            "--until goes with --events",
        ),
        (("clock", "confirm", "yesterday"), 2, "not an RFC 3339 instant"),
        (("dead-letters", "requeue"), 2, "say which"),
        (("dead-letters", "requeue", "abc", "--all"), 2, "say which"),
        (("up", "--exit-when-done"), 2, "goes with --baskets"),
        (("topics", "plan"), 2, "topics.yaml"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(arguments: tuple[str, ...], code: int, says: str) -> None:
    refused = run(*arguments)
    assert refused.exit_code == code, refused.output
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr


def test_debug_shows_where_an_error_comes_from() -> None:
    assert "Traceback" in run("--debug", "state", "HH-1").stderr


def test_a_broker_that_is_not_set_is_named() -> None:
    refused = run("tail", "points")
    assert refused.exit_code == 2
    assert "KAFKA_BOOTSTRAP is not set" in refused.stderr


def test_a_broker_that_is_away_is_no_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", NOWHERE)
    monkeypatch.setenv("GUERDON_REQUEST_TIMEOUT_MS", "500")
    away = run("tail", "points")
    assert away.exit_code == 69
    assert NOWHERE in away.stderr


def test_a_bad_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUERDON_WEB_PORT", "many")
    refused = run("tail", "points")
    assert refused.exit_code == 2
    assert "GUERDON_WEB_PORT" in refused.stderr


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"topic":"members"', "lines.jsonl:2: "),
        ('{"topic":"members","key":"a"}', "lines.jsonl:2: `value` is missing"),
        ('{"topic":"membres","key":"a","value":{}}', "membres is no input topic; did you mean members?"),
        ('{"topic":"journal","key":"a","value":{}}', "journal is no input topic"),
    ],
)
def test_one_bad_line_and_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, says: str
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", NOWHERE)  # asking it would end with 69
    refused = run("feed", lines_file(tmp_path, '{"topic":"loyalty.members","key":"a","value":{}}', line))
    assert refused.exit_code == 2
    assert says in refused.stderr


def test_errors_in_rules_are_shown_with_their_places() -> None:
    run("init", "shop")
    campaign = Path("shop/rules/campaigns/base-earn.yaml")
    campaign.write_text(campaign.read_text().replace("points: 1", "points: -1"))
    wrong = run("rules", "check", "shop/rules")
    assert wrong.exit_code == 1
    assert "shop/rules/campaigns/base-earn.yaml:" in wrong.stderr
    assert "^" in wrong.stderr
    assert "1 error in the rules" in wrong.stderr
    listed = run("rules", "check", "shop/rules", "--json")
    assert listed.exit_code == 1
    assert orjson.loads(listed.stdout)["diagnostics"][0]["path"] == "campaigns/base-earn.yaml"


def test_settings_go_before_the_word_of_a_running_up(monkeypatch: pytest.MonkeyPatch) -> None:
    DATA_DIR.mkdir()
    (DATA_DIR / WORD).write_bytes(orjson.dumps({"settings": {"bootstrap": NOWHERE, "embedded": True}}))
    assert deployment().bootstrap == NOWHERE
    assert deployment().embedded
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "kafka:9092")
    assert deployment().bootstrap == "kafka:9092"
    assert not deployment().embedded


def test_damaged_word_of_an_up_is_named() -> None:
    DATA_DIR.mkdir()
    (DATA_DIR / WORD).write_text("{")
    with pytest.raises(UsageError, match=r"up\.json cannot be read"):
        deployment()

"""`guerdon rules` without a broker: what test, explain and diff print, and what they end with."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from engine.cli.main import app
from tests.support.coffee import GIVEN, RULES, SALE, TEST, case
from tests.support.workers import cloudevent


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return written(tmp_path / "shop", {**RULES, TEST: GIVEN + case(SALE, "{award_points: 24}")})


def written(folder: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_tests_that_pass_end_with_0_and_show_what_they_saw(shop: Path) -> None:
    ran = run("rules", "test", shop)
    assert ran.exit_code == 0, ran.stderr
    assert "1 passed, 0 failed" in ran.stdout
    assert "double-coffee: when: transaction.channel is app never false" in ran.stdout
    assert "double-coffee: otherwise: notify two-coffees-needed never given" in ran.stdout
    assert "base: no test" in ran.stdout
    assert "FAIL" not in ran.stdout


def test_a_failing_case_shows_place_difference_and_with_verbose_its_conditions(shop: Path) -> None:
    (shop / TEST).write_text(GIVEN + case(SALE.replace("quantity: 2", "quantity: 1"), "{award_points: 24}"))
    ran = run("rules", "test", shop)
    assert ran.exit_code == 1
    assert f"FAIL  {shop}/{TEST}:4  a case" in ran.stdout
    assert f"{shop}/{TEST}:6  step 1, transaction, at 2026-11-03T09:00" in ran.stdout
    assert "expected award_points 24 points; happened notify two-coffees-needed" in ran.stdout
    assert "coffee.pieces" not in ran.stdout.split("not seen by any test")[0]
    verbose = run("rules", "test", shop, "--verbose").stdout
    assert "no  coffee.pieces at least 2  seen: 1 (lines 1)" in verbose
    assert "yes transaction.amount at least 20.00  seen: 24.00" in verbose
    assert "1 of 1 cases failed" in ran.stderr


def test_it_fails_where_nothing_ran(shop: Path) -> None:
    (shop / TEST).unlink()
    ran = run("rules", "test", shop)
    assert ran.exit_code == 1
    assert "no test ran" in ran.stderr


def test_a_mistake_in_a_test_is_shown_like_one_in_a_rule(shop: Path) -> None:
    (shop / TEST).write_text(GIVEN + case("transaction: {chanel: app}", "nothing"))
    ran = run("rules", "test", shop)
    assert ran.exit_code == 1
    assert f'{shop}/{TEST}:5:26: error[unknown-key]: "chanel" is no field here' in ran.stderr
    assert "^^^^^^ did you mean channel?" in ran.stderr


def test_json_has_every_case_and_the_coverage(shop: Path) -> None:
    shown = orjson.loads(run("rules", "test", shop, "--json").stdout)
    assert (shown["passed"], shown["failed"], shown["awaiting"]) == (1, 0, {})
    assert shown["cases"][0] == {
        "file": TEST,
        "line": 4,
        "name": "a case",
        "passed": True,
        "awaits": [],
        "problems": [],
    }
    coverage = {each["campaign"]: each for each in shown["coverage"]}
    assert coverage["double-coffee"]["effects"] == [
        {"effect": "then: points 1 per 1.00 of coffee", "given": True},
        {"effect": "otherwise: notify two-coffees-needed", "given": False},
    ]
    assert {"condition": "when: coffee.pieces at least 2", "true": True, "false": False} in coverage["double-coffee"][
        "conditions"
    ]


def test_diff_says_what_changed_one_line_each(shop: Path, tmp_path: Path) -> None:
    other = {name: text.replace("points: 1, per: 1.00, of", "points: 2, per: 1.00, of") for name, text in RULES.items()}
    changed = written(tmp_path / "other", other)
    ran = run("rules", "diff", shop, changed)
    assert ran.exit_code == 0
    assert ran.stdout == "campaign double-coffee: points 1 -> 2 per 1.00 of coffee\n"
    assert run("rules", "diff", shop, shop).stdout == "the same rules\n"
    shown = orjson.loads(run("rules", "diff", shop, changed, "--json").stdout)
    assert shown["differences"] == [
        {
            "kind": "campaign",
            "name": "double-coffee",
            "change": "changed",
            "said": ["points 1 -> 2 per 1.00 of coffee"],
        }
    ]


def test_explain_shows_conditions_and_verdicts(shop: Path, tmp_path: Path) -> None:
    line = {"line_id": "1", "sku": "S", "quantity": 1, "amount_minor": 2400, "category": "coffee"}
    sale = {"transaction_id": "T", "member_id": "M", "currency": "USD", "amount_minor": 2400, "lines": [line]}
    time = "2026-11-03T14:00:00Z"
    lines = [
        ("members", cloudevent("member.enrolled", "e", {"member_id": "M", "opt_ins": ["double-coffee"]}, time)),
        ("transactions", cloudevent("transaction.completed", "b", {**sale, "channel": "app"}, time)),
    ]
    events = tmp_path / "events.jsonl"
    events.write_bytes(
        b"".join(
            orjson.dumps({"topic": topic, "key": None, "value": orjson.loads(value)}) + b"\n" for topic, value in lines
        )
    )
    ran = run("rules", "explain", "b", "--events", events, "--rules", shop, "--all")
    assert ran.exit_code == 0, ran.stderr
    assert "happened: base: award_points 24 points" in ran.stdout
    assert "double-coffee does not hold: member.tier" in ran.stdout
    assert "no  member.tier is silver  seen: blue" in ran.stdout
    assert "yes transaction.amount at least 20.00  seen: 24.00" in ran.stdout
    shown = orjson.loads(run("rules", "explain", "b", "--events", events, "--rules", shop, "--json").stdout)
    assert {each["campaign"]: each["verdict"] for each in shown["campaigns"]} == {
        "base": "fired",
        "double-coffee": "member.tier",
    }
    missing = run("rules", "explain", "x", "--events", events, "--rules", shop)
    assert (missing.exit_code, "no event has the id x" in missing.stderr) == (2, True)

"""The example programmes compile, their tests pass and see every campaign and effect, and none of the stories is lost."""

from pathlib import Path

import pytest

from engine.cli.rules_tests import Run, run_tests
from engine.rulebook.compiler import Compiled, compile_folder
from engine.rulebook.rendering import render
from engine.rulebook.schema import schemas_for
from engine.ruleset.effects import Effect, IssueCode, IssueVoucher
from tests.rulebook.test_schema import wrong

RULES = Path(__file__).parents[2] / "rules"
EXAMPLES = ("airline", "fashion", "quick-service", "supermarket", "telecom")
FOLDERS = {"rules": RULES, **{name: RULES / "examples" / name for name in EXAMPLES}}

# Each story that the language must say well, and the file that says it.
STORIES = {
    "five miles for each dollar from New York's airports, and 100 tier points": "airline/campaigns/new-york-five.yaml",
    "25,000 points or 30 segments in a calendar year, gold for life": "airline/tiers/status.yaml",
    "two different kinds of fries, 18.00 or more, once a week": "quick-service/campaigns/two-kinds-of-fries.yaml",
    "Mobile Tuesdays": "quick-service/vouchers/mobile-tuesday.yaml",
    "stamp card: every tenth coffee free": "quick-service/campaigns/tenth-coffee.yaml",
    "ten times base points on produce at weekends": "supermarket/campaigns/weekend-produce.yaml",
    "1,000 points when spend reaches 200.00": "supermarket/campaigns/spend-challenge.yaml",
    "three yoghurts of one brand, within its budget": "supermarket/campaigns/three-yoghurts.yaml",
    "gift card of another company, 14 days after the contract": "telecom/campaigns/fibre-gift.yaml",
    "top-up in three months in a row": "telecom/campaigns/three-months.yaml",
    "gold preview, paid with the store card": "fashion/campaigns/gold-preview.yaml",
    "goodwill for a confirmed declined offer": "quick-service/campaigns/goodwill.yaml",
    "birthday voucher a week before": "airline/campaigns/birthday-lounge.yaml",
    "win-back after 90 silent days": "quick-service/campaigns/win-back.yaml",
    "referral that pays both": "quick-service/campaigns/referral.yaml",
    "a code for a social share": "quick-service/campaigns/social-share.yaml",
}
# Campaigns that nothing fires yet, and what they wait for; building that takes the line out.
NOT_YET = {
    ("quick-service", "goodwill"): "feedback",
}


@pytest.fixture(scope="module", params=FOLDERS)
def example(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def compiled(example: str) -> Compiled:
    return compile_folder(FOLDERS[example])


@pytest.fixture(scope="module")
def run(example: str, compiled: Compiled) -> Run:
    assert compiled.ruleset is not None
    return run_tests(compiled, compiled.ruleset, FOLDERS[example])


def test_every_folder_is_known() -> None:
    assert {each.name for each in (RULES / "examples").iterdir()} == set(EXAMPLES)


def test_it_compiles_without_error_or_warning(compiled: Compiled) -> None:
    worse = [each for each in compiled.diagnostics if each.severity != "info"]
    assert render(worse, compiled.sources) == ""
    assert compiled.ruleset is not None


def test_an_editor_is_told_what_completes_it_and_finds_nothing_wrong(example: str, compiled: Compiled) -> None:
    schemas = schemas_for(FOLDERS[example])
    for path, text in compiled.sources.items():
        if path.endswith(".yaml") and not path.endswith(".test.yaml"):
            assert text.startswith("# yaml-language-server: $schema="), path
            assert wrong(schemas, path, text) == [], path


def test_every_campaign_has_a_file_of_tests(compiled: Compiled) -> None:
    campaigns = {path.removesuffix(".yaml") for path in compiled.sources if path.startswith("campaigns/")}
    rules = {path for path in campaigns if not path.endswith(".test")}
    assert campaigns - rules == {f"{path}.test" for path in rules}


def test_its_tests_pass(run: Run) -> None:
    assert run.tried
    failed = {f"{tried.case.place.path}: {tried.case.name}": tried.problems for _, tried in run.tried if tried.problems}
    assert failed == {}


def test_its_tests_see_every_campaign_condition_and_effect(example: str, run: Run) -> None:
    words = run.coverage.words
    for name, seen in run.coverage.campaigns.items():
        if waits := NOT_YET.get((example, name)):
            assert not seen.fired, f"{name} fires: take it out of NOT_YET"
            assert waits in _awaited(run, name)
            continue
        assert seen.fired, name
        assert [each.said for each in seen.conditions(words) if not (each.yes and each.no)] == [], name
        assert [each.said for each in seen.effects(words) if not each.yes] == [], name


def test_a_step_that_awaits_nothing_gives_all_there_and_then(example: str, compiled: Compiled, run: Run) -> None:
    """What a campaign gives later is told by its effects, so that no `awaits` hides what could be given now."""
    assert compiled.ruleset is not None
    for campaign in compiled.ruleset.campaigns:
        later = any(map(_given_later, campaign.then)) or any(limit.per == "code" for limit in campaign.limits)
        waits = _awaited(run, campaign.name) - {"returns"}
        assert bool(waits) is (later or (example, campaign.name) in NOT_YET), campaign.name


@pytest.mark.parametrize("story", STORIES)
def test_no_story_is_lost(story: str) -> None:
    assert (RULES / "examples" / STORIES[story]).is_file()


def test_the_page_of_examples_names_them_all() -> None:
    page = (RULES.parent / "docs" / "rules" / "examples.md").read_text(encoding="utf-8")
    assert [path for path in STORIES.values() if f"(../../rules/examples/{path})" not in page] == []


def test_the_programme_above_does_not_read_its_examples() -> None:
    assert not any("examples" in path for path in compile_folder(RULES).sources)


def _awaited(run: Run, campaign: str) -> set[str]:
    return {name for _, tried in run.tried if tried.suite.campaign == campaign for name in tried.awaits}


def _given_later(effect: Effect) -> bool:
    return isinstance(effect, IssueVoucher | IssueCode)

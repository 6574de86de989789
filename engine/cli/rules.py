"""`guerdon rules`: checking the rules of a folder and showing what was published; the other commands have files of their own."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import orjson
import typer

from engine.broker.publishing import RulesetFollower, load_rulesets
from engine.broker.settings import Settings
from engine.cli import rules_diff, rules_explain, rules_publish, rules_schema, rules_shadow, rules_tests, screen
from engine.cli.deployment import deployment
from engine.cli.rules_folder import AsJson, Folder, counts, demand, print_diagnostics
from engine.errors import UsageError
from engine.match.rete_forms import unsuitable
from engine.rulebook.compiler import check_changed, compile_folder
from engine.rulebook.matching import left_to_plain
from engine.rulebook.rendering import as_values
from engine.ruleset.codec import encode
from engine.ruleset.model import Ruleset
from engine.ruleset.published import unpack

app = typer.Typer(help="The rules: check, test, explain, compare, publish.", no_args_is_help=True)
app.command("test")(rules_tests.run_and_show)
app.command("explain")(rules_explain.explain_event)
app.command("diff")(rules_diff.diff)
app.command("publish")(rules_publish.publish)
app.command("shadow")(rules_shadow.shadow)
app.command("promote")(rules_shadow.promote)
app.command("history")(rules_publish.history)
app.command("schema")(rules_schema.schema)


@app.command()
def check(
    folder: Folder = None,
    as_json: AsJson = False,
    changed: Annotated[
        list[str] | None,
        typer.Option(help="Only what this file of the folder, `campaigns/x.yaml`, changes; repeatable."),
    ] = None,
) -> None:
    """Compile the rules and print all mistakes of all files with their places; ends with 1 where there is an error."""
    path = folder or deployment().rules
    compiled = check_changed(path, changed) if changed else compile_folder(path)
    if deployment().matcher == "rete":
        infos = left_to_plain(compiled, unsuitable)
        compiled = replace(compiled, diagnostics=tuple(sorted((*compiled.diagnostics, *infos))))
    if as_json:
        digest = None if compiled.ruleset is None else compiled.ruleset.digest
        screen.say_json({"digest": digest, "diagnostics": as_values(compiled.diagnostics)})
    else:
        print_diagnostics(compiled, path)
    if not changed or any(each.severity == "error" for each in compiled.diagnostics):
        demand(compiled, path)
    if compiled.ruleset is not None and not as_json:
        screen.say(f"{path}: {counts(compiled.ruleset)}; digest {compiled.ruleset.digest}")


@app.command()
def show(
    digest: Annotated[str, typer.Argument(help="The beginning of a digest (default: what was published last).")] = "",
    as_json: AsJson = False,
    sources: Annotated[Path | None, typer.Option(help="Write the texts it was compiled from to this folder.")] = None,
) -> None:
    """Show a published ruleset."""
    ruleset, texts = unpack(asyncio.run(_published(deployment(), digest)))
    if sources is not None:
        _write_sources(texts, sources)
    elif as_json:
        screen.say_json(orjson.loads(encode(ruleset)))
    else:
        _show(ruleset)


async def _published(settings: Settings, digest: str) -> bytes:
    if not digest:
        async with RulesetFollower(settings) as rulesets:
            packed = rulesets.get(rulesets.latest) if rulesets.latest is not None else None
        if packed is None:
            raise UsageError("no rules are published: guerdon rules publish")
        return packed
    found = {name: packed for name, packed in (await load_rulesets(settings)).items() if name.startswith(digest)}
    if len(found) != 1:
        what = "no published ruleset has" if not found else f"{len(found)} published rulesets have"
        raise UsageError(f"{what} a digest that begins with {digest}")
    return next(iter(found.values()))


def _write_sources(texts: Mapping[str, str], folder: Path) -> None:
    for name, text in texts.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise UsageError(f"the published ruleset names a source outside of its folder: {name}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
        screen.say(f"wrote {path}")


def _show(ruleset: Ruleset) -> None:
    programme = ruleset.programme
    screen.say(f"{programme.name}: {counts(ruleset)}")
    screen.say(f"digest     {ruleset.digest} (semantics {ruleset.semantics})")
    screen.say(f"programme  {programme.currency}, {programme.zone.name}, clock {programme.time.clock}")
    screen.say(f"accounts   {', '.join(account.name for account in programme.accounts)}\n")
    rows = [
        (campaign.name, campaign.on, campaign.state, "base" if campaign.base else "", campaign.title)
        for campaign in ruleset.campaigns
    ]
    screen.show_table(("campaign", "on", "state", "", "title"), rows)
    for ladder in ruleset.ladders:
        levels = ", ".join(f"{level.tier} {level.qualified:,}" for level in ladder.levels)
        screen.say(f"\ntiers {ladder.name}: {levels} ({ladder.account}, {ladder.within})")

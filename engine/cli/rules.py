"""`guerdon rules`: checking the rules of a folder, publishing them, and showing what was published."""

import asyncio
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

import orjson
import typer

from engine.broker.publishing import RulesetFollower, load_rulesets, publish_ruleset
from engine.broker.settings import Settings
from engine.cli import screen
from engine.cli.deployment import deployment
from engine.errors import EngineError, UsageError
from engine.rulebook.compiler import Compiled, compile_folder
from engine.rulebook.rendering import as_values, render
from engine.ruleset.codec import encode
from engine.ruleset.model import SEMANTICS, Ruleset
from engine.ruleset.published import pack, unpack
from engine.wire.journal import ACTIVATION_KEY, encode_activation

app = typer.Typer(help="The rules: check, publish, show.", no_args_is_help=True)

SALT_BYTES = 32

Folder = Annotated[Path | None, typer.Argument(metavar="[DIR]", help="The folder of rules (default: the setting).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class RulesWrong(EngineError):
    """The rules have errors, which were printed."""


class Publication(NamedTuple):
    """What publishing did: `partitions` of the journal that the ruleset was activated in, 0 where it was in force before."""

    ruleset: Ruleset
    partitions: int


@app.command()
def check(folder: Folder = None, as_json: AsJson = False) -> None:
    """Compile the rules and print all mistakes of all files with their places; ends with 1 where there is an error."""
    path = folder or deployment().rules
    compiled = compile_folder(path)
    if as_json:
        digest = None if compiled.ruleset is None else compiled.ruleset.digest
        screen.say_json({"digest": digest, "diagnostics": as_values(compiled.diagnostics)})
    else:
        print_diagnostics(compiled, path)
    demand(compiled, path)
    if compiled.ruleset is not None and not as_json:
        screen.say(f"{path}: {counts(compiled.ruleset)}; digest {compiled.ruleset.digest}")


@app.command()
def publish(
    folder: Folder = None,
    again: Annotated[bool, typer.Option("--again", help="Activate it even where it is in force already.")] = False,
) -> None:
    """Compile the rules and put them in force: one activation for every journal partition, in one transaction."""
    settings = deployment()
    published = asyncio.run(publish_folder(settings, folder or settings.rules, again=again))
    if published.partitions:
        screen.say(f"published {published.ruleset.digest}: active in {published.partitions} journal partitions")
    else:
        screen.say(f"{published.ruleset.digest} is in force already; nothing was written (--again does it)")


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


async def publish_folder(settings: Settings, path: Path, *, again: bool = False) -> Publication:
    """Compiles and publishes the rules of a folder, unless they were published last; raises RulesWrong."""
    compiled = compile_folder(path)
    if compiled.ruleset is None or compiled.diagnostics:
        print_diagnostics(compiled, path)
    ruleset = demand(compiled, path)
    async with RulesetFollower(settings) as rulesets:
        in_force = rulesets.latest == ruleset.digest
    if in_force and not again:
        return Publication(ruleset, 0)
    salt = secrets.token_hex(SALT_BYTES)
    partitions = await publish_ruleset(
        settings,
        ruleset.digest,
        pack(ruleset, compiled.sources),
        lambda partition: (ACTIVATION_KEY, encode_activation(partition, ruleset.digest, salt, SEMANTICS)),
    )
    return Publication(ruleset, partitions)


def print_diagnostics(compiled: Compiled, path: Path) -> None:
    """Prints what the compiler has to say, on stderr."""
    text = render(compiled.diagnostics, compiled.sources, str(path))
    if text:
        screen.warn(text.rstrip("\n"))


def demand(compiled: Compiled, path: Path) -> Ruleset:
    """The ruleset; raises RulesWrong where there are errors."""
    errors = sum(diagnostic.severity == "error" for diagnostic in compiled.diagnostics)
    if compiled.ruleset is None or errors:
        raise RulesWrong(f"{path}: {errors} error{'' if errors == 1 else 's'} in the rules")
    return compiled.ruleset


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


def counts(ruleset: Ruleset) -> str:
    """How many campaigns, ladders and messages there are."""
    numbers = (
        (len(ruleset.campaigns), "campaign"),
        (len(ruleset.ladders), "tier ladder"),
        (len(ruleset.messages), "message"),
    )
    return ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in numbers)

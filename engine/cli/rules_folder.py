"""The folder of rules as commands take it: compiled, with what the compiler has to say printed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from engine.broker.settings import Settings
from engine.cli import screen
from engine.errors import EngineError, UsageError
from engine.replay import lines
from engine.rulebook.compiler import Compiled, compile_folder
from engine.rulebook.rendering import render
from engine.ruleset.model import Ruleset
from engine.ruleset.published import is_ruleset, unpack

Folder = Annotated[Path | None, typer.Argument(metavar="[DIR]", help="The folder of rules (default: the setting).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class RulesWrong(EngineError):
    """The rules have errors, which were printed."""


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


def counts(ruleset: Ruleset) -> str:
    """How many campaigns, ladders and messages there are."""
    numbers = (
        (len(ruleset.campaigns), "campaign"),
        (len(ruleset.ladders), "tier ladder"),
        (len(ruleset.messages), "message"),
    )
    return ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in numbers)


def rulesets_of(path: Path, settings: Settings) -> Mapping[str, Ruleset]:
    """The rulesets by digest: compiled from a folder, or published ones from a file of lines of the topic `rulesets`."""
    if path.is_dir():
        compiled = compile_folder(path)
        print_diagnostics(compiled, path)
        ruleset = demand(compiled, path)
        return {ruleset.digest: ruleset}
    found = [line for line in lines.read(path) if settings.short(line.topic) == "rulesets"]
    rulesets = [
        unpack(line.value)[0]
        for line in found
        if line.value is not None and is_ruleset((line.key or b"").decode(errors="replace"))
    ]
    if not rulesets:
        raise UsageError(f"{path}: no line of the topic rulesets")
    return {ruleset.digest: ruleset for ruleset in rulesets}

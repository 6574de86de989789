"""`guerdon rules diff`: what differs between two sets of rules, in words."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from engine.broker.publishing import load_rulesets
from engine.cli import screen
from engine.cli.deployment import deployment
from engine.cli.rules_folder import AsJson, rulesets_of
from engine.errors import UsageError
from engine.ruleset.model import Ruleset
from engine.ruleset.published import unpack
from engine.trying.diff import Difference, differences

Rules = Annotated[str, typer.Argument(help="A folder of rules, or the beginning of a published digest.")]


def diff(before: Rules, after: Rules, as_json: AsJson = False) -> None:
    """Show what differs between two sets of rules: what is new, what is gone, and every value that changed."""
    old, new = _ruleset(before), _ruleset(after)
    found = differences(old, new)
    if as_json:
        shown = [
            {"kind": each.kind, "name": each.name, "change": each.change, "said": list(each.said)} for each in found
        ]
        screen.say_json({"before": old.digest, "after": new.digest, "differences": shown})
        return
    for each in found:
        screen.say(_text(each))
    if not found:
        screen.say("the same rules")


def _text(difference: Difference) -> str:
    """One line for one thing to say, else a line each."""
    named = f"{difference.kind} {difference.name}".strip()
    verb = {"added": " is new", "removed": " is gone", "changed": ""}[difference.change]
    if len(difference.said) == 1:
        return f"{named}{verb}: {difference.said[0]}"
    return "\n  ".join([f"{named}{verb}", *difference.said])


def _ruleset(chosen: str) -> Ruleset:
    path = Path(chosen)
    settings = deployment()
    if path.exists():
        found = list(rulesets_of(path, settings).values())
        if len(found) != 1:
            raise UsageError(f"{path} holds {len(found)} rulesets; say which by its digest")
        return found[0]
    packed = {name: value for name, value in asyncio.run(load_rulesets(settings)).items() if name.startswith(chosen)}
    if len(packed) != 1:
        what = "neither a folder nor the digest" if not packed else f"the beginning of {len(packed)} digests"
        raise UsageError(f"{chosen} is {what} of published rules")
    return unpack(next(iter(packed.values())))[0]

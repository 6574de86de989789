"""`guerdon rules publish` and `history`: putting rules in force, at once or at an instant, live or in shadow; who did so when."""

import asyncio
import getpass
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from engine.broker.publishing import load_published, publish_ruleset
from engine.broker.settings import Settings
from engine.cli import screen
from engine.cli.deployment import deployment
from engine.cli.rules_folder import AsJson, Folder, demand, print_diagnostics
from engine.cli.rules_tests import demand_passed, run_tests, show_case, summed_up
from engine.core import instants
from engine.errors import UsageError
from engine.rulebook.compiler import Compiled, compile_folder
from engine.rulebook.moments import moment
from engine.ruleset.model import SEMANTICS, Ruleset
from engine.ruleset.published import Publication, pack, unpack
from engine.trying.beside import beside
from engine.wire.journal import ACTIVATION_KEY, encode_activation

SALT_BYTES = 32


class Published(NamedTuple):
    """What publishing did: `partitions` of the journal that the ruleset was activated in, 0 where it was in force before."""

    ruleset: Ruleset
    partitions: int


class How(NamedTuple):
    """How to publish. `at`: an instant, or a local time of the programme; None for at once. `shadow`: beside what is in force."""

    again: bool = False
    at: str | None = None
    shadow: bool = False
    by: str = ""


def publish(
    folder: Folder = None,
    again: Annotated[bool, typer.Option("--again", help="Activate it even where it is in force already.")] = False,
    at: Annotated[
        str | None,
        typer.Option(
            help="Come into force when the programme's clock reaches this instant, or local time such as 2026-12-01."
        ),
    ] = None,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Run what is new or changed in shadow, beside the rules in force.")
    ] = False,
    by: Annotated[str | None, typer.Option(help="Who publishes, for the history (default: your user name).")] = None,
    skip_tests: Annotated[bool, typer.Option("--skip-tests", help="Publish without running the tests.")] = False,
) -> None:
    """Compile the rules, run their tests and put them in force in every journal partition, in one transaction."""
    settings = deployment()
    path = folder or settings.rules
    how = How(again, at, shadow, by or user())
    published = asyncio.run(publish_folder(settings, path, how, test=not skip_tests))
    digest = published.ruleset.digest
    if not published.partitions:
        screen.say(f"{digest} is in force already; nothing was written (--again does it)")
    elif at is not None:
        screen.say(f"published {digest}: in force in {published.partitions} journal partitions from {at} on")
    else:
        screen.say(f"published {digest}: active in {published.partitions} journal partitions")


def history(as_json: AsJson = False) -> None:
    """Show who published which rules when, the latest first."""
    _, found = asyncio.run(load_published(deployment()))
    found.reverse()
    if as_json:
        screen.say_json([each._asdict() for each in found])
        return
    rows = [
        (
            instants.render(each.published_at_ms),
            each.by,
            each.digest[:12],
            "at once" if each.at_ms is None else instants.render(each.at_ms),
            _what(each),
        )
        for each in found
    ]
    screen.show_table(("published", "by", "digest", "in force", ""), rows)


def _what(publication: Publication) -> str:
    if publication.shadow:
        return f"shadow of {publication.shadow[:12]}"
    if publication.campaigns:
        return f"{publication.how}: {', '.join(publication.campaigns)}"
    return publication.how


async def publish_folder(settings: Settings, path: Path, how: How = How(), *, test: bool = False) -> Published:  # noqa: B008 - a value
    """Compiles and publishes the rules of a folder, unless they were published last; raises RulesWrong and TestsFailed."""
    compiled = compile_folder(path)
    if compiled.ruleset is None or compiled.diagnostics:
        print_diagnostics(compiled, path)
    candidate = demand(compiled, path)
    if test:
        _test(compiled, candidate, path)
    rulesets, publications = await load_published(settings)
    at_ms = None if how.at is None else instant(how.at, candidate)
    if at_ms is not None and not rulesets:
        raise UsageError("--at needs rules that are in force until then; publish these without it")
    ruleset, sources = candidate, compiled.sources
    if how.shadow:
        ruleset, sources = _beside(rulesets, publications, candidate, compiled)
    shadow = candidate.digest if how.shadow else ""
    last = publications[-1] if publications else None
    if last is not None and not how.again and (last.digest, last.at_ms) == (ruleset.digest, at_ms):
        return Published(ruleset, 0)
    publication = Publication(now_ms(), ruleset.digest, how.by or user(), at_ms, shadow)
    besides = {candidate.digest: pack(candidate, compiled.sources)} if how.shadow else {}  # to be promoted
    return Published(ruleset, await write(settings, pack(ruleset, sources), publication, besides=besides))


async def write(
    settings: Settings, packed: bytes, *publications: Publication, besides: Mapping[str, bytes] | None = None
) -> int:
    """Writes a packed ruleset and its activation by the last of the publications; returns in how many partitions."""
    publication = publications[-1]
    salt = secrets.token_hex(SALT_BYTES)

    def activation(partition: int) -> tuple[bytes, bytes]:
        digest, at_ms = publication.digest, publication.at_ms
        return ACTIVATION_KEY, encode_activation(partition, digest, salt, SEMANTICS, publication.shadow, at_ms)

    return await publish_ruleset(settings, publication.digest, packed, activation, *publications, besides=besides)


def _test(compiled: Compiled, ruleset: Ruleset, path: Path) -> None:
    run = run_tests(compiled, ruleset, path)
    if not run.tried:
        screen.warn(f"{path}: there are no tests beside these rules")
        return
    for trial, tried in run.tried:
        show_case(trial, tried, path, verbose=False)
    demand_passed(run, path)
    screen.say(f"tests: {summed_up(run)}")


def _beside(
    rulesets: Mapping[str, bytes], publications: list[Publication], candidate: Ruleset, compiled: Compiled
) -> tuple[Ruleset, Mapping[str, str]]:
    """The combined ruleset, beside what was last published to be in force; the candidate's texts stand below `candidate/`."""
    live = next((each for each in reversed(publications) if not each.shadow), None)
    if live is None:
        raise UsageError("--shadow needs rules that are in force; publish some without it first")
    in_force, sources = unpack(rulesets[live.digest])
    beside_them = {f"candidate/{name}": text for name, text in compiled.sources.items()}
    return beside(in_force, candidate), {**sources, **beside_them}


def instant(text: str, ruleset: Ruleset) -> int:
    """The instant that `--at` names, also as a local time of the programme. Raises UsageError."""
    try:
        return moment(text, ruleset.programme.zone)
    except ValueError as error:
        raise UsageError(f"--at {text}: {error}") from error


def user() -> str:
    """Who runs this program."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def now_ms() -> int:
    """The time of a publication."""
    return time.time_ns() // 1_000_000

"""`guerdon rules shadow` and `promote`: what a candidate in shadow would give beside what is live, taking it into force, or out."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Group
from rich.live import Live as LiveDisplay
from rich.table import Table
from rich.text import Text

from engine.broker.publishing import load_published
from engine.broker.settings import Settings
from engine.cli import screen
from engine.cli.deployment import deployment
from engine.cli.rules_folder import AsJson
from engine.cli.rules_publish import instant, now_ms, user, write
from engine.core.instants import render
from engine.errors import UsageError
from engine.history.history import History
from engine.history.live import Live
from engine.history.opening import open_history
from engine.replay.shadow.comparing import comparison
from engine.replay.shadow.difference import Difference
from engine.replay.shadow.reading import DECISIONS, POINTS, activated, read, take
from engine.replay.shadow.report import values
from engine.replay.shadow.standing import PUBLISH, InShadow, in_shadow
from engine.ruleset.model import Ruleset
from engine.ruleset.published import PROMOTED, STOPPED, Publication, pack, unpack
from engine.trying.beside import beside
from engine.trying.promoting import promoted

LOOK_EVERY_S = 2.0
LAST_DAYS = 7  # rows that people are shown
By = Annotated[str | None, typer.Option(help="Who does so, for the history (default: your user name).")]
Shown = tuple[str, Sequence[str], Sequence[Sequence[object]]]  # a table: title, columns, rows


class Promoted(NamedTuple):
    """What promoting did: the digest in force, whether the rest of the candidate stays in shadow, and in how many partitions."""

    digest: str
    rest: bool
    partitions: int


def shadow(
    archive: Annotated[
        Path | None, typer.Option(help="A folder of `guerdon archive` (default: the broker of the settings).")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep it up to date until stopped.")] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="Take the candidate out: the rules in force go on alone.")
    ] = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Show what the candidate in shadow would have given, beside what was given, since it was put there."""
    settings = deployment()
    if archive is not None and (follow or stop):
        raise UsageError("--follow and --stop are about the broker's deployment; an archive does not change")
    if follow and as_json:
        raise UsageError("--follow keeps a table up to date; --json prints once")
    if stop:
        standing = asyncio.run(stop_shadow(settings, by or user()))
        screen.say(f"{standing.candidate[:12]} is out of shadow; {standing.in_force[:12]} goes on alone")
        return
    history = open_history(archive, settings)
    standing, difference = difference_of(history)
    with screen.progress("reading", None, "records") as shown:
        read(history, difference, shown.reached)
    if as_json:
        screen.say_json({**_published(standing), **values(difference)})
    elif follow and isinstance(history, Live):
        with suppress(KeyboardInterrupt):
            _follow(settings, history, standing, difference)
    else:
        for title, columns, rows in _tables(standing, difference):
            screen.show_table(columns, rows, title)
            screen.say("")


def promote(
    campaigns: Annotated[
        list[str] | None, typer.Argument(metavar="[CAMPAIGN]...", help="Only these; the rest stays in shadow.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help="Come into force when the programme's clock reaches this instant, or local time."),
    ] = None,
    by: By = None,
) -> None:
    """Take the candidate in shadow into force, as it was compiled and tested when it was put there."""
    done = asyncio.run(promote_candidate(deployment(), campaigns or (), at, by or user()))
    rest = "; the rest stays in shadow" if done.rest else ""
    when = f"from {at} on" if at is not None else "active"
    screen.say(f"promoted {done.digest}: {when} in {done.partitions} journal partitions{rest}")


async def promote_candidate(settings: Settings, names: Sequence[str], at: str | None, by: str) -> Promoted:
    """Publishes the candidate in shadow, or these campaigns of it beside the rules in force. Raises UsageError."""
    rulesets, publications = await load_published(settings)
    standing = in_shadow(publications)
    packed = rulesets.get(standing.candidate)
    if packed is None:
        raise UsageError(
            f"the candidate {standing.candidate[:12]} itself was not kept when it was put in shadow: {PUBLISH} --again, then promote"
        )
    candidate, sources = unpack(packed)
    at_ms = None if at is None else instant(at, candidate)
    time_ms = max(now_ms(), publications[-1].published_at_ms + 1)
    if not names:
        publication = Publication(time_ms, candidate.digest, by, at_ms, how=PROMOTED)
        return Promoted(candidate.digest, rest=False, partitions=await write(settings, packed, publication))
    in_force, texts = unpack(rulesets[standing.in_force])
    ruleset = promoted(in_force, candidate, names)
    texts = {**texts, **{f"promoted/{name}": text for name, text in sources.items()}}
    publication = Publication(time_ms, ruleset.digest, by, at_ms, how=PROMOTED, campaigns=tuple(sorted(names)))
    rest = _rest(ruleset, candidate)
    if rest is None:
        return Promoted(ruleset.digest, rest=False, partitions=await write(settings, pack(ruleset, texts), publication))
    both = pack(rest, {**texts, **{f"candidate/{name}": text for name, text in sources.items()}})
    beside_it = Publication(time_ms + 1, rest.digest, by, at_ms, candidate.digest)
    besides = {candidate.digest: packed, ruleset.digest: pack(ruleset, texts)}
    partitions = await write(settings, both, publication, beside_it, besides=besides)
    return Promoted(ruleset.digest, rest=True, partitions=partitions)


async def stop_shadow(settings: Settings, by: str) -> InShadow:
    """Publishes the rules in force without the candidate. Raises UsageError where nothing is in shadow."""
    rulesets, publications = await load_published(settings)
    standing = in_shadow(publications)
    time_ms = max(now_ms(), publications[-1].published_at_ms + 1)
    await write(settings, rulesets[standing.in_force], Publication(time_ms, standing.in_force, by, how=STOPPED))
    return standing


def difference_of(history: History) -> tuple[InShadow, Difference]:
    """The difference of the candidate that a history has in shadow, before anything was read of it."""
    standing = in_shadow(history.publications)
    rulesets = history.rulesets
    digest = standing.publication.digest
    compared = comparison(rulesets[standing.in_force], rulesets[digest], rulesets.get(standing.candidate))
    since = {number: activated(history, number, digest) for number in range(history.partitions)}
    return standing, Difference(compared, since)


def _rest(ruleset: Ruleset, candidate: Ruleset) -> Ruleset | None:
    """What stays in shadow beside the rules that are in force then; None where nothing is left."""
    known = {campaign.name: campaign for campaign in ruleset.campaigns}
    left = any(known.get(each.name) != each and each.state != "paused" for each in candidate.campaigns)
    return beside(ruleset, candidate) if left else None


# -- following


def _follow(settings: Settings, history: Live, standing: InShadow, difference: Difference) -> None:
    """Reads on from cut to cut, until stopped or until another ruleset was published."""
    with LiveDisplay(_drawn(standing, difference), console=screen.console(), auto_refresh=False) as display:
        while True:
            time.sleep(LOOK_EVERY_S)
            later = Live.at(settings)
            for number in range(later.partitions):
                take(difference, _since(history, later, POINTS, number), _since(history, later, DECISIONS, number))
            history = later
            display.update(_drawn(standing, difference), refresh=True)
            if later.publications[-1] != standing.publication:
                break
    screen.warn("other rules were published since: what is above was the candidate's difference until then")


def _since(before: Live, after: Live, topic: str, number: int) -> Iterator[bytes]:
    """What was published between two cuts."""
    start = before.cut.outcomes.get(topic, {}).get(number, (0, 0))[1]
    end = after.cut.outcomes.get(topic, {}).get(number, (0, 0))[1]
    for records in after.fetched(topic, number, start, end):
        for record in records:
            yield record.value or b""


def _drawn(standing: InShadow, difference: Difference) -> Group:
    parts: list[Table | Text] = []
    for title, columns, rows in _tables(standing, difference):
        table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
        for column in columns:
            table.add_column(column.removeprefix("#"), justify="right" if column.startswith("#") else "left")
        for row in rows:
            table.add_row(*(Text(screen.cell(each)) for each in row))
        parts += [table, Text("")]
    return Group(*parts)


# -- tables


def _published(standing: InShadow) -> dict[str, Any]:
    publication = standing.publication
    return {"published": render(publication.published_at_ms), "by": publication.by}


def _tables(standing: InShadow, difference: Difference) -> Iterator[Shown]:
    found = values(difference)
    publication = standing.publication
    title = (
        f"{standing.candidate[:12]} in shadow beside {standing.in_force[:12]} since {render(publication.published_at_ms)}"
        f" ({publication.by}); {found['decisions']:,} decisions"
    )
    columns = (
        "campaign",
        "",
        "#would fire",
        "#fired",
        "account",
        "#would give",
        "#gave",
        "#difference",
        "#members",
        "",
    )
    yield title, columns, list(_campaign_rows(found))
    whole = _points_rows(found["net"])
    yield "the programme", ("account", "#would give", "#gave", "#difference"), [*whole, _money_row(found, difference)]
    days = [(day["day"], *row) for day in found["days"] for row in _points_rows(day)]
    if days:
        title = "by day" if len(days) <= LAST_DAYS else "by day, the last ones (--json has all)"
        yield title, ("day", "account", "#would give", "#gave", "#difference"), days[-LAST_DAYS:]
    members = [
        (doing, each["member"], _points(each["difference"]))
        for doing, name in (("gains", "members_who_gain"), ("loses", "members_who_lose"))
        for each in found[name]["most"]
    ]
    if members:
        gain, lose = (found[name]["members"] for name in ("members_who_gain", "members_who_lose"))
        yield f"{gain:,} members would gain, {lose:,} would lose; the most", ("", "member", ""), members
    if found["first"] is not None:
        yield "first difference", ("", ""), list(_first_rows(found["first"]))


def _campaign_rows(found: Mapping[str, Any]) -> Iterator[Sequence[object]]:
    for each in found["campaigns"]:
        notes = [*([] if each["counts"] else ["stays in shadow, not in the sums"]), *each["unknown"]]
        head: tuple[object, ...] = (each["campaign"], each["kind"], each["would_fire_on"], each["fired_on"])
        points = _points_rows(each) or [("", 0, 0, 0)]
        for number, row in enumerate(points):
            yield (*(head if number == 0 else ("", "", None, None)), *row, each["members"], "; ".join(notes))


def _points_rows(of: Mapping[str, Any]) -> list[Sequence[object]]:
    would, gave = of["would_give"], of["gave"]
    return [(account, would.get(account, 0), gave.get(account, 0), net) for account, net in of["difference"].items()]


def _money_row(found: Mapping[str, Any], difference: Difference) -> Sequence[object]:
    net, digits = found["net"], difference.comparison.minor_digits
    would, gave = net["would_give_minor"], net["gave_minor"]
    return (f"worth in {found['currency']}", *(_money(each, digits) for each in (would, gave, would - gave)))


def _money(minor: int, digits: int) -> str:
    whole, part = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{whole:,}" + (f".{part:0{digits}d}" if digits else "")


def _points(points: Mapping[str, int]) -> str:
    return ", ".join(f"{amount:+,} {account}" for account, amount in points.items() if amount)


def _first_rows(first: Mapping[str, Any]) -> Iterator[Sequence[object]]:
    would = _points(first["would"]) or (f"nothing: {first['reason']}" if first["reason"] else "nothing")
    yield "campaign", first["campaign"]
    yield "event", f"{first['type']} {first['event_id']} of {first['source']}, {first['time']}"
    yield "member", first["member"]
    yield "would give", would
    yield "gave", _points(first["gave"]) or "nothing"
    yield "place", f"journal {first['place']}"

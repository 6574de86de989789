"""`guerdon whatif`: a recorded deployment beside the same history under other rules, and what differs."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli import screen
from engine.cli.deployment import deployment
from engine.cli.rules_folder import rulesets_of
from engine.core import keys
from engine.errors import ExtraMissing, UsageError
from engine.history.history import History
from engine.history.opening import open_history
from engine.replay.processes import usable
from engine.replay.whatif.asking import Answer, what_if
from engine.replay.whatif.differences import Difference
from engine.replay.whatif.money import written
from engine.replay.whatif.question import Question
from engine.replay.whatif.report import report_of
from engine.rulebook.moments import moment
from engine.ruleset.model import Programme, Ruleset
from engine.trying.diff import differences

if TYPE_CHECKING:
    from engine.replay.whatif.files import Files

_NAMED = 5  # gainers and losers on the terminal


def whatif(
    rules: Annotated[str, typer.Option(help="The other rules: a folder, or the beginning of a published digest.")],
    archive: Annotated[
        Path | None, typer.Option(help="A folder of `guerdon archive` (default: the broker of the settings).")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="The other rules decide from here on: an instant or a local time.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="What comes at this instant or local time is left out.")] = None,
    members: Annotated[
        str | None, typer.Option(help="Only these: ids with commas between, or a file of one a line.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A folder for the page, its tables and every outcome that differs.")
    ] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="At most so many (default: one for each CPU).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Decide a recorded deployment's history again under other rules, and say what differs: points, money, tiers, members.

    Nothing is published. A message takes the place of the recorded one with the same id, one without a counterpart follows
    what caused it, and one that is not sent any more is left out.
    """
    settings = deployment()
    history = open_history(archive, settings)
    other = _rules(rules, history)
    programme = other.programme
    question = Question(
        other,
        None if since is None else _instant("--from", since, programme),
        None if until is None else _instant("--until", until, programme),
        None if members is None else _members(members),
        settings.matcher,
    )
    with _files(out) as files:
        taken = files.take if files is not None else _nothing
        with screen.progress("comparing", None, "records") as shown:
            answer = what_if(history, question, processes or usable(history.partitions + 1), shown, taken)
        report, tables = report_of(history, answer, _changes(answer))
        if files is not None:
            files.finish(report, tables)
    if as_json:
        screen.say_json(report)
        return
    _show(report, programme)
    if out is not None:
        screen.say(
            f"\nwritten to {out}: report.html, report.json; campaigns, days, members as CSV and Parquet; outcomes.parquet"
        )


def _rules(chosen: str, history: History) -> Ruleset:
    path = Path(chosen)
    found = (
        rulesets_of(path, deployment(embedded=True))
        if path.exists()
        else {digest: each for digest, each in history.rulesets.items() if digest.startswith(chosen)}
    )
    if len(found) != 1:
        what = "neither a folder nor the digest" if not found else f"the beginning of {len(found)} digests"
        raise UsageError(f"--rules {chosen} is {what} of rules that {history.name} has")
    return next(iter(found.values()))


def _instant(option: str, text: str, programme: Programme) -> int:
    try:
        return moment(text, programme.zone)
    except ValueError as error:
        raise UsageError(f"{option} {text}: {error}") from error


def _members(said: str) -> frozenset[str]:
    path = Path(said)
    names = path.read_text(encoding="utf-8").split("\n") if path.is_file() else said.split(",")
    found = frozenset(keys.subject("member", name.strip()) for name in names if name.strip())
    if not found:
        raise UsageError(f"--members {said}: no member is named")
    return found


@contextmanager
def _files(out: Path | None) -> Iterator["Files | None"]:
    if out is None:
        yield None
        return
    try:
        from engine.replay.whatif.files import Files  # noqa: PLC0415 - what it needs is an extra
    except ModuleNotFoundError as missing:
        raise ExtraMissing("--out needs", missing.name, "analysis") from missing
    with Files(out) as files:
        yield files


def _nothing(_: Difference) -> None:
    pass


def _changes(answer: Answer) -> list[str]:
    """What differs between the rules in force at the end and the other ones, a line each."""
    found: list[str] = []
    for each in differences(answer.before, answer.question.rules):
        named = f"{each.kind} {each.name}".strip()
        verb = {"added": " is new", "removed": " is gone", "changed": ""}[each.change]
        found.extend(f"{named}{verb}: {said}" for said in each.said)
        if not each.said:
            found.append(f"{named}{verb}")
    return found


# -- for people


def _show(report: Mapping[str, Any], programme: Programme) -> None:
    for sentence in report["said"]:
        screen.say(sentence)
    if report["question"]["members"] is not None:
        screen.say(f"Asked about are {report['question']['members']:,} members; what others did stands as recorded.")
    if report["same"]:
        return
    _say_first(report["first_points"] or report["first_difference"])
    _show_campaigns(report["campaigns"], programme)
    for ladder in report["tiers"]:
        tiers = [(row["tier"] or "none", row["members_recorded"], row["members_new"]) for row in ladder["tiers"]]
        _table((ladder["ladder"], "#members recorded", "#new rules"), tiers)
    _show_members("gains most", report["members"]["gainers"])
    _show_members("loses most", report["members"]["losers"])
    limits = [
        (row["holder"], row["limit"], row["period_from"], row["used_recorded"], row["used_new"])
        for row in report["limits"]
        if row["used_difference"]
    ]
    _table(("limit of", "limit", "period from", "#used recorded", "#new rules"), limits)
    changed = [row for row in report["outcomes"] if row["times_difference"] or row["changed"]]
    kinds = [
        (row["type"], row["times_recorded"], row["times_new"], _signed(row["times_difference"]), row["changed"])
        for row in changed
    ]
    _table(("outcomes", "#recorded", "#new rules", "#difference", "#changed"), kinds)


def _say_first(first: Mapping[str, Any]) -> None:
    who = f" of {first['subject']}" if first["subject"] else ""
    which = f" {first['event_id']}" if first["event_id"] else ""
    screen.say(
        f"It begins with {first['kind']}{which}{who} at {first['time']}, journal {first['partition']}:{first['offset']}:"
    )
    for each in first["campaigns"]:
        screen.say(
            f"  {each['campaign']}: {_gave(each['recorded'])} as recorded, {_gave(each['new'])} under the new rules"
        )


def _gave(asked: Mapping[str, Any] | None) -> str:
    if asked is None:
        return "not there"
    if asked["gave"]:
        return f"{asked['points']:,} points" if asked["points"] else "given"
    return f"nothing ({asked['reason']})" if asked["reason"] else "nothing"


def _show_campaigns(rows: Sequence[Mapping[str, Any]], programme: Programme) -> None:
    shown = [
        (
            row["campaign"],
            row["account"],
            row["points_recorded"],
            row["points_new"],
            _signed(row["points_difference"]),
            None if row["minor_difference"] is None else written(row["minor_difference"], programme),
            row["members_recorded"],
            row["members_new"],
        )
        for row in rows
        if row["points_difference"] or row["awards_difference"] or row["change"]
    ]
    _table(
        (
            "campaign",
            "account",
            "#points recorded",
            "#new rules",
            "#difference",
            "#worth",
            "#members recorded",
            "#new rules",
        ),
        shown,
    )


def _show_members(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    shown = [
        (row["member_id"], row["points_recorded"], row["points_new"], _signed(row["points_difference"]))
        for row in rows[:_NAMED]
    ]
    _table((title, "#points recorded", "#new rules", "#difference"), shown)


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if rows:
        screen.say("")
        screen.show_table(columns, rows)


def _signed(value: int) -> str:
    return f"{value:+,}" if value else "0"

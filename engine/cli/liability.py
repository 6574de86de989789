"""`guerdon liability`: outstanding points by account and expiry month, what they are worth, as of any point of the log."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from engine.cli import screen
from engine.cli.deployment import deployment
from engine.core import instants
from engine.errors import ExtraMissing, UsageError
from engine.history.opening import open_history
from engine.replay.liability.point import read_point
from engine.replay.liability.reckoning import liability as reckon
from engine.replay.liability.reckoning import zone_of
from engine.replay.liability.statement import COLUMNS, AccountStatement, Liability
from engine.replay.processes import usable

NEVER = "never"
_SHOWN = ("month", "#available", "#activating", "#held", "#expiring", "#worth", "#expected")


def liability(
    at: Annotated[
        str | None,
        typer.Option(
            help="As of an instant or a local time, or after records: PARTITION:OFFSET[,PARTITION:OFFSET...] (default: now)."
        ),
    ] = None,
    archive: Annotated[
        Path | None, typer.Option(help="A folder of `guerdon archive` (default: the broker of the settings).")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many processes work (default: one for each CPU).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write accounts by month to this file.")] = None,
    parquet_file: Annotated[Path | None, typer.Option("--parquet", help="The same as Parquet.")] = None,
) -> None:
    """Show what the programme owes: points outstanding by account and expiry month, pending, held, expected expiry, money."""
    history = open_history(archive, deployment())
    point = None if at is None else read_point(at, zone_of(history))
    with screen.progress("looking at", None, "rows and records") as shown:
        found = reckon(history, point, processes or usable(history.partitions), shown.reached)
    if csv_file is not None:
        _write_csv(found, csv_file)
    if parquet_file is not None:
        _write_parquet(found, parquet_file)
    if as_json:
        screen.say_json(found.values())
    else:
        _show(found)
    if found.behind:
        screen.warn(
            f"{found.behind:,} events of before {found.at} came when the clock had passed it, and are not in:"
            " an import that was not in the order of time has no such point"
        )


def _show(found: Liability) -> None:
    screen.say(f"as of {_as_of(found)}; {found.zone}, rules {found.ruleset[:12]}")
    screen.say(f"{found.members:,} members have points to spend, {found.members_in_deficit:,} owe some")
    if any(account.worth_micro is not None for account in found.accounts):
        screen.say(f"all accounts together are worth {_money(found.outstanding_minor, found)} {found.currency}")
    rows = [
        (
            account.account if account.spendable else f"{account.account} (not to spend)",
            account.outstanding,
            account.available,
            account.pending,
            account.held,
            _money(account.minor(account.outstanding), found),
            account.deficit or None,
            account.members,
        )
        for account in found.accounts
    ]
    columns = ("account", "#outstanding", "#available", "#pending", "#held", "#worth", "#deficit", "#members")
    screen.show_table(columns, rows)
    for account in found.accounts:
        if account.months:
            screen.say("")
            screen.show_table(_SHOWN, _months(account, found), f"{account.account}: {_history(account)}")


def _as_of(found: Liability) -> str:
    places = ", ".join(f"{number}:{position}" for number, position in found.positions.items())
    if found.at is not None:
        until = "; the log ends before, so that nothing but what is due by then was added" if found.beyond else ""
        return f"{found.at} (the journal before {places}{until})"
    clock = "" if found.clock_ms is None else f", the clock at {instants.render(found.clock_ms)}"
    return f"the journal before {places}{clock}"


def _history(account: AccountStatement) -> str:
    if account.expired_permille is None:
        return "no history of what is spent and what expires"
    permille = account.expired_permille
    return (
        f"{permille // 10}.{permille % 10}% of what left it so far expired"
        f" ({account.expired:,} expired, {account.spent:,} spent)"
    )


def _months(account: AccountStatement, found: Liability) -> Iterator[tuple[object, ...]]:
    for month in account.months:
        yield (
            month.month or NEVER,
            month.available,
            month.activating or None,
            month.held or None,
            month.expiring,
            _money(account.minor(month.expiring), found),
            month.expected,
        )
    if account.waiting:
        yield (f"{account.waiting:,} of those pending wait for an activity", *(None,) * (len(_SHOWN) - 1))


def _money(minor: int | None, found: Liability) -> str:
    if minor is None:
        return ""
    unit = 10**found.minor_digits
    cents = f".{minor % unit:0{found.minor_digits}d}" if found.minor_digits else ""
    return f"{minor // unit:,}{cents}"


def _write_csv(found: Liability, path: Path) -> None:
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows({**row, "month": row["month"] or NEVER} for row in found.table())
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
    screen.warn(f"wrote {path}")


def _write_parquet(found: Liability, path: Path) -> None:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
        from pyarrow import parquet  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        raise ExtraMissing("--parquet needs", missing.name, "analysis") from missing
    texts = ("account", "month", "currency")
    schema = pa.schema([(name, pa.string() if name in texts else pa.int64()) for name in COLUMNS])
    try:
        parquet.write_table(pa.Table.from_pylist(list(found.table()), schema), path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
    screen.warn(f"wrote {path}")

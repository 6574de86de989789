"""`guerdon archive`: a deployment's history in files that are kept, and whether they are still what was archived."""

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli import screen
from engine.cli.deployment import deployment
from engine.core import instants
from engine.errors import EngineError, ExtraMissing, UsageError
from engine.history.live import Live

if TYPE_CHECKING:
    from engine.history.archiving import Report
    from engine.history.manifest import File


class ArchiveDamaged(EngineError):
    """An archive is not what was archived."""


def archive(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The archive's folder: a new one, or one to be gone on with.")
    ],
    snapshot: Annotated[bool, typer.Option("--snapshot/--no-snapshot", help="Keep the rows as they stand now.")] = True,
    since: Annotated[
        Path | None, typer.Option(metavar="OTHER_DIR", help="Begin at the newest snapshot of this other archive.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only hold the archive against its manifest.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Take journal, outcomes, rulesets and rows into a folder of Parquet files; again, to add what came since.

    The deployment may go on meanwhile. A run that was interrupted is gone on with by the next. With --check nothing is
    asked of a broker: each file is held against its digest, and the files against each other.
    """
    if check:
        if since is not None or not snapshot:
            raise UsageError("--check goes with nothing but --json")
        _check(folder, as_json)
        return
    archiving = _archiving()
    began = time.monotonic()
    live = Live.at(deployment())
    with screen.progress("archiving", None, "records") as shown:
        report = archiving.archive(live, folder, snapshot=snapshot, since=since, reached=shown.reached)
    _say(folder, report, time.monotonic() - began, as_json)


def _check(folder: Path, as_json: bool) -> None:
    _archiving()
    from engine.history import checking, manifest  # noqa: PLC0415 - pyarrow is an extra

    held = manifest.load(folder)
    if held is None:
        raise UsageError(f"{folder} holds no archive")
    with screen.progress("checking", len(held.files), "files") as shown:
        faults = list(checking.check(folder, held, shown.reached))
    if as_json:
        screen.say_json({"files": len(held.files), "faults": [fault._asdict() for fault in faults]})
    for fault in () if as_json else faults:
        screen.say(f"{fault.path} {fault.what}")
    if faults:
        raise ArchiveDamaged(f"{folder}: {len(faults)} faults in {len(held.files):,} files")
    if held.cut is None:
        raise ArchiveDamaged(f"{folder} was begun and not finished; run `guerdon archive {folder}` again")
    if not as_json:
        screen.say(f"{folder} is what was archived: {len(held.files):,} files")


def _archiving() -> ModuleType:
    """What writes archives. Raises UsageError where it is not installed."""
    try:
        from engine.history import archiving  # noqa: PLC0415 - pyarrow is an extra
    except ModuleNotFoundError as missing:
        raise ExtraMissing("archives need", missing.name, "analysis") from missing
    return archiving


def _say(folder: Path, report: "Report", seconds: float, as_json: bool) -> None:
    held, cut = report.held, report.held.cut
    if cut is None:
        raise AssertionError("a run that ended has a cut")
    added, now = _sums(report.added), _sums(held.files)
    for topic, partition, first, after in report.lost:
        screen.warn(
            f"{topic}:{partition}: the broker deleted the records at {first} to {after - 1} before they were archived;"
            " archive more often than its retention"
        )
    if as_json:
        screen.say_json(
            {
                "folder": str(folder),
                "cut": instants.render(cut.taken_at_ms),
                "added": added,
                "held": now,
                "snapshots": [kept.name for kept in held.snapshots],
                "lost": [each._asdict() for each in report.lost],
                "seconds": round(seconds, 3),
            }
        )
        return
    nothing = {"records": 0, "raw": 0, "bytes": 0}
    total = {name: sum(each[name] for each in now.values()) for name in nothing}
    rows = [
        (
            topic,
            added.get(topic, nothing)["records"],
            sums["records"],
            _size(sums["raw"]),
            _size(sums["bytes"]),
            _ratio(sums),
        )
        for topic, sums in [*now.items(), ("all", total)]
    ]
    rows[-1] = (rows[-1][0], sum(each["records"] for each in added.values()), *rows[-1][2:])
    screen.show_table(("topic", "#added", "#records", "#bytes", "#in files", "#ratio"), rows)
    screen.say(
        f"\n{folder} holds the deployment as of {instants.render(cut.taken_at_ms)}, {len(held.snapshots)} snapshots"
    )


def _sums(files: Iterable["File"]) -> dict[str, dict[str, int]]:
    """Records and bytes by topic; all snapshots together."""
    sums: dict[str, dict[str, int]] = {}
    for file in files:
        topic = sums.setdefault(file.topic.partition("/")[0], {"records": 0, "raw": 0, "bytes": 0})
        topic["records"] += file.records
        topic["raw"] += file.raw
        topic["bytes"] += file.bytes
    return sums


def _ratio(sums: Mapping[str, Any]) -> str:
    return f"{sums['raw'] / sums['bytes']:.1f}" if sums["bytes"] else ""


def _size(count: int) -> str:
    return f"{count / (1 << 20):,.1f} MiB"

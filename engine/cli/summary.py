"""What a run came to, for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.cli import screen

MOST = 8  # of a kind that are named; the rest is summed up


def show(run: Mapping[str, Any], seconds: float | None = None) -> None:
    """Prints a summary; `run` holds what `Tally.values` gives."""
    rows = list(_rows(run))
    if seconds is not None:
        rows.insert(1, ("per second", screen.per_second(run["events"], seconds), f"in {seconds:.1f} s"))
    screen.show_table(("", "#", ""), rows)


def _rows(run: Mapping[str, Any]) -> Iterator[tuple[str, object, str]]:
    yield "events decided", run["events"], _listed(run["events_by_type"])
    awarded = {
        name.removesuffix(" awarded"): points for name, points in run["points"].items() if name.endswith(" awarded")
    }
    yield "points awarded", sum(awarded.values()), _listed(awarded) if len(awarded) > 1 else ""
    others = {name: points for name, points in run["points"].items() if not name.endswith(" awarded")}
    if others:
        yield "other points", sum(others.values()), _listed(others)
    for ladder, tiers in run["members_by_tier"].items():
        yield f"members in {ladder}", sum(tiers.values()), _listed(tiers)
    yield "notifications", sum(run["notifications"].values()), _listed(run["notifications"])
    yield "refused", sum(run["refused"].values()), _listed(run["refused"])
    yield "dead letters", sum(run["dead_letters"].values()), _listed(run["dead_letters"])


def _listed(counts: Mapping[str, int]) -> str:
    named = [f"{count:,} {name}" for name, count in list(counts.items())[:MOST]]
    rest = sum(list(counts.values())[MOST:])
    return ", ".join([*named, f"{rest:,} others"] if rest else named)

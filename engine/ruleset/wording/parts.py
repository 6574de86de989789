"""Parts of ladders and schedules in words, as their authors write them."""

from engine.ruleset.schedules import After, Every, Schedule, Silent, Yearly
from engine.ruleset.tiers import Criteria, Criterion
from engine.ruleset.wording.texts import period

_HOUR = 60


def criteria(value: Criteria) -> str:
    """What reaches a tier: `points 1000, or counter.segments 30`."""
    return ", or ".join(" and ".join(map(_criterion, way)) for way in value.ways)


def schedule(value: Schedule) -> str:
    """When a scheduled campaign is due."""
    match value:
        case Every():
            return _every(value)
        case Yearly(attribute, before, at_minute):
            lead = "on" if before is None else f"{period(before)} before"
            return f"yearly {lead} {attribute} at {_clock(at_minute)}"
        case Silent(length, since):
            return f"{period(length)} silent since {since}"
        case After(length, of):
            return f"{period(length)} after {of}"


def _criterion(value: Criterion) -> str:
    return f"{'counter.' if value.of == 'counter' else ''}{value.name} {value.at_least}"


def _every(value: Every) -> str:
    said = [f"every {value.unit}"]
    if value.month is not None:
        said.append(f"month {value.month}")
    if value.day is not None:
        said.append(f"day {value.day}")
    if value.weekday is not None:
        said.append(f"on {value.weekday}")
    return f"{' '.join(said)} at {_clock(value.at_minute)}"


def _clock(minute: int) -> str:
    return f"{minute // _HOUR:02d}:{minute % _HOUR:02d}"

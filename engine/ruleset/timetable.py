"""The scheduled campaigns of a ruleset, by what makes them due."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from engine.core.ids import derive
from engine.ruleset.model import Campaign, Programme, Ruleset
from engine.ruleset.schedules import After, Every, Silent, Yearly


class Timetable(NamedTuple):
    """`planned` have a row of every member, due at the next instant; `after` have one for each event.

    `definitions` tell, by name of a planned campaign, a schedule that was changed; `digest` is made of all of them, "" where
    nothing is planned.
    """

    planned: tuple[Campaign, ...]
    since: Mapping[str, tuple[Campaign, ...]]  # silent ones, by the type whose events begin a silence
    of_day: Mapping[str, tuple[Campaign, ...]]  # yearly ones, by the attribute of the profile
    after: Mapping[str, tuple[Campaign, ...]]  # by the type of the event
    definitions: Mapping[str, str]
    digest: str


def timetable_of(ruleset: Ruleset) -> Timetable:
    """The timetable of a ruleset; campaigns stand in its order."""
    planned: list[Campaign] = []
    since: list[tuple[str, Campaign]] = []
    of_day: list[tuple[str, Campaign]] = []
    after: list[tuple[str, Campaign]] = []
    for campaign in ruleset.campaigns:
        match campaign.schedule:
            case Every():
                planned.append(campaign)
            case Yearly(attribute=attribute):
                planned.append(campaign)
                of_day.append((attribute, campaign))
            case Silent(since=event):
                planned.append(campaign)
                since.append((event, campaign))
            case After(of=event):
                after.append((event, campaign))
            case None:
                pass
    definitions = {campaign.name: _definition(campaign, ruleset.programme) for campaign in planned}
    parts = [part for name in sorted(definitions) for part in (name, definitions[name])]
    digest = derive("timetable", *parts) if parts else ""
    return Timetable(tuple(planned), _by(since), _by(of_day), _by(after), definitions, digest)


def _definition(campaign: Campaign, programme: Programme) -> str:
    """All that its instants depend on."""
    runs = (campaign.from_ms, campaign.until_ms)
    return derive(repr(campaign.schedule), repr(runs), programme.zone.name, programme.time.week_starts)


def _by(pairs: Iterable[tuple[str, Campaign]]) -> dict[str, tuple[Campaign, ...]]:
    found: dict[str, tuple[Campaign, ...]] = {}
    for name, campaign in pairs:
        found[name] = (*found.get(name, ()), campaign)
    return found

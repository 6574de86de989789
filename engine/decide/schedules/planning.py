"""When a member's scheduled campaigns come next: rows that are made at enrolment, moved by events, and made anew with new rules.

A schedule begins when it comes into force, and catches up on nothing before that; from then on each of its instants counts.
"""

from engine.core import keys
from engine.core.calendar import local_day
from engine.core.records import Json
from engine.decide.draft import Draft
from engine.decide.rows.base import VERSION
from engine.decide.rows.member import MemberRow
from engine.decide.rows.sale import TransactionRow
from engine.decide.rows.schedules import AfterRow, ScheduleRow
from engine.decide.schedules.occurrences import ahead, next_of_every, next_of_year
from engine.ruleset.model import Campaign
from engine.ruleset.schedules import After, Every, Schedule, Silent, Yearly

ENROLLED = "member.enrolled"
_SALE = "transaction.completed"


def plan(draft: Draft, member: MemberRow, now_ms: int) -> None:
    """Makes the rows of all planned campaigns that have none for their present schedule; others are left alone."""
    if "forgotten" in member or "alias_of" in member:
        return
    definitions = draft.rules.timetable.definitions
    for campaign in draft.rules.timetable.planned:
        row = row_of(draft, campaign)
        if row is None or row["definition"] != definitions[campaign.name]:
            keep(draft, campaign, replanned(draft, campaign, member, row, now_ms))


def heard(draft: Draft, kind: str, event_id: str, time_ms: int, member: MemberRow) -> None:
    """An event of a member: silences begin anew, and campaigns that come a time after it are planned."""
    table = draft.rules.timetable
    if kind == ENROLLED:
        plan(draft, member, _now(draft))
    for campaign in table.since.get(kind, ()):
        row = row_of(draft, campaign) or _new(draft, campaign)
        since = time_ms if row["since"] is None else max(row["since"], time_ms)
        keep(draft, campaign, replanned(draft, campaign, member, ScheduleRow(**{**row, "since": since}), _now(draft)))
    for campaign in table.after.get(kind, ()):
        if isinstance(campaign.schedule, After):
            at = ahead(time_ms, campaign.schedule.period, draft.rules.ruleset.programme.zone)
            row_after = AfterRow(v=VERSION, campaign=campaign.name, event=kind, at=at)
            draft.put(keys.row(draft.subject, "after", campaign.name, event_id), row_after, at)


def heard_of_outcomes(draft: Draft, member: MemberRow) -> None:
    """What happened here may be what a schedule waits for, or move a day of the member's year."""
    table = draft.rules.timetable
    if not (table.planned or table.after):
        return
    for outcome in tuple(draft.outcomes):
        heard(draft, outcome.type, outcome.id, outcome.time_ms, member)
        if outcome.type == "member.attribute_set":
            for campaign in table.of_day.get(outcome.data["attribute"], ()):
                keep(draft, campaign, replanned(draft, campaign, member, row_of(draft, campaign), _now(draft)))


def row_of(draft: Draft, campaign: Campaign) -> ScheduleRow | None:
    """The row of a planned campaign."""
    found: ScheduleRow | None = draft.get(_key(draft, campaign))
    return found


def keep(draft: Draft, campaign: Campaign, row: ScheduleRow) -> None:
    """Writes a row where it says something that is not written yet."""
    before = row_of(draft, campaign)
    if row != before and (before is not None or row["at"] is not None or row["since"] is not None):
        draft.put(_key(draft, campaign), row, row["at"])


def replanned(draft: Draft, campaign: Campaign, member: MemberRow, row: ScheduleRow | None, now_ms: int) -> ScheduleRow:
    """The row as it is by the present schedule: with its first instant after another."""
    found = row or _new(draft, campaign)
    planned = ScheduleRow(**{**found, "definition": draft.rules.timetable.definitions[campaign.name]})
    schedule = campaign.schedule
    if isinstance(schedule, Silent) and planned["since"] is None:
        planned["since"] = _last_known(draft, member, schedule.since)
    elif not isinstance(schedule, Silent):
        planned["since"] = None
    after_ms = now_ms if campaign.from_ms is None else max(now_ms, campaign.from_ms - 1)
    at = None if schedule is None else _next(draft, schedule, member, planned, after_ms)
    planned["at"] = None if at is not None and campaign.until_ms is not None and at >= campaign.until_ms else at
    return planned


def _next(draft: Draft, schedule: Schedule, member: MemberRow, row: ScheduleRow, after_ms: int) -> int | None:
    programme = draft.rules.ruleset.programme
    zone = programme.zone
    match schedule:
        case Every():
            at = next_of_every(schedule, after_ms, zone, programme.time.week_starts)
            while local_day(at, zone).isoformat() <= row["day"]:
                at = next_of_every(schedule, at, zone, programme.time.week_starts)
            return at
        case Yearly(attribute=attribute):
            coming = next_of_year(schedule, member["profile"].get(attribute), after_ms, row["year"], zone)
            return None if coming is None else coming.at_ms
        case Silent(period=period):
            at = after_ms if row["since"] is None else ahead(row["since"], period, zone)
            return at if at > after_ms and local_day(at, zone).isoformat() > row["day"] else None
        case After():
            return None


def _last_known(draft: Draft, member: MemberRow, kind: str) -> int | None:
    """When a member's last event of a type was, of the types of which that is kept."""
    if kind == ENROLLED:
        return member["enrolled_at"]
    if kind != _SALE:
        return None
    sales: list[TransactionRow] = [draft.get(key) for key in draft.scan("transaction")]
    return max((sale["time"] for sale in sales), default=None)


def _new(draft: Draft, campaign: Campaign) -> ScheduleRow:
    definition: Json = draft.rules.timetable.definitions[campaign.name]
    return ScheduleRow(v=VERSION, campaign=campaign.name, definition=definition, at=None, day="", year=0, since=None)


def _key(draft: Draft, campaign: Campaign) -> str:
    return keys.row(draft.subject, "schedule", campaign.name)


def _now(draft: Draft) -> int:
    """An event that comes late plans nothing for the time that has passed since."""
    return draft.time_ms if draft.clock_ms is None else max(draft.time_ms, draft.clock_ms)

"""Scheduled campaigns that come to a member: at the instant that was planned, each of them once, also after a pause (B-31)."""

from engine.core.calendar import Zone, local_day
from engine.core.records import Event, Visit
from engine.decide.draft import Draft
from engine.decide.members.member import fire
from engine.decide.membership import member_of
from engine.decide.rows.member import MemberRow
from engine.decide.rows.schedules import AfterRow, ScheduleRow
from engine.decide.schedules.occurrences import next_of_year
from engine.decide.schedules.planning import keep, plan, replanned, row_of
from engine.ruleset.model import Campaign
from engine.ruleset.schedules import SCHEDULED, Yearly


def visit(draft: Draft, visited: Visit) -> None:
    """A ruleset came into force: plans what it schedules, for a member who was enrolled before."""
    member = member_of(draft)
    if member is not None:
        plan(draft, member, visited.time_ms)


def due(draft: Draft, key: str) -> None:
    """A planned campaign is due: decided at the instant it was due for, whenever that is noticed; then planned again."""
    row: ScheduleRow = draft.get(key)
    member, campaign = member_of(draft), _campaign(draft, row["campaign"])
    if campaign is None or member is None or "forgotten" in member:
        draft.delete(key)
    elif row["definition"] != draft.rules.timetable.definitions[campaign.name]:
        keep(draft, campaign, replanned(draft, campaign, member, row, draft.time_ms - 1))
    else:
        _come(draft, campaign, member, row)


def _come(draft: Draft, campaign: Campaign, member: MemberRow, row: ScheduleRow) -> None:
    came = ScheduleRow(**{**row, "at": None, "day": local_day(draft.time_ms, _zone(draft)).isoformat()})
    year = _year(draft, campaign, member, row)
    if year is not None:
        keep(draft, campaign, ScheduleRow(**{**came, "year": year}))
        fire(draft, _event(draft, campaign.name), member)
    keep(
        draft, campaign, replanned(draft, campaign, member_of(draft) or member, row_of(draft, campaign), draft.time_ms)
    )


def due_after(draft: Draft, key: str) -> None:
    """A campaign is due that comes a time after an event."""
    row: AfterRow = draft.get(key)
    draft.delete(key)
    member, campaign = member_of(draft), draft.rules.campaigns.get(row["campaign"])
    if campaign is not None and campaign.on == SCHEDULED and member is not None and "forgotten" not in member:
        fire(draft, _event(draft, campaign.name), member)


def _campaign(draft: Draft, name: str) -> Campaign | None:
    """A campaign that the present rules plan."""
    return draft.rules.campaigns[name] if name in draft.rules.timetable.definitions else None


def _year(draft: Draft, campaign: Campaign, member: MemberRow, row: ScheduleRow) -> int | None:
    """The year that a yearly campaign is due for, as ever for others; None where it is not due any more."""
    schedule = campaign.schedule
    if not isinstance(schedule, Yearly):
        return row["year"]
    day = member["profile"].get(schedule.attribute)
    coming = next_of_year(schedule, day, draft.time_ms - 1, row["year"], _zone(draft))
    return None if coming is None or coming.at_ms != draft.time_ms else coming.year


def _zone(draft: Draft) -> Zone:
    return draft.rules.ruleset.programme.zone


def _event(draft: Draft, campaign: str) -> Event:
    """The due instant as the event that the campaign is decided on."""
    return Event(
        id=draft.record,
        type=SCHEDULED,
        source="guerdon",
        event_id=draft.cause,
        time_ms=draft.time_ms,
        received_at_ms=draft.time_ms,
        subject=draft.subject,
        data={"campaign": campaign},
    )

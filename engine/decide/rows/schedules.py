"""When a scheduled campaign is due for a member."""

from typing import TypedDict


class ScheduleRow(TypedDict):
    """`schedule/<campaign>`: when a scheduled campaign comes to a member next; None for not as things are.

    `definition`: the schedule it was made for. `day`: the last local day on which it came, so that it comes once (B-31), and
    `year` the last year of a yearly one. `since`: when a silence began.
    """

    v: int
    campaign: str
    definition: str
    at: int | None
    day: str
    year: int
    since: int | None


class AfterRow(TypedDict):
    """`after/<campaign>/<event id>`: a campaign that comes to a member a time after an event of theirs."""

    v: int
    campaign: str
    event: str
    at: int

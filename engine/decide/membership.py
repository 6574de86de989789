"""The member's row in a step: read at its beginning, written at its end with the messages and follow-ups of what happened."""

from typing import cast

from engine.decide.draft import Draft
from engine.decide.following import follow
from engine.decide.notifying import notify_of_outcomes
from engine.decide.rows.member import MemberRow
from engine.decide.schedules.planning import heard_of_outcomes


def member_of(draft: Draft) -> MemberRow | None:
    """The member's row, safe to change at its first two levels; None before enrolment."""
    row: MemberRow | None = draft.get(draft.subject)
    if row is None:
        return None
    return cast(
        "MemberRow",
        {
            **row,
            "profile": dict(row["profile"]),
            "accounts": dict(row["accounts"]),
            "ladders": dict(row["ladders"]),
        },
    )


def known_member(draft: Draft) -> MemberRow:
    """The row of a member who must be there, such as one whose lot expires."""
    member = member_of(draft)
    assert member is not None, draft.subject  # noqa: S101  # only members have rows that are due
    return member


def finish(draft: Draft, member: MemberRow) -> None:
    """Ends a step: requests the messages for what happened, sends it to the campaigns that are on it, writes the row."""
    notify_of_outcomes(draft, member)
    heard_of_outcomes(draft, member)
    follow(draft)
    draft.put(draft.subject, member)

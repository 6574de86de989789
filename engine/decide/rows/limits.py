"""Uses of limits, and events that ask for what others hold."""

from typing import NotRequired, TypedDict

from engine.core.records import Json
from engine.decide.rows.sale import UseRow


class UsesRow(TypedDict):
    """`uses/<campaign, group or account>`: how much of each limit a member used, by the limit's name and the start of its window.

    `at` keeps single uses as [when, how much] where a window slides.
    """

    v: int
    used: dict[str, dict[str, int]]
    at: dict[str, list[list[int]]]


class SharedLimitRow(TypedDict):
    """One limit in a question to who holds it (`engine.decide.campaigns.budget`).

    `period` is the start of its calendar window; where it slides, that is "", and uses at `from_ms` and later, before `until_ms`,
    count; what was used is kept for `keep_days`.
    """

    limit: str
    kind: str  # times, points, budget, not_within
    amount: int
    over: str  # refuse, clamp
    period: str
    from_ms: int
    until_ms: int
    keep_days: int


class QuestionRow(TypedDict):
    """A question that was sent to a holder, and its answer: points by award, or the reason of the refusal."""

    holder: str
    campaign: str
    limits: list[SharedLimitRow]
    points: NotRequired[list[int]]
    reason: NotRequired[str]


class AskedRow(TypedDict):
    """`asked/<record id>`: an event whose decision waits for answers, and all that it is settled against (B-14).

    `waiting`: what is not answered yet. `event`, `fields` and `base` (the campaigns of base earn that hold) are as when it was
    asked; `sale`: the key of its sale below the member. `candidates`: the campaigns that give once all `questions` are answered,
    `reserved` what they took of the member's limits until then. `campaigns`, `status` and `detail`: the decision so far.
    """

    v: int
    waiting: list[str]
    event: Json
    ruleset: str
    depth: int
    explicit: list[str]
    sale: str | None
    fields: dict[str, Json]
    base: list[str]
    candidates: list[str]
    questions: list[QuestionRow]
    reserved: list[UseRow]
    campaigns: Json
    status: str
    detail: dict[str, Json]
    undecided: NotRequired[bool]  # its campaigns wait for the referrer

"""A member: what conditions see of them, their accounts' books, their places on ladders."""

from typing import NotRequired, TypedDict

from engine.core.records import Json


class AccountRow(TypedDict):
    """An account of a member. `books` sum to zero (`engine.core.ledger`); `balance` is what can be spent, below zero for a deficit.

    `earned`: what campaigns awarded, less what returns took from it.
    """

    balance: int
    earned: int
    books: dict[str, int]


class StepRow(TypedDict):
    """One standing of a member on a ladder. `until`: when its term is over, `ends`: without what the ladder adds; None for ever.

    `earned_at`: when that was earned which reached it. `consumed`: progress that reaching it used up, by account or counter
    and period.
    """

    tier: str
    since: int
    until: int | None
    ends: int | None
    earned_at: int
    consumed: NotRequired[dict[str, dict[str, int]]]


class LadderRow(TypedDict):
    """A member's place on a ladder. `until`: when the tier is looked at again; None for ever, as for a tier for life.

    `qualified`: points earned in the ladder's account by period (`2026`, the first day of a year of membership, a day where the
    window moves, or `ever`), `also`: those of other accounts that its tiers ask for. `entered`: tiers ever reached, in order.
    `steps`: what this term began with, and the tiers reached in it, the present one last, so that a return can take them back.
    `told`: what was last said of the way to the next tier, where counters or several ways lead there.
    """

    tier: str
    since: int
    until: int | None
    qualified: dict[str, int]
    entered: list[str]
    steps: list[StepRow]
    also: NotRequired[dict[str, dict[str, int]]]
    told: NotRequired[list[Json]]


class TierChangeRow(TypedDict):
    """A change of tier; `before` is None on joining."""

    at: int
    before: str | None
    after: str
    reason: str


class TierRow(TypedDict):
    """`tier/<ladder>`: what comes next of a member's tier (`what` at `at`: warn, end, grace), and what became of it so far.

    `review`: when a return is followed that waits for the end of its period. `turns` counts the due work that was done.
    """

    v: int
    ladder: str
    at: int | None
    what: str
    review: int | None
    turns: int
    history: list[TierChangeRow]


class AchievementRow(TypedDict):
    """Where a member stands with an achievement: `count` as of the latest instant `at`, completed `times`.

    `multiples` of the target stand, whether or not they may be completed so often; `highest`: how many ever stood.
    """

    count: int
    at: int
    times: int
    multiples: int
    highest: int


class MemberRow(TypedDict):
    """`member:<id>`: what conditions see of a member, and balances. Personal values of `profile` are sealed texts."""

    v: int
    member_id: str
    enrolled_at: int
    enrolment: str  # content_mac of the enrolment: its key counts for ever (B-18)
    locale: str | None
    profile: dict[str, Json]
    tags: list[str]
    consents: list[str]
    opt_ins: dict[str, int]
    external_ids: list[dict[str, str]]
    accounts: dict[str, AccountRow]
    ladders: dict[str, LadderRow]
    referrer: NotRequired[str]  # the member who referred this one
    seeking: NotRequired[bool]  # who that is, is being asked
    waits: NotRequired[dict[str, list[str]]]  # the numbers of parked returns, by the key of the sale that they wait for
    alias_of: NotRequired[str]  # the member who has all that was theirs, since they were merged (B-52)
    aliases: NotRequired[list[str]]  # the members who were merged into this one
    forgotten: NotRequired[int]  # since when nothing personal is known of them (B-51)
    achievements: NotRequired[dict[str, AchievementRow]]


class MergingRow(TypedDict):
    """`merging/<record id>`: a member who stays asks for all that is here; it waits for events that are not settled (B-52)."""

    v: int
    to: str
    data: Json


class MovedRow(TypedDict):
    """`merged/<record id>/<number>`: rows of a merged member as [key, row, due instant], until all of them are here."""

    v: int
    rows: list[list[Json]]


class ExternalRow(TypedDict):
    """`external:<keyed hash>`: whose external id it is."""

    v: int
    member: str
    kind: str

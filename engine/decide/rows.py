"""The shapes of the rows that steps keep. Plain JSON; `v` is the format's version, upcast on read once there is a second one.

Points are integers, instants milliseconds since 1970 in UTC. Collections and their keys:
`seen/<record id>`, `transaction/<natural key>`, `key/<type>/<natural key>`, `lot/<account>/<expiry>/<earned>/<lot id>`,
`parked/<number>`, `asked/<record id>`.
"""

from typing import NotRequired, TypedDict

from engine.core.instants import DAY_MS
from engine.core.records import Json

VERSION = 1
KEEP_KEYS_MS = 400 * DAY_MS  # how long a natural key and a transaction are remembered (B-18)


class AccountRow(TypedDict):
    """An account of a member; `balance` equals the sum of its lots."""

    balance: int
    earned: int


class LadderRow(TypedDict):
    """A member's place on a ladder. `qualified`: progress by period (`2026`, or `ever`). `entered`: tiers ever reached, in order."""

    tier: str
    since: int
    qualified: dict[str, int]
    entered: list[str]


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
    referred_by: NotRequired[str]  # a member id or a referral code


class SeenRow(TypedDict):
    """`seen/<record id>`: an input that came here; `repeats` counts how often it came again."""

    v: int
    content: str
    repeats: int


class KeyRow(TypedDict):
    """`key/<type>/<natural key>`: the input that took a natural key."""

    v: int
    record: str
    content: str


class AwardRow(TypedDict):
    """One award of a sale, with all that a return needs to prorate it (B-22)."""

    campaign: str
    effect: int  # its place among the campaign's effects, in the ruleset of the sale
    account: str
    points: int
    lot: str
    base_minor: int  # what a rate was taken of, 0 where there was none
    line_ids: list[str]


class TransactionRow(TypedDict):
    """`transaction/<natural key>`: a sale as decided, with the ruleset that did."""

    v: int
    record: str
    content: str
    time: int
    ruleset: str
    sale: Json  # the normalised payload
    awards: list[AwardRow]


class LotRow(TypedDict):
    """`lot/...`: points that were earned together; `points` are what is left of `awarded`."""

    v: int
    lot_id: str
    member_id: str
    account: str
    awarded: int
    points: int
    earned_at: int
    active_from: int
    expires_at: int | None
    campaign: str
    record: str
    transaction: str | None


class ParkedRow(TypedDict):
    """`parked/<number>`: an event that waits for its member (B-19)."""

    v: int
    event: Json


class AskedRow(TypedDict):
    """`asked/<record id>`: an input whose decision waits for answers; `recorded` is what is known of it so far."""

    v: int
    waiting: list[str]
    record: str
    cause: str
    time: int
    recorded: Json


class ExternalRow(TypedDict):
    """`external:<keyed hash>`: whose external id it is."""

    v: int
    member: str
    kind: str


class CounterRow(TypedDict):
    """`counter/<name>/<year-month>`: what was counted in a local month, as [when, how much, which value]."""

    v: int
    at: list[list[Json]]


class CounterMetaRow(TypedDict):
    """`counter/<name>/meta`: what the counter was defined as, and the highest count of a field in a window, as [since, count]."""

    v: int
    definition: str
    peaks: dict[str, list[int]]


class UsesRow(TypedDict):
    """`uses/<campaign, group or account>`: how much of each limit a member used, by the limit's name and the start of its window.

    `at` keeps single uses as [when, how much] where a window slides.
    """

    v: int
    used: dict[str, dict[str, int]]
    at: dict[str, list[list[int]]]

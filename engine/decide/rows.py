"""The shapes of the rows that steps keep. Plain JSON; `v` is the format's version, upcast on read once there is a second one.

Points are integers, instants milliseconds since 1970 in UTC. Collections and their keys:
`seen/<record id>`, `transaction/<natural key>`, `key/<type>/<natural key>`, `lot/<account>/<expiry>/<earned>/<lot id>`,
`pending/<account>/<due>/<earned>/<lot id>`, `hold/<hold id>`, `spend/<spend id>`, `paid/<transaction id>/<spend id>`,
`sliding/<account>`, `active/<account>/<instant>`, `warning/<account>/<expiry>/<lead>`, `parked/<number>`, `asked/<record id>`,
`tier/<ladder>`.
"""

from typing import NotRequired, TypedDict

from engine.core.instants import DAY_MS
from engine.core.records import Json

VERSION = 1
KEEP_KEYS_MS = 400 * DAY_MS  # how long a natural key and a transaction are remembered (B-18)


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


class UseRow(TypedDict):
    """What an award or a campaign took of one limit. `of`: the subject that counts it, "" for the member's own.

    `period` is the start of its calendar window, "" where the window slides, and `at` the event's own time.
    """

    of: str
    owner: str  # `campaign:x`, `group:y`, `account:z`
    limit: str
    kind: str  # times, points, budget, not_within
    period: str
    at: int
    amount: int
    keep_days: NotRequired[int]  # how long a holder keeps uses of a window that slides


class AwardRow(TypedDict):
    """One award of a sale, with all that a return needs to prorate it (B-22). `left` is what returns have left of `points`.

    `cut`: a limit left less of it than was reckoned.
    """

    campaign: str
    effect: int  # its place among the campaign's effects, in the ruleset of the sale
    account: str
    points: int
    left: int
    cut: bool
    lot: str  # the key of its lot below the member, pending or active
    base_minor: int  # what a rate was taken of, 0 where there was none
    line_ids: list[str]
    uses: list[UseRow]
    to: NotRequired[str]  # the subject of the referrer who got it


class ProposedRow(TypedDict):
    """A campaign that wanted to give for a sale: how many times over, the uses of `times` limits it took."""

    times: int
    uses: list[UseRow]


class ReturnedRow(TypedDict):
    """What came back of a sale so far. `lines`: [pieces, amount_minor] by line.

    `restored`: points that had paid, given back; `points_minor`: what they had paid.
    """

    lines: dict[str, list[int]]
    amount_minor: int
    restored: int
    points_minor: int
    gone: bool  # nothing is left of any line


class TransactionRow(TypedDict):
    """`transaction/<natural key>`: a sale as decided, with the ruleset that did, and what came back of it.

    `proposed`: the campaigns that wanted to give, before groups chose. `stood`: what conditions saw that the sale does not say.
    `counted`: by counter, its definition, how much and which value.
    """

    v: int
    record: str
    content: str
    time: int
    ruleset: str
    sale: Json  # the normalised payload
    awards: list[AwardRow]
    proposed: dict[str, ProposedRow]
    stood: dict[str, Json]
    counted: dict[str, list[Json]]
    returned: NotRequired[ReturnedRow]
    kept: NotRequired[Json]  # the payload less what came back
    asked: NotRequired[str]  # the record whose questions are not all answered


class LotRow(TypedDict):
    """`lot/...`, or `pending/...` until it is active: points that were earned together; `points` are what is left of `awarded`.

    `expiry` is what its expiry is computed from at activation, `waits_for` the activity that activates it; until then it has
    no `active_from`. `back`: the record by which points came back into it.
    """

    v: int
    lot_id: str
    member_id: str
    account: str
    awarded: int
    points: int
    earned_at: int
    active_from: int | None
    expires_at: int | None
    campaign: str | None
    record: str
    transaction: str | None  # the key of the sale's row below the member
    expiry: NotRequired[Json]
    waits_for: NotRequired[str]
    back: NotRequired[str]


class PartRow(TypedDict):
    """Points taken from one lot: `row` is the lot with just these points, `lot` its key below the member."""

    lot: str
    row: LotRow


class SpendRow(TypedDict):
    """`spend/<spend id>`: points that were spent, to be given back with their expiry (B-24). `restored`: how many came back."""

    v: int
    spend_id: str
    account: str
    points: int
    time: int
    parts: list[PartRow]
    restored: int
    transaction_id: str | None


class PaidRow(TypedDict):
    """`paid/<transaction id>/<spend id>`: a spending that paid a sale."""

    v: int
    spend_id: str


class HoldRow(TypedDict):
    """`hold/<hold id>`: points that are kept aside (B-7)."""

    v: int
    hold_id: str
    account: str
    points: int
    time: int
    held_until: int | None
    parts: list[PartRow]


class SlidingRow(TypedDict):
    """`sliding/<account>`: when all lots of an account without an expiry of their own go (B-4a). `record`: what last moved it."""

    v: int
    account: str
    at: int  # the last activity: its local day's beginning where the account counts in days
    expires_at: int
    record: str


class ActiveRow(TypedDict):
    """`active/<account>/<instant>`: how many activities, less those returned, renewed an account on a local day."""

    v: int
    times: int


class WarningRow(TypedDict):
    """`warning/<account>/<expiry>/<lead>`: `points.expiring` is to be said, or was said (B-8)."""

    v: int
    account: str
    at: int
    expires_at: int
    sliding: bool
    said: bool


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


class MergingRow(TypedDict):
    """`merging/<record id>`: a member who stays asks for all that is here; it waits for events that are not settled (B-52)."""

    v: int
    to: str
    data: Json


class MovedRow(TypedDict):
    """`merged/<record id>/<number>`: rows of a merged member as [key, row, due instant], until all of them are here."""

    v: int
    rows: list[list[Json]]


class ParkedRow(TypedDict):
    """`parked/<number>`: an event that waits for its member (B-19). `known`: they were enrolled when it came."""

    v: int
    event: Json
    known: NotRequired[bool]


class SharedLimitRow(TypedDict):
    """One limit in a question to who holds it (`engine.decide.budget`).

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


class ReceiptRow(TypedDict):
    """`transaction:<natural key>`: whose sale it is, as a subject."""

    v: int
    member: str


class ExternalRow(TypedDict):
    """`external:<keyed hash>`: whose external id it is."""

    v: int
    member: str
    kind: str


class CounterMetaRow(TypedDict):
    """`counter/<name>/meta`: what the counter was defined as; its counts are dated series beside it (`engine.decide.series`).

    `peaks`: what a field's count was before a return, as [when that was bought, count]. `values`: of a counter of different
    values, when each was counted first and last.
    """

    v: int
    definition: str
    peaks: dict[str, list[list[int]]]
    values: dict[str, list[int]]


class UsesRow(TypedDict):
    """`uses/<campaign, group or account>`: how much of each limit a member used, by the limit's name and the start of its window.

    `at` keeps single uses as [when, how much] where a window slides.
    """

    v: int
    used: dict[str, dict[str, int]]
    at: dict[str, list[list[int]]]

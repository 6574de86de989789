"""A sale with all that its return needs, and what came back of it."""

from typing import NotRequired, TypedDict

from engine.core.records import Json


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


class ReceiptRow(TypedDict):
    """`transaction:<natural key>`: whose sale it is, as a subject."""

    v: int
    member: str

"""Points in lots, and out of them: pending, held, spent, about to expire."""

from typing import NotRequired, TypedDict

from engine.core.records import Json


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

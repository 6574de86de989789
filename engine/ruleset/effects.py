"""What a campaign does: each effect a value, with every name resolved and every amount in minor units."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.core.calendar import Expiry, Period
from engine.ruleset.conditions import Scalar


@dataclass(frozen=True, slots=True)
class Fixed:
    """So many points."""

    points: int


@dataclass(frozen=True, slots=True)
class Rate:
    """`points` per `per_minor` of the amount of the lines in the set `of`, floored once, or line by line.

    `of` of None is the whole transaction.
    """

    points: int
    per_minor: int
    of: str | None = None
    each_line: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """`points` for each full `every_minor` of the amount of the lines in the set `of` (None: the whole transaction)."""

    points: int
    every_minor: int
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """`points` for each bundle of so many pieces of each set, the dearest pieces first, each piece once; `at_most` bundles a sale."""

    points: int
    pieces: Mapping[str, int]  # set -> pieces
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Multiple:
    """`thousandths` of base earn on the lines in the set `of`: floor(b x m) - floor(b) of their exact base b (2000 is twice)."""

    thousandths: int
    of: str | None = None


How = Fixed | Rate | Steps | Bundle | Multiple


@dataclass(frozen=True, slots=True)
class Pending:
    """Until when awarded points cannot be spent (B-5): for a time, or until an activity, else they lapse."""

    period: Period | None
    until_activity: str | None = None
    or_lapse: Period | None = None


@dataclass(frozen=True, slots=True)
class AwardPoints:
    """Points into an account. `expires` of None is the account's own; `to` says whose."""

    how: How
    account: str
    expires: Expiry | None = None
    pending: Pending | None = None
    to: Literal["member", "referrer"] = "member"


@dataclass(frozen=True, slots=True)
class AddTag:
    """The member has a tag from the next event on."""

    tag: str


@dataclass(frozen=True, slots=True)
class RemoveTag:
    """The member has a tag no more from the next event on."""

    tag: str


@dataclass(frozen=True, slots=True)
class SetAttribute:
    """An attribute of the member, not a personal one, from the next event on."""

    attribute: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class Notify:
    """Ask the messaging service for the message `message`."""

    message: str


@dataclass(frozen=True, slots=True)
class Emit:
    """The programme's own event `custom.<name>` on `emissions`; also the member's next journal record."""

    name: str
    data: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class IssueVoucher:
    """A voucher, at once or `after` a time, always or with a chance of 1 of `one_of`."""

    voucher: str
    after: Period | None = None
    one_of: int = 1


@dataclass(frozen=True, slots=True)
class IssueCode:
    """A code of a promo code list."""

    list: str


@dataclass(frozen=True, slots=True)
class SetTier:
    """A tier of a ladder, whatever the progress; `until` is how long."""

    ladder: str
    tier: str
    until: Period | None = None


Effect = AwardPoints | AddTag | RemoveTag | SetAttribute | Notify | Emit | IssueVoucher | IssueCode | SetTier

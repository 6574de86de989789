"""Vouchers and the pools that their codes come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.core.calendar import Period
from engine.ruleset.conditions import Condition, LineSet, Scalar
from engine.ruleset.limits import Limit


@dataclass(frozen=True, slots=True)
class PercentOff:
    """A part of what the lines cost, in hundredths of a percent; at most `at_most_minor`."""

    basis_points: int
    at_most_minor: int | None = None


@dataclass(frozen=True, slots=True)
class AmountOff:
    """An amount in the programme's currency."""

    amount_minor: int


@dataclass(frozen=True, slots=True)
class FreePieces:
    """So many pieces of lines of the set, the cheapest first."""

    lines: LineSet
    pieces: int = 1


@dataclass(frozen=True, slots=True)
class ExternalValue:
    """A card of another company, worth this in its currency."""

    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What another system grants: `{data_mb: 5120}`."""

    data: Mapping[str, Scalar]


Benefit = PercentOff | AmountOff | FreePieces | ExternalValue | Grant


@dataclass(frozen=True, slots=True)
class VoucherValidity:
    """Usable from `after` the issuing (or from `from_ms`), for a period, whose last day is the last usable one, or until `until_ms`."""

    period: Period | None = None
    after: Period | None = None
    from_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class FromPool:
    """The code comes from a pool."""

    pool: str


@dataclass(frozen=True, slots=True)
class FromPattern:
    """The code is made: each `#` is one of 32 signs."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Buy:
    """How members buy it: the price in an account, the shelf it stands on, who may, and how many there are (None: no end)."""

    price: int
    account: str
    shelf: str = ""
    tiers: tuple[str, ...] = ()
    stock: int | None = None


@dataclass(frozen=True, slots=True)
class Voucher:
    """One kind of voucher; `titles` by language, `code` of None has none, `redeem_at` says who decides a redemption."""

    name: str
    titles: Mapping[str, str]
    benefit: Benefit
    applies_to: LineSet | None
    when: Condition | None
    valid: VoucherValidity
    uses: int
    limits: tuple[Limit, ...]
    bound: bool
    redeem_at: Literal["internal", "external"]
    issuer: str
    offer_codes: tuple[str, ...]
    code: FromPool | FromPattern | None
    remind: tuple[Period, ...]
    buy: Buy | None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """Codes come in batches."""


@dataclass(frozen=True, slots=True)
class OnDemand:
    """Codes are asked of a provider, one by one; all in milliseconds."""

    provider: str
    timeout_ms: int
    retry_first_ms: int
    retry_up_to_ms: int
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of codes (B-33); `fallback` names the pool asked where this one is empty, `when_empty` is what happens else."""

    name: str
    issuer: str
    source: Imported | OnDemand
    unit_cost_minor: int | None
    keep_code: bool
    low_at: int | None
    when_empty: Literal["queue", "refuse", "fallback"]
    fallback: str = ""

"""The points of one partition, counted from its rows by account and month; every member's lots against their books."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson

from engine.core import keys
from engine.core.calendar import Expiry, Period, expires_at, local_day
from engine.core.ledger import balance_of
from engine.decide.rows.member import MemberRow
from engine.decide.rows.points import HoldRow, LotRow, SlidingRow
from engine.errors import EngineError
from engine.pipeline.records import StateRecord
from engine.ruleset.model import Account, Ruleset

Month = str | None  # `2026-11`, in the programme's zone; None for never

_MEMBER = b"member:"
_BUCKETS = {"lot": "available", "pending": "pending", "hold": "held"}


class BooksDiffer(EngineError):
    """A member's lots are not what the books say."""

    exit_code = 78


@dataclass(slots=True)
class AccountSums:
    """Points of one account. `available` by the month whose last usable day they have, `activating` by that from which they count.

    `waiting`: of those pending, the points that wait for an activity. `expiring`: when all of them go if none is spent.
    `books`: the world's buckets too. `members`: who has points to spend.
    """

    available: Counter[Month] = field(default_factory=Counter)
    activating: Counter[Month] = field(default_factory=Counter)
    held: Counter[Month] = field(default_factory=Counter)
    expiring: Counter[Month] = field(default_factory=Counter)
    waiting: int = 0
    books: Counter[str] = field(default_factory=Counter)
    members: int = 0
    members_in_deficit: int = 0

    def add(self, other: "AccountSums") -> None:
        """Adds those of another partition."""
        for name in ("available", "activating", "held", "expiring", "books"):
            getattr(self, name).update(getattr(other, name))
        self.waiting += other.waiting
        self.members += other.members
        self.members_in_deficit += other.members_in_deficit


@dataclass(slots=True)
class PartitionSums:
    """All of one partition; `members`: who has points to spend in any account."""

    accounts: dict[str, AccountSums] = field(default_factory=dict)
    members: int = 0
    members_in_deficit: int = 0


class Counting:
    """Takes the rows of a partition in any order, then says what they come to by a ruleset."""

    def __init__(self) -> None:
        self._books: dict[tuple[str, str], Mapping[str, int]] = {}  # by member and account
        self._lots: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)  # by bucket what rows hold
        self._ending: Counter[tuple[str, int]] = Counter()  # active points by account and expiry
        self._unended: Counter[tuple[str, str]] = Counter()  # by member and account, without an expiry of their own
        self._sliding: dict[tuple[str, str], int] = {}
        self._pending: list[tuple[str, LotRow, int | None]] = []  # of a member, with when each is due
        self._holds: list[tuple[str, HoldRow]] = []

    def take(self, rows: Iterable[StateRecord]) -> None:
        """Takes rows; those of others than members say nothing here."""
        for row in rows:
            if row.key.startswith(_MEMBER) and row.value is not None:
                self._take(row.key.decode(), row.value)

    def sums(self, ruleset: Ruleset) -> PartitionSums:
        """What the rows come to. Raises BooksDiffer naming the first member whose lots and books differ."""
        self._check()
        return _Summing(ruleset, self._sliding).of(self._books, self._ending, self._unended, self._pending, self._holds)

    def _take(self, key: str, value: bytes) -> None:
        member = keys.owner_of(key)
        match keys.collection_of(key):
            case "":
                row: MemberRow = orjson.loads(value)
                for name, account in row["accounts"].items():
                    self._books[member, name] = account["books"]
            case "lot":
                self._take_lot(member, orjson.loads(value))
            case "pending":
                waiting: LotRow = orjson.loads(value)
                due = key.split("/")[3]
                self._pending.append((member, waiting, None if due == keys.NEVER else int(due)))
                self._lots[member, waiting["account"]]["pending"] += waiting["points"]
            case "hold":
                hold: HoldRow = orjson.loads(value)
                self._holds.append((member, hold))
                self._lots[member, hold["account"]]["held"] += hold["points"]
            case "sliding":
                sliding: SlidingRow = orjson.loads(value)
                self._sliding[member, sliding["account"]] = sliding["expires_at"]

    def _take_lot(self, member: str, lot: LotRow) -> None:
        self._lots[member, lot["account"]]["available"] += lot["points"]
        if lot["expires_at"] is None:
            self._unended[member, lot["account"]] += lot["points"]
        else:
            self._ending[lot["account"], lot["expires_at"]] += lot["points"]

    def _check(self) -> None:
        for member, account in sorted(self._books.keys() | self._lots.keys()):
            books = self._books.get((member, account), {})
            lots: Mapping[str, int] = self._lots.get((member, account), {})
            for collection, bucket in _BUCKETS.items():
                if books.get(bucket, 0) != lots.get(bucket, 0):
                    raise BooksDiffer(
                        f"{member}, account {account}: the books say {books.get(bucket, 0):,} points {bucket},"
                        f" its rows `{collection}` hold {lots.get(bucket, 0):,}; guerdon verify says where that began"
                    )
            if sum(books.values()):
                raise BooksDiffer(f"{member}, account {account}: the books sum to {sum(books.values()):,}, not to zero")


class _Summing:
    """What rows come to, by account and month."""

    def __init__(self, ruleset: Ruleset, sliding: Mapping[tuple[str, str], int]) -> None:
        self._zone = ruleset.programme.zone
        self._declared: Mapping[str, Account] = {account.name: account for account in ruleset.programme.accounts}
        self._sliding = sliding
        self._found: defaultdict[str, AccountSums] = defaultdict(AccountSums)

    def of(
        self,
        books: Mapping[tuple[str, str], Mapping[str, int]],
        ending: Mapping[tuple[str, int], int],
        unended: Mapping[tuple[str, str], int],
        pending: Iterable[tuple[str, LotRow, int | None]],
        holds: Iterable[tuple[str, HoldRow]],
    ) -> PartitionSums:
        """All of it."""
        has, owes = self._count_books(books)
        for (account, ends_ms), points in ending.items():
            self._count_active(account, self._last_month(ends_ms), points)
        for (member, account), points in unended.items():
            self._count_active(account, self._last_month(self._sliding.get((member, account))), points)
        for member, lot, due_ms in pending:
            self._count_pending(member, lot, due_ms)
        for member, hold in holds:
            self._count_hold(member, hold)
        return PartitionSums(dict(self._found), has, owes)

    def _count_books(self, books: Mapping[tuple[str, str], Mapping[str, int]]) -> tuple[int, int]:
        """How many members have points to spend, and how many owe some."""
        has: set[str] = set()
        owes: set[str] = set()
        for (member, name), buckets in books.items():
            sums = self._found[name]
            sums.books.update(buckets)
            if balance_of(buckets) > 0:
                has.add(member)
                sums.members += 1
            if buckets.get("deficit", 0) < 0:
                owes.add(member)
                sums.members_in_deficit += 1
        return len(has), len(owes)

    def _count_active(self, account: str, month: Month, points: int) -> None:
        self._found[account].available[month] += points
        self._found[account].expiring[month] += points

    def _count_pending(self, member: str, lot: LotRow, due_ms: int | None) -> None:
        """What waits for a time becomes active and expires in its turn; what waits for an activity lapses."""
        sums, points = self._found[lot["account"]], lot["points"]
        if "waits_for" in lot:
            sums.waiting += points
            sums.expiring[self._last_month(due_ms)] += points
            return
        if due_ms is None:
            raise AssertionError(f"{member}: pending points that wait for nothing")
        sums.activating[self._month(due_ms)] += points
        sums.expiring[self._last_month(self._end_of(member, lot, due_ms))] += points

    def _end_of(self, member: str, lot: LotRow, active_ms: int) -> int | None:
        """When pending points will be gone."""
        expiry = lot.get("expiry")
        if expiry is not None:
            own = Expiry(Period(expiry["amount"], expiry["unit"]), expiry["round"])
            return expires_at(active_ms, own, self._zone)
        ends = self._sliding.get((member, lot["account"]))
        if ends is not None and ends > active_ms:
            return ends
        declared = self._declared.get(lot["account"])
        if declared is None or declared.expires is None or not declared.renewed_by:
            return None
        return expires_at(active_ms, declared.expires, self._zone)

    def _count_hold(self, member: str, hold: HoldRow) -> None:
        """Held points expire no earlier than the hold ends, and not at all under one that does not end by itself (B-7)."""
        sums, until = self._found[hold["account"]], hold["held_until"]
        for part in hold["parts"]:
            lot = part["row"]
            ends = lot["expires_at"]
            if ends is None:
                ends = self._sliding.get((member, hold["account"]))
            sums.held[self._last_month(ends)] += lot["points"]
            if until is None:
                sums.expiring[None] += lot["points"]
            elif ends is not None and ends <= until:
                sums.expiring[self._month(until)] += lot["points"]
            else:
                sums.expiring[self._last_month(ends)] += lot["points"]

    def _month(self, at_ms: int) -> str:
        return f"{local_day(at_ms, self._zone):%Y-%m}"

    def _last_month(self, gone_ms: int | None) -> Month:
        """The month of the last usable instant of what is gone at one: what ends at midnight after 30 November ends in November."""
        return None if gone_ms is None else self._month(gone_ms - 1)

"""The liability as a statement: points and money by account and month, and what may be expected of their expiry.

Money is exact: points times the account's worth in millionths of a minor unit, rounded once to the nearest minor unit, halves up,
each figure by itself.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from engine.replay.liability.counting import AccountSums, Month, PartitionSums
from engine.ruleset.model import Account, Ruleset

COLUMNS = (
    "account",
    "month",
    "available",
    "activating",
    "held",
    "expiring",
    "expected",
    "currency",
    "available_minor",
    "expiring_minor",
    "expected_minor",
)  # of the table
PERMILLE = 1000
_MICRO = 1_000_000
_LAST = "~"  # after all months


class MonthOfAccount(NamedTuple):
    """One month of an account, None for never.

    `available` and `held`: what has its last usable day in it. `activating`: pending points that count from then on. `expiring`: what
    goes in it if nothing is spent, of `available`, pending and held points. `expected`: so many of these by what happened so far; None
    without a history.
    """

    month: Month
    available: int
    activating: int
    held: int
    expiring: int
    expected: int | None


class AccountStatement(NamedTuple):
    """One account. `outstanding` is all that members have, `deficit` what others owe (above zero), which is not taken from it.

    `waiting`: of those pending, points that wait for an activity. `spent`, `expired`: all there ever was, and how many in a thousand of
    what left by either expired; None where nothing left.
    """

    account: str
    spendable: bool
    worth_micro: int | None
    available: int
    pending: int
    held: int
    outstanding: int
    waiting: int
    deficit: int
    members: int
    members_in_deficit: int
    issued: int
    spent: int
    expired: int
    expired_permille: int | None
    months: tuple[MonthOfAccount, ...]

    def minor(self, points: int) -> int | None:
        """What points are worth, None where the account has no worth."""
        return None if self.worth_micro is None else (points * self.worth_micro + _MICRO // 2) // _MICRO


class Liability(NamedTuple):
    """What is owed. `at`: the instant asked for, None for a place in the log. `positions`: by partition, the next record.

    `clock_ms`: the furthest of the partitions' clocks. `beyond`: the log ends before the instant, so that only what is due by then
    was added. `behind`: under a clock that follows the events, so many events of an earlier time came after that point of the log
    and are not in. `members`: who has points to spend in any account.
    """

    at: str | None
    positions: Mapping[int, int]
    clock_ms: int | None
    beyond: bool
    behind: int
    ruleset: str
    zone: str
    currency: str
    minor_digits: int
    members: int
    members_in_deficit: int
    accounts: tuple[AccountStatement, ...]

    @property
    def outstanding_minor(self) -> int:
        """The worth of all accounts that have one."""
        return sum(account.minor(account.outstanding) or 0 for account in self.accounts)

    def values(self) -> dict[str, Any]:
        """All of it as JSON."""
        head = self._asdict()
        del head["accounts"]
        head["positions"] = {str(number): position for number, position in self.positions.items()}
        return {
            **head,
            "outstanding_minor": self.outstanding_minor,
            "accounts": [_account_values(account) for account in self.accounts],
        }

    def table(self) -> Iterator[dict[str, Any]]:
        """A row for each account and month, for other tools."""
        for account in self.accounts:
            for month in account.months:
                numbers = (month.available, month.activating, month.held, month.expiring, month.expected)
                expected = None if month.expected is None else account.minor(month.expected)
                money = (account.minor(month.available), account.minor(month.expiring), expected)
                values = (account.account, month.month, *numbers, self.currency, *money)
                yield dict(zip(COLUMNS, values, strict=True))


def stated(
    ruleset: Ruleset,
    parts: Sequence[PartitionSums],
    *,
    at: str | None,
    positions: Mapping[int, int],
    clock_ms: int | None,
    beyond: bool,
    behind: int = 0,
) -> Liability:
    """The statement of all partitions."""
    sums: dict[str, AccountSums] = {account.name: AccountSums() for account in ruleset.programme.accounts}
    for name in sorted({name for part in parts for name in part.accounts}):
        sums.setdefault(name, AccountSums())
    for part in parts:
        for name, found in part.accounts.items():
            sums[name].add(found)
    declared = {account.name: account for account in ruleset.programme.accounts}
    programme = ruleset.programme
    return Liability(
        at,
        positions,
        clock_ms,
        beyond,
        behind,
        ruleset.digest,
        programme.zone.name,
        programme.currency,
        programme.minor_digits,
        sum(part.members for part in parts),
        sum(part.members_in_deficit for part in parts),
        tuple(_account(name, found, declared.get(name)) for name, found in sums.items()),
    )


def _account(name: str, sums: AccountSums, declared: Account | None) -> AccountStatement:
    books = sums.books
    available, pending, held = (books[bucket] for bucket in ("available", "pending", "held"))
    counted = (sums.available.total(), sums.activating.total() + sums.waiting, sums.held.total())
    if counted != (available, pending, held) or sums.expiring.total() != available + pending + held:
        raise AssertionError(f"{name}: months come to {counted}, books to {(available, pending, held)}")
    left = books["spent"] + books["expired"]
    return AccountStatement(
        name,
        declared is not None and declared.spendable,
        None if declared is None else declared.worth_micro,
        available,
        pending,
        held,
        available + pending + held,
        sums.waiting,
        -books["deficit"],
        sums.members,
        sums.members_in_deficit,
        -books["issued"],
        books["spent"],
        books["expired"],
        books["expired"] * PERMILLE // left if left > 0 else None,
        _months(sums),
    )


def _months(sums: AccountSums) -> tuple[MonthOfAccount, ...]:
    spent, expired = sums.books["spent"], sums.books["expired"]
    left = spent + expired
    columns: tuple[Counter[Month], ...] = (sums.available, sums.activating, sums.held, sums.expiring)
    names = {month for column in columns for month, points in column.items() if points}
    months: list[MonthOfAccount] = []
    for month in sorted(names, key=lambda each: each or _LAST):
        expiring = sums.expiring[month]
        goes = 0 if month is None else expiring
        expected = goes * expired // left if left > 0 else None
        months.append(
            MonthOfAccount(month, sums.available[month], sums.activating[month], sums.held[month], expiring, expected)
        )
    return tuple(months)


def _account_values(account: AccountStatement) -> dict[str, Any]:
    values = account._asdict()
    del values["months"]
    money = ("available", "pending", "held", "outstanding", "deficit")
    values |= {f"{name}_minor": account.minor(values[name]) for name in money}
    return {**values, "months": [month._asdict() for month in account.months]}

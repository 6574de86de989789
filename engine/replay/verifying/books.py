"""The books of members' accounts, proved from outcomes and from the rows that are left (B-1, B-2).

Of each outcome: its postings move points, the balance by as much. Of each account at the end: its books sum to zero; what its lots,
pending lots and holds say is what its books say; and so is the sum of all that its outcomes posted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from engine.core import keys
from engine.core.ledger import OF_MEMBER, balance_of
from engine.pipeline.records import StateRecord, TopicRecord
from engine.replay.verifying.divergence import Divergence
from engine.replay.verifying.envelope import position_of

POINTS = "points"
_POSTED = b'"postings":[{'
_BUCKETS = {"lot": "available", "pending": "pending", "hold": "held"}  # what the rows of a collection add up to
_SPENT_BALANCE = ("available", "deficit")

Sums = dict[tuple[str, str], Counter[str]]  # by owner and account, what is in each bucket


class Books:
    """Of one partition. `outcomes`: how many with postings were looked at, `accounts`: how many of members."""

    def __init__(self, partition: int, *, whole: bool) -> None:
        """`whole`: all outcomes from the beginning are given, so that they sum up to the books."""
        self._partition = partition
        self._whole = whole
        self._posted: Sums = {}
        self.outcomes = 0
        self.accounts = 0

    def take(self, derived: Iterable[TopicRecord]) -> Iterator[Divergence]:
        """Outcomes of the topic `points`, in order."""
        for record in derived:
            if _POSTED not in record.value:
                continue
            event = orjson.loads(record.value)
            data = event["data"]
            self.outcomes += 1
            moved = Counter[str]()
            for posting in data["postings"]:
                moved[posting["debit"]] -= posting["points"]
                moved[posting["credit"]] += posting["points"]
            if self._whole:
                self._posted.setdefault((event["subject"], data["account"]), Counter()).update(moved)
            problem = _problem(data, moved)
            if problem:
                yield self._wrong(event["id"], problem, position_of(record.value))

    def close(self, rows: Iterable[StateRecord]) -> Iterator[Divergence]:
        """The rows that are left, in any order."""
        sums: Sums = {}
        members: dict[str, Any] = {}
        for row in rows:
            key = row.key.decode()
            if not key.startswith("member:") or row.value is None:
                continue
            collection = keys.collection_of(key)
            if not collection:
                members[key] = _accounts_of(row.value)
            elif collection in _BUCKETS:
                value = orjson.loads(row.value)
                if value["points"] <= 0:
                    yield self._wrong(key, f"holds {value['points']} points")
                sums.setdefault((keys.owner_of(key), value["account"]), Counter())[_BUCKETS[collection]] += value[
                    "points"
                ]
        yield from self._held_against(members, sums)

    def _held_against(self, members: Mapping[str, Any], sums: Sums) -> Iterator[Divergence]:
        for owner, (accounts, merged) in sorted(members.items()):
            for name, account in sorted(accounts.items()):
                self.accounts += 1
                there = sums.pop((owner, name), Counter[str]())
                posted = self._posted.pop((owner, name), Counter[str]())
                for problem in _of_account(account, there, posted if self._whole and not merged else None):
                    yield self._wrong(f"{owner} {name}", problem)
        for (owner, name), there in sorted(sums.items()):
            yield self._wrong(f"{owner} {name}", f"has {_told(there)} in lots and holds, but no account")

    def _wrong(self, name: str, what: str, offset: int | None = None) -> Divergence:
        topic = "state" if offset is None else POINTS
        return Divergence("books", topic, self._partition, offset, name, what)


def _problem(data: Mapping[str, Any], moved: Counter[str]) -> str:
    """What is wrong with an outcome, "" where nothing is."""
    if any(posting["points"] <= 0 for posting in data["postings"]):
        return "a posting moves nothing"
    if sum(moved.values()):
        return f"the postings sum up to {sum(moved.values())}"
    change = sum(moved[bucket] for bucket in _SPENT_BALANCE)
    if data["balance_after"] - data["balance_before"] != change:
        return f"the postings change the balance by {change}, {data['balance_before']} became {data['balance_after']}"
    return ""


def _accounts_of(value: bytes) -> tuple[Mapping[str, Any], bool]:
    """A member's accounts, and whether the member has what was another's: that moved without outcomes (B-52)."""
    row = orjson.loads(value)
    return row.get("accounts", {}), bool(row.get("aliases") or row.get("alias_of"))


def _of_account(account: Mapping[str, Any], there: Counter[str], posted: Counter[str] | None) -> Iterator[str]:
    books: Mapping[str, int] = account["books"]
    if sum(books.values()):
        yield f"the books sum up to {sum(books.values())}: {_told(books)}"
    if account["balance"] != balance_of(books):
        yield f"the balance is {account['balance']}, the books say {balance_of(books)}"
    for bucket in _BUCKETS.values():
        if there[bucket] != books.get(bucket, 0):
            yield f"{bucket}: {there[bucket]} in rows, {books.get(bucket, 0)} in the books"
    if posted is not None:
        for bucket in sorted({*posted, *books, *OF_MEMBER}):
            if posted[bucket] != books.get(bucket, 0):
                yield f"{bucket}: the outcomes posted {posted[bucket]}, the books have {books.get(bucket, 0)}"


def _told(books: Mapping[str, int]) -> str:
    return ", ".join(f"{bucket} {points}" for bucket, points in sorted(books.items()) if points) or "nothing"

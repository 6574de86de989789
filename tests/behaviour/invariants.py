"""What holds after every step, whatever happened: books that balance, outcomes that say what they moved, ids that differ."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from schemas.registry import output_of

SPENDABLE = ("available", "deficit")


def check_rows(rows: Mapping[str, bytes]) -> None:
    """Every account's books sum to zero, and say what its lots, pending lots and holds say (B-1, B-2)."""
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    accounts: dict[tuple[str, str], Mapping[str, Any]] = {}
    for key, value in rows.items():
        owner, _, rest = key.partition("/")
        collection = rest.partition("/")[0]
        if collection in ("lot", "pending", "hold"):
            row = orjson.loads(value)
            assert row["points"] > 0, f"{key} is kept with {row['points']} points"
            sums[owner, row["account"], collection] += row["points"]
        elif not rest and owner.startswith("member:"):
            for name, account in orjson.loads(value).get("accounts", {}).items():
                accounts[owner, name] = account
    assert {(owner, name) for owner, name, _ in sums} <= accounts.keys(), "points of no account"
    for (owner, name), account in accounts.items():
        books = account["books"]
        assert sum(books.values()) == 0, f"the books of {name} of {owner} do not balance: {books}"
        assert books.get("deficit", 0) <= 0, f"{owner} {name}: {books}"
        assert account["balance"] == books.get("available", 0) + books.get("deficit", 0), f"{owner} {name}: {account}"
        for bucket, collection in (("available", "lot"), ("pending", "pending"), ("held", "hold")):
            kept = sums[owner, name, collection]
            assert books.get(bucket, 0) == kept, f"{bucket} of {name} of {owner}: {books}, rows say {kept}"


def check_outcomes(all_made: Sequence[Mapping[str, Any]], made: Sequence[Mapping[str, Any]]) -> None:
    """Ids differ; each outcome is one of the contract; balances go on from outcome to outcome by what the postings move (B-2)."""
    twice = [name for name, count in Counter(each["id"] for each in all_made).items() if count > 1]
    assert not twice, f"ids of several outcomes: {twice}"
    _check_balances(all_made)
    for each in made:
        entry = output_of(each["type"])
        entry.model.model_validate(each["data"])
        if entry.topic == "points" and each["type"] not in ("points.rejected", "points.expiring"):
            _check_postings(each["type"], each["data"])


def _check_balances(all_made: Sequence[Mapping[str, Any]]) -> None:
    """Each balance before is the balance after the outcome before; a merge brings what another member had."""
    last: dict[tuple[str, str], int] = {}
    for each in all_made:
        data = each["data"]
        if each["type"] == "member.merge_recorded":
            last = {
                key: after for key, after in last.items() if key[0] not in (data["member_id"], data["merged_member_id"])
            }
        elif data.get("balance_before") is not None:
            account = data["member_id"], data["account"]
            before = last.get(account, data["balance_before"])
            assert data["balance_before"] == before, (
                f"{each['type']} begins at {data['balance_before']}, not at {before}"
            )
            last[account] = data["balance_after"]


def _check_postings(kind: str, data: Mapping[str, Any]) -> None:
    moved = 0
    for posting in data["postings"]:
        assert posting["points"] > 0, f"{kind}: {posting}"
        assert posting["debit"] != posting["credit"], f"{kind}: {posting}"
        moved += posting["points"] * ((posting["credit"] in SPENDABLE) - (posting["debit"] in SPENDABLE))
    before, after = data["balance_before"], data["balance_after"]
    assert after - before == moved, f"{kind}: from {before} to {after}, but the postings move {moved}"

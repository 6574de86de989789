"""One account of a member: the only place where points move. Lots and books change together, one proves the other (B-1, B-2)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.core import keys
from engine.core.ledger import Bucket, Posting, balance_of, posted
from engine.core.records import Json
from engine.decide.draft import Draft
from engine.decide.points.sliding import begin
from engine.decide.points.warning import warn_of
from engine.decide.rows.member import AccountRow, MemberRow
from engine.decide.rows.points import LotRow, PartRow
from engine.ruleset.model import Account

_EMPTY = AccountRow(balance=0, earned=0, books={})


class Movement(NamedTuple):
    """What was moved. `points` may be less than what was asked for by `shortfall`; balances are before and after."""

    points: int
    shortfall: int
    parts: tuple[PartRow, ...]
    postings: tuple[Posting, ...]
    before: int
    after: int

    def told(self) -> dict[str, Json]:
        """What every outcome says of it."""
        return {
            "lot_ids": [part["row"]["lot_id"] for part in self.parts],
            "balance_before": self.before,
            "balance_after": self.after,
            "postings": [
                {"debit": debit, "credit": credit, "points": points} for debit, credit, points in self.postings
            ],
        }


class Ledger:
    """An account of the draft's member. Changes `member["accounts"]` and the rows of lots; the caller writes the member's row."""

    def __init__(self, draft: Draft, member: MemberRow, account: str) -> None:
        self._draft = draft
        self._member = member
        self.name = account
        self.account = draft.rules.accounts.get(account) or Account(
            account, spendable=True, expires=None, worth_micro=None
        )

    @property
    def row(self) -> AccountRow:
        """The account as it stands."""
        return self._member["accounts"].get(self.name, _EMPTY)

    @property
    def balance(self) -> int:
        """What can be spent; below zero for a deficit."""
        return self.row["balance"]

    # -- points come

    def credit(self, lot: LotRow, source: Bucket) -> tuple[str, Movement]:
        """A new lot, active; a deficit is paid first (B-6). Returns the lot's key below the member."""
        key = lot_key(lot)
        return key, self._come(((key, lot),), source)

    def credit_pending(self, lot: LotRow, due_ms: int | None, source: Bucket) -> tuple[str, Movement]:
        """A new lot that counts in no balance until it is activated (B-5). `due_ms`: when it is, or lapses; None for never."""
        key = keys.row(self._draft.subject, "pending", self.name, keys.instant(due_ms), keys.instant(lot["earned_at"]))
        below = f"{_below(self._draft.subject, key)}/{lot['lot_id']}"
        self._draft.put(f"{self._draft.subject}/{below}", lot, due_ms)
        return below, self._moved((Posting(source, "pending", lot["points"]),), (_part(below, lot, lot["points"]),))

    def put_back(self, parts: Iterable[PartRow], source: Bucket, *, pays: bool = True) -> Movement:
        """Points that were taken from lots, back in lots of the expiry that the parts' rows say (B-7, B-24).

        A lot that is past its expiry expires as the next due work. `pays`: whether a deficit is paid first.
        """
        back = self._draft.record
        lots = [(lot_key(part["row"]), LotRow(**{**part["row"], "back": back})) for part in parts]
        return self._come(lots, source, pays=pays)

    def activate(self, key: str, lot: LotRow) -> tuple[str, Movement]:
        """The pending lot at `key` becomes the active `lot`. Returns its new key."""
        self._draft.delete(f"{self._draft.subject}/{key}")
        return lot_key(lot), self._come(((lot_key(lot), lot),), "pending")

    # -- points go

    def take(
        self,
        points: int,
        to: Bucket,
        own: Sequence[str] = (),
        *,
        pending_first: bool = False,
        into_deficit: bool = False,
    ) -> Movement:
        """Takes points: from the lots `own` (keys), then from pending ones where asked, then in spend order (B-3).

        What is not there becomes a deficit where asked for and the account allows it, else it is the shortfall (B-6).
        """
        parts: list[PartRow] = []
        taken: dict[Bucket, int] = {}
        left = self._drain([*own, *(self._listed("pending") if pending_first else ())], points, parts, taken)
        left = self._drain(self._listed("lot") if left else (), left, parts, taken)
        postings = [Posting(source, to, amount) for source, amount in taken.items()]
        if left and into_deficit and self.account.negative == "allowed":
            postings.append(Posting("deficit", to, left))
            left = 0
        return self._moved(tuple(postings), tuple(parts), left)

    def empty(self, key: str, to: Bucket) -> Movement:
        """All that is left in one lot, pending or active, such as when it expires."""
        parts: list[PartRow] = []
        taken: dict[Bucket, int] = {}
        lot: LotRow | None = self._draft.get(f"{self._draft.subject}/{key}")
        self._drain([key], 0 if lot is None else lot["points"], parts, taken)
        return self._moved(tuple(Posting(source, to, amount) for source, amount in taken.items()), tuple(parts))

    def move(self, source: Bucket, to: Bucket, points: int, parts: Sequence[PartRow] = ()) -> Movement:
        """Points that lie in no lot go from one bucket to another, such as held points that are spent."""
        return self._moved((Posting(source, to, points),) if points else (), tuple(parts))

    def earn(self, points: int) -> None:
        """Counts what campaigns awarded, or with less than zero what a return took from it."""
        row = self.row
        self._member["accounts"][self.name] = {**row, "earned": row["earned"] + points}

    # -- the parts of it

    def _come(self, lots: Iterable[tuple[str, LotRow]], source: Bucket, *, pays: bool = True) -> Movement:
        owed = -self.row["books"].get("deficit", 0) if pays else 0
        parts: list[PartRow] = []
        paid = kept = 0
        for key, lot in lots:
            parts.append(_part(key, lot, lot["points"]))
            share = min(owed - paid, lot["points"])
            paid += share
            kept += lot["points"] - share
            self._put(key, lot, lot["points"] - share)
        postings: list[Posting] = []
        if paid:
            postings.append(Posting(source, "deficit", paid))
        if kept:
            postings.append(Posting(source, "available", kept))
        return self._moved(tuple(postings), tuple(parts))

    def _put(self, key: str, lot: LotRow, more: int) -> None:
        """So many points more in a lot, which may be there already."""
        if not more:
            return
        whole = f"{self._draft.subject}/{key}"
        there: LotRow | None = self._draft.get(whole)
        if there is not None:
            self._draft.put(whole, _with(there, there["points"] + more), there["expires_at"])
            return
        self._draft.put(whole, _with(lot, more), lot["expires_at"])
        if lot["expires_at"] is not None:
            warn_of(self._draft, self.account, lot["expires_at"])
        elif self.account.renewed_by:
            begin(self._draft, self.account)

    def _drain(self, lots: Sequence[str], left: int, parts: list[PartRow], taken: dict[Bucket, int]) -> int:
        """Takes up to `left` points of some lots, in their order; returns how many are still wanted."""
        for key in lots:
            if not left:
                break
            whole = f"{self._draft.subject}/{key}"
            lot: LotRow | None = self._draft.get(whole)
            if lot is None or lot["points"] <= 0:
                continue
            points = min(left, lot["points"])
            left -= points
            parts.append(_part(key, lot, points))
            source: Bucket = "pending" if key.startswith("pending/") else "available"
            taken[source] = taken.get(source, 0) + points
            if points == lot["points"]:
                self._draft.delete(whole)
            else:
                due_ms = lot["expires_at"] if source == "available" else _due_of_pending(key)
                self._draft.put(whole, _with(lot, lot["points"] - points), due_ms)
        return left

    def _listed(self, collection: str) -> list[str]:
        return [_below(self._draft.subject, key) for key in self._draft.scan(collection, self.name)]

    def _moved(self, postings: tuple[Posting, ...], parts: tuple[PartRow, ...], shortfall: int = 0) -> Movement:
        row = self.row
        books = posted(row["books"], postings)
        after = balance_of(books)
        self._member["accounts"][self.name] = {"balance": after, "earned": row["earned"], "books": books}
        moved = postings[0].points if len(postings) == 1 else sum(posting.points for posting in postings)
        return Movement(moved, shortfall, parts, postings, row["balance"], after)


def joined(first: Movement, second: Movement) -> Movement:
    """Two movements of one account, one after the other, as one."""
    return Movement(
        first.points + second.points,
        first.shortfall + second.shortfall,
        (*first.parts, *second.parts),
        (*first.postings, *second.postings),
        first.before,
        second.after,
    )


def lot_key(lot: LotRow) -> str:
    """Where an active lot lies below its member: so that keys stand in spend order (B-3)."""
    instants = f"{keys.instant(lot['expires_at'])}/{keys.instant(lot['earned_at'])}"
    return f"lot/{keys.escaped(lot['account'])}/{instants}/{keys.escaped(lot['lot_id'])}"


def _below(subject: str, key: str) -> str:
    return key[len(subject) + 1 :]


def _due_of_pending(key: str) -> int | None:
    due = key.split("/")[2]
    return None if due == keys.NEVER else int(due)


def _part(key: str, lot: LotRow, points: int) -> PartRow:
    return {"lot": key, "row": _with(lot, points)}


def _with(lot: LotRow, points: int) -> LotRow:
    """The lot with so many points in it."""
    return lot if lot["points"] == points else {**lot, "points": points}

"""What is seen of a member: by the engine's rows and outcomes, and by the model. Equal after every step."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from engine.core import keys
from tests.model.days import DAY_MS
from tests.model.member import Member
from tests.support.journals import Log

SUBJECT = keys.subject("member", "M-1")
TOLD = (
    "points.activated",
    "points.spent",
    "points.held",
    "points.released",
    "points.restored",
    "points.expired",
    "points.adjusted",
)
ALL_KINDS = ("points.awarded", "points.reversed", *TOLD)
OPEN_MS = 62 * DAY_MS


class Seen(NamedTuple):
    """Lots as {expiry: points}, pending as {activation: points}; zeros left out."""

    balance: int
    lots: dict[int, int]
    pending: dict[int, int]
    held: int
    tier: str
    progress: dict[str, int]
    uses: dict[str, dict[int, int]]
    counters: dict[str, int]
    awarded: dict[str, int]
    told: dict[str, int]


def of_model(member: Member) -> Seen:
    """What the model says."""
    points = member.points
    return Seen(
        balance=points.available - points.debt,
        lots=_sums((lot.expires_at, lot.points) for lot in points.lots),
        pending=_sums((each.active_from, each.points) for each in points.waiting),
        held=sum(lot.points for hold in points.holds.values() for lot in hold.lots),
        tier=member.tier,
        progress=member.progress,
        uses={name: _open(used, member.clock) for name, used in member.uses.items()},
        counters=_sums([("visits", member.visits), ("drinks", member.drinks)]),
        awarded=_sums(member.awarded.items()),
        told=_sums(points.told.items()),
    )


def of_engine(log: Log) -> Seen:
    """What the engine's rows and outcomes say; its books are checked on the way."""
    rows = _rows(log)
    member = rows[SUBJECT]
    account = member["accounts"].get("points", {"balance": 0, "books": {}})
    lots = [row for row in _collection(rows, "lot") if row["account"] == "points"]
    pending = _collection(rows, "pending")
    check_books(log, rows)
    clock = log.partitions[0].clock_ms or 0
    return Seen(
        balance=account["balance"],
        lots=_sums((row["expires_at"], row["points"]) for row in lots),
        pending=_sums((row["active_from"], row["points"]) for row in pending),
        held=account["books"].get("held", 0),
        tier=member["ladders"]["status"]["tier"],
        progress=_sums(member["ladders"]["status"]["qualified"].items()),
        uses={name: _open(_uses(rows, f"campaign:{name}"), clock) for name in ("fresh", "big-basket")},
        counters=_sums([(name, _counted(rows, name)) for name in ("visits", "drinks")]),
        awarded=_awarded(log),
        told=_sums((kind, data["points"]) for kind in TOLD for data in log.data(kind)),
    )


def check_books(log: Log, rows: dict[str, Any]) -> None:
    """Books sum to zero, are the sums of all postings, and agree with the lots and the balance (B-1, B-2)."""
    accounts = rows[SUBJECT]["accounts"]
    posted = _posted(log)
    for name, account in accounts.items():
        books = {bucket: points for bucket, points in account["books"].items() if points}
        assert sum(books.values()) == 0, (name, books)
        assert books == posted.get(name, {}), (name, books, posted)
        assert account["balance"] == books.get("available", 0) + books.get("deficit", 0), (name, account)
        lots = sum(row["points"] for row in _collection(rows, "lot") if row["account"] == name)
        assert lots == books.get("available", 0), (name, lots, books)


def _posted(log: Log) -> dict[str, dict[str, int]]:
    """The books as the outcomes' postings make them."""
    found: dict[str, Counter[str]] = {}
    for records in (log.events(kind) for kind in ALL_KINDS):
        for event in records:
            data = event["data"]
            account = found.setdefault(data["account"], Counter())
            for posting in data["postings"]:
                account[posting["debit"]] -= posting["points"]
                account[posting["credit"]] += posting["points"]
    return {name: {bucket: points for bucket, points in books.items() if points} for name, books in found.items()}


def _awarded(log: Log) -> dict[str, int]:
    found: Counter[str] = Counter()
    for data in log.data("points.awarded"):
        found[data["account"]] += data["points"]
    for data in log.data("points.reversed"):
        found[data["account"]] -= data["points"] + data["shortfall"]
    return _sums(found.items())


def _rows(log: Log) -> dict[str, Any]:
    return {key: log.row(key) for key in log.rows() if key.startswith(SUBJECT)}


def _collection(rows: dict[str, Any], name: str) -> list[Any]:
    return [row for key, row in rows.items() if key != SUBJECT and keys.collection_of(key) == name]


def _uses(rows: dict[str, Any], owner: str) -> dict[int, int]:
    row = rows.get(keys.row(SUBJECT, "uses", owner), {"used": {}})
    return _sums((int(start), points) for periods in row["used"].values() for start, points in periods.items())


def _open(used: dict[int, int], clock_ms: int) -> dict[int, int]:
    """The periods that an event may still fall in, late or not; older ones need not be kept."""
    return {start: points for start, points in used.items() if start >= clock_ms - OPEN_MS}


def _counted(rows: dict[str, Any], name: str) -> int:
    return sum(rows.get(keys.row(SUBJECT, "counter", name, "all"), {"months": {}})["months"].values())


def _sums(pairs: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    found: Counter[Any] = Counter()
    for key, points in pairs:
        found[key] += points
    return {key: points for key, points in found.items() if points}

"""The outcomes of a member over time, past merges too: what came after what, and which lots came from where."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.core import keys
from engine.core.records import Event
from engine.replay.explaining import model
from engine.replay.explaining.finding import Scan, Told
from engine.replay.explaining.watching import Row

GIVING = ("points.awarded", "points.adjusted", "points.restored")


@dataclass(slots=True)
class Member:
    """All that was published about a member, and about those it was merged with. `became`: who became whom."""

    subject: str
    told: Sequence[Told]
    became: Mapping[str, str]
    scan: Scan

    def after(self, first: Told) -> Iterator[Told]:
        """What was decided after an outcome: of its subject, then of those that it became."""
        ranks = {subject: rank for rank, subject in enumerate(_line(first.subject, self.became))}
        started = False
        same = [told for told in self.told if told.subject == first.subject]
        for told in same:
            if started and told.id != first.id:
                yield told
            started = started or told.id == first.id or told.place > first.place
        for subject in list(ranks)[1:]:
            moved = next((told for told in self.told if _joins(told, subject, ranks)), None)
            for told in self.told:
                if told.subject == subject and moved is not None and told.place >= moved.place:
                    yield told

    def origin_of(self, lot_id: str, sales: Mapping[str, Row]) -> model.Origin | None:
        """The outcome that gave the points of a lot. `sales`: rows to look an amount up in."""
        told = next((each for each in self.told if each.type in GIVING and lot_id in lots_of(each)), None)
        return None if told is None else self.origin(told, sales)

    def origin(self, told: Told, sales: Mapping[str, Row]) -> model.Origin:
        """An outcome as the origin of something."""
        transaction = told.data.get("transaction_id")
        amount, currency = self._amount(told, transaction, sales)
        return model.Origin(
            outcome_id=told.id,
            type=told.type,
            time=str(told.event["time"]),
            position=str(told.place),
            campaign=told.data.get("campaign"),
            points=told.data.get("points", 0),
            event_id=told.cause,
            transaction_id=transaction,
            amount_minor=amount,
            currency=currency,
        )

    def _amount(self, told: Told, transaction: str | None, rows: Mapping[str, Row]) -> tuple[int | None, str | None]:
        if transaction is None:
            return None, None
        for row in sales_in(rows):
            if row["sale"]["transaction_id"] == transaction:
                return row["sale"]["amount_minor"], row["sale"]["currency"]
        taken = self.scan.at(told.place)
        if taken is not None and isinstance(taken.decoded, Event):
            data = taken.decoded.data
            if data.get("transaction_id") == transaction:
                return data.get("amount_minor"), data.get("currency")
        return None, None


def sales_in(rows: Mapping[str, Row]) -> Iterator[Row]:
    """The rows of sales among rows."""
    return (row for key, row in rows.items() if "/" in key and keys.collection_of(key) == "transaction")


def lots_of(told: Told) -> set[str]:
    """The lots that an outcome names."""
    found = set(told.data.get("lot_ids") or ())
    if told.data.get("lot_id"):
        found.add(told.data["lot_id"])
    return found


def points_in(rows: Mapping[str, Row]) -> dict[str, int]:
    """The points that are in each lot, active or pending."""
    found: dict[str, int] = {}
    for key, row in rows.items():
        if "/" in key and keys.collection_of(key) in ("lot", "pending") and "lot_id" in row:
            found[row["lot_id"]] = found.get(row["lot_id"], 0) + row["points"]
    return found


def _line(subject: str, became: Mapping[str, str]) -> list[str]:
    line = [subject]
    while line[-1] in became and became[line[-1]] not in line:
        line.append(became[line[-1]])
    return line


def _joins(told: Told, subject: str, line: Mapping[str, int]) -> bool:
    """Whether this is where a member of the line came to another one."""
    if told.type != "member.merge_recorded" or told.subject != subject:
        return False
    return keys.subject("member", told.data["merged_member_id"]) in line

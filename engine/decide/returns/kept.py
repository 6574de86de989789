"""A sale less what came back of it: which lines and pieces are kept, and what the kept ones cost (B-12, B-20)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from engine.core.records import Json
from engine.core.returns import Back, kept_share, taken_back
from engine.decide.facts import paid_with_points
from engine.decide.rows.sale import ReturnedRow, TransactionRow

Sale = Mapping[str, Json]

NOTHING_YET = ReturnedRow(lines={}, amount_minor=0, restored=0, points_minor=0, gone=False)


class Asked(NamedTuple):
    """What is back of a sale once a return is done. `lines`: by line, over all returns; `refused`: lines that may not come back."""

    lines: dict[str, Back]
    amount_minor: int
    refused: tuple[str, ...]
    gone: bool

    def back_already(self, sale: TransactionRow) -> bool:
        """Whether all lines that were refused are back wholly."""
        bought = _bought(sale)
        return all(name in bought and self.lines.get(name) == bought[name] for name in self.refused)


def returned_of(sale: TransactionRow) -> ReturnedRow:
    """What came back of a sale so far."""
    return sale.get("returned", NOTHING_YET)


def asked_back(sale: TransactionRow, lines: Sequence[Mapping[str, Json]]) -> Asked:
    """The lines and pieces that a return names; one that asks for more than is left is refused, the others are not."""
    bought = _bought(sale)
    back = _back(sale)
    refused: list[str] = []
    for line in lines:
        name = line["line_id"]
        after = None
        if name in bought:
            after = taken_back(bought[name], back.get(name), line["quantity"], line.get("amount_minor"))
        if after is None:
            refused.append(name)
        else:
            back[name] = after
    return _asked(sale, back, tuple(refused))


def all_back(sale: TransactionRow) -> Asked:
    """Everything that is left, as by a cancellation."""
    return Asked(_bought(sale), sale["sale"]["amount_minor"], (), gone=True)


def difference(sale: TransactionRow, now: Sale) -> Asked:
    """What is back where a sale is sent again without it. What is more than before, or new, is refused: a return never gives."""
    kept = {line["line_id"]: Back(line["quantity"], line["amount_minor"]) for line in now["lines"]}
    back = _back(sale)
    refused = [name for name in kept if name not in _bought(sale)]
    for name, line in _bought(sale).items():
        left = kept.get(name, Back(0, 0))
        earlier = back.get(name, Back(0, 0))
        after = Back(line.quantity - left.quantity, line.amount_minor - left.amount_minor)
        if after.quantity < earlier.quantity or after.amount_minor < earlier.amount_minor:
            refused.append(name)
        elif name not in kept or after != earlier:
            back[name] = after
    asked = _asked(sale, back, tuple(sorted(refused)))
    less = max(sale["sale"]["amount_minor"] - now["amount_minor"], returned_of(sale)["amount_minor"])
    return asked._replace(amount_minor=less)


def kept_payload(sale: TransactionRow, returned: ReturnedRow) -> dict[str, Json] | None:
    """The payload of the sale with the kept lines alone, None where nothing is left of any."""
    if returned["gone"]:
        return None
    payload: dict[str, Any] = dict(sale["sale"])
    payload["lines"] = [kept for line in payload["lines"] if (kept := _kept_line(line, returned)) is not None]
    payload["amount_minor"] = max(payload["amount_minor"] - returned["amount_minor"], 0)
    if returned["points_minor"] and paid_with_points(payload):
        payload["payments"] = _less_points(payload["payments"], returned["points_minor"])
    return payload


def _asked(sale: TransactionRow, back: dict[str, Back], refused: tuple[str, ...]) -> Asked:
    bought = _bought(sale)
    whole = all(back.get(name) == line or line == Back(0, 0) for name, line in bought.items())
    more = sum(each.amount_minor for each in back.values()) - sum(each.amount_minor for each in _back(sale).values())
    amount = returned_of(sale)["amount_minor"] + more  # a sale sent again may have said more than its lines did
    return Asked(back, amount, refused, gone=bool(back) and whole)


def _bought(sale: TransactionRow) -> dict[str, Back]:
    return {line["line_id"]: Back(line["quantity"], line["amount_minor"]) for line in sale["sale"]["lines"]}


def _back(sale: TransactionRow) -> dict[str, Back]:
    return {name: Back(*back) for name, back in returned_of(sale)["lines"].items()}


def _kept_line(line: Mapping[str, Json], returned: ReturnedRow) -> Mapping[str, Json] | None:
    so_far = returned["lines"].get(line["line_id"])
    if so_far is None:
        return line
    whole, back = Back(line["quantity"], line["amount_minor"]), Back(*so_far)
    if back == whole:
        return None
    kept: dict[str, Any] = {
        **line,
        "quantity": whole.quantity - back.quantity,
        "amount_minor": whole.amount_minor - back.amount_minor,
    }
    if "discount_minor" in line:
        kept["discount_minor"] = kept_share(line["discount_minor"], whole, back)
    return kept


def _less_points(payments: Sequence[Mapping[str, Json]], given_back: int) -> list[Mapping[str, Json]]:
    """The payments, those by points less what was given back of them."""
    left: list[Mapping[str, Json]] = []
    for payment in payments:
        less = min(given_back, payment["amount_minor"]) if paid_with_points({"payments": [payment]}) else 0
        given_back -= less
        left.append({**payment, "amount_minor": payment["amount_minor"] - less})
    return left

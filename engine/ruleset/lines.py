"""What conditions may ask of one line, and how a set of lines is measured."""

from collections.abc import Callable, Sequence
from typing import Any

from engine.ruleset.matching import Line

MEASURES = ("pieces", "count", "amount", "distinct_skus")  # of a set of lines
COLUMNS = {"pieces": "quantity", "amount": "amount_minor", "count": ""}  # what a measure sums; "" counts the lines


_KEYS = {"pieces": "quantity", "amount": "amount_minor", "discount": "discount_minor"}


def line_key(field: str) -> str | None:
    """The key under which a line has the field as it is; None where the field must be computed."""
    return None if field == "unit_price" or field.startswith("attributes.") else _KEYS.get(field, field)


def line_value(field: str) -> Callable[[Line], Any]:
    """How a line field (`category`, `pieces`, `attributes.free`) is read; the reader gives None where it is missing.

    `unit_price` is the whole minor units of one piece, rounded down; a line without pieces has none.
    """
    key = line_key(field)
    if key is not None:
        return lambda line: line.get(key)
    if field == "unit_price":
        return _unit_price
    name = field.removeprefix("attributes.")
    return lambda line: (line.get("attributes") or {}).get(name)


def _unit_price(line: Line) -> int | None:
    quantity = line.get("quantity")
    if not quantity:
        return None
    amount: int | None = line.get("amount_minor")
    return None if amount is None else amount // quantity


def measure(name: str, lines: Sequence[Line]) -> int:
    """`pieces`, `count` (of lines), `amount` (minor units) or `distinct_skus` of a set of lines; 0 for no lines."""
    match name:
        case "pieces":
            return sum([line["quantity"] for line in lines])
        case "count":
            return len(lines)
        case "amount":
            return sum([line["amount_minor"] for line in lines])
        case "distinct_skus":
            return len({line["sku"] for line in lines})
        case _:
            raise AssertionError(f"no measure {name}")

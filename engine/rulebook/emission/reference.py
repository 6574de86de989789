"""Lists, outlets and rates."""

from collections.abc import Iterable, Mapping

from engine.core.calendar import Zone
from engine.rulebook.condition_types import first_column
from engine.rulebook.currencies import DIGITS
from engine.rulebook.shapes import Part
from engine.rulebook.zones import zone_table
from engine.ruleset.reference import CurrencyRate, Quiet


def listed(part: Part) -> tuple[str, ...]:
    """The values of a list, each once, in order."""
    return tuple(dict.fromkeys(cell.text for cell in first_column(part)))


def outlets(part: Part) -> Mapping[str, Mapping[str, str]]:
    """The texts of each outlet by column; a cell that is empty is left out."""
    return {
        row["outlet_code"].value: {
            column: str(cell.value) for column, cell in sorted(row.items()) if column != "outlet_code"
        }
        for row in part.value
    }


def rates(part: Part) -> tuple[CurrencyRate, ...]:
    """Rates by currency and day."""
    made = [
        CurrencyRate(
            row["currency"].value,
            row["from"].value if "from" in row else None,
            row["rate"].value,
            DIGITS[row["currency"].value],
        )
        for row in part.value
    ]
    return tuple(sorted(made, key=lambda rate: (rate.currency, -1 if rate.from_ms is None else rate.from_ms)))


def zones(of_outlets: Mapping[str, Mapping[str, str]], quiet: Quiet | None) -> Mapping[str, Zone]:
    """The tables of the zones that outlets and quiet hours name."""
    named: Iterable[str] = {outlet["zone"] for outlet in of_outlets.values() if "zone" in outlet}
    if quiet is not None and quiet.zone not in ("member", "programme"):
        named = {*named, quiet.zone}
    return {name: zone_table(name) for name in sorted(named)}

"""A member as people read one: profile, tiers, balances, lots, what happened last."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.cli import screen
from engine.core import instants, keys
from engine.core.calendar import local_day
from engine.core.tiers import standing
from engine.ruleset.model import Ladder, Ruleset

LATEST = 10  # sales and lots that are shown
_PERSON = ("locale", "tags", "consents", "opt_ins")

Rows = Mapping[str, Any]


def show(rows: Rows, subject: str, clock_ms: int | None, ruleset: Ruleset | None) -> None:
    """Prints the member whose rows these are."""
    member = rows[subject]
    screen.say(f"{subject}  enrolled {_instant(member['enrolled_at'])}")
    if "forgotten" in member:
        screen.say(f"forgotten {_instant(member['forgotten'])}: nothing personal is kept, and the keys are deleted")
    if member["profile"]:
        screen.say("profile   " + ", ".join(f"{name}: {value}" for name, value in sorted(member["profile"].items())))
    for name in _PERSON:
        if member[name]:
            shown = member[name] if isinstance(member[name], str) else ", ".join(member[name])
            screen.say(f"{name:<9} {shown}")
    for line in _tiers(member["ladders"], clock_ms, ruleset):
        screen.say(line)
    screen.say("")
    balances = sorted(member["accounts"].items())
    screen.show_table(
        ("account", "#balance", "#earned"), [(name, row["balance"], row["earned"]) for name, row in balances]
    )
    _show_lots(rows, ruleset)
    _show_sales(rows, ruleset)
    waiting = sum(keys.collection_of(key) == "parked" for key in rows)
    if waiting:
        screen.say(f"\n{waiting} events wait for something of this member")


def _tiers(ladders: Rows, clock_ms: int | None, ruleset: Ruleset | None) -> Iterator[str]:
    declared = {ladder.name: ladder for ladder in (ruleset.ladders if ruleset is not None else ())}
    for name, row in sorted(ladders.items()):
        progress = "".join(f", {period}: {points:,}" for period, points in sorted(row["qualified"].items()))
        ahead = _ahead(declared[name], row, clock_ms, ruleset) if ruleset is not None and name in declared else ""
        yield f"tier      {row['tier']} of {name} since {_instant(row['since'])}{ahead}{progress}"


def _ahead(ladder: Ladder, row: Rows, clock_ms: int | None, ruleset: Ruleset) -> str:
    """How far it is to the next tier, in the period that the partition's clock stands in."""
    period = "ever"
    if ladder.within == "calendar_year":
        if clock_ms is None:
            return ""
        period = str(local_day(clock_ms, ruleset.programme.zone).year)
    names = [level.tier for level in ladder.levels]
    if row["tier"] not in names:
        return " (a tier that the published rules do not have)"
    at = standing(ladder.levels, names.index(row["tier"]), row["qualified"].get(period, 0))
    if at.next_tier is None:
        return ", the highest"
    return f", {at.missing:,} {ladder.account} to {at.next_tier}"


def _show_lots(rows: Rows, ruleset: Ruleset | None) -> None:
    lots = [row for key, row in rows.items() if keys.collection_of(key) == "lot" and row["points"]]
    if not lots:
        return
    lots.sort(key=lambda lot: (lot["expires_at"] is None, lot["expires_at"], lot["earned_at"], lot["lot_id"]))
    screen.say("")
    screen.show_table(
        ("lots, first to go", "#points", "#of", "earned", "usable until", "campaign"),
        [
            (
                lot["account"],
                lot["points"],
                lot["awarded"],
                _instant(lot["earned_at"]),
                _last_day(lot["expires_at"], ruleset),
                lot["campaign"],
            )
            for lot in lots[:LATEST]
        ],
    )
    if len(lots) > LATEST:
        screen.say(f"and {len(lots) - LATEST:,} more lots (--json shows all)")


def _show_sales(rows: Rows, ruleset: Ruleset | None) -> None:
    sales = [row for key, row in rows.items() if keys.collection_of(key) == "transaction"]
    if not sales:
        return
    sales.sort(key=lambda row: (-row["time"], row["record"]))
    screen.say("")
    screen.show_table(
        ("latest sales", "when", "#amount", "#lines", "points"),
        [
            (
                row["sale"]["transaction_id"],
                _instant(row["time"]),
                _money(row["sale"], ruleset),
                len(row["sale"]["lines"]),
                ", ".join(f"{award['points']:,} {award['account']} ({award['campaign']})" for award in row["awards"]),
            )
            for row in sales[:LATEST]
        ],
    )
    if len(sales) > LATEST:
        screen.say(f"and {len(sales) - LATEST:,} earlier sales (--json shows all)")


def _instant(instant_ms: int) -> str:
    return instants.render(instant_ms)[:19].replace("T", " ")


def _last_day(expires_at: int | None, ruleset: Ruleset | None) -> str:
    """The last usable local day: a lot goes at the midnight that ends it."""
    if expires_at is None:
        return "ever"
    if ruleset is None:
        return _instant(expires_at)
    return local_day(expires_at - 1, ruleset.programme.zone).isoformat()


def _money(sale: Rows, ruleset: Ruleset | None) -> str:
    if ruleset is None or ruleset.programme.currency != sale["currency"]:
        return f"{sale['amount_minor']:,} minor units of {sale['currency']}"
    digits = ruleset.programme.minor_digits
    whole, rest = divmod(sale["amount_minor"], 10**digits)
    return f"{whole:,}.{rest:0{digits}} {sale['currency']}" if digits else f"{whole:,} {sale['currency']}"

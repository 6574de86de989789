"""How things stood before a decision and after it: balances, tiers, counters, and the sale that it is about."""

from collections.abc import Mapping

from engine.core import keys
from engine.core.instants import render
from engine.core.records import Event
from engine.decide.views.kept_rows import KeptRows
from engine.decide.views.view import view_of
from engine.replay.explaining import model
from engine.replay.explaining.member import sales_in
from engine.replay.explaining.watching import Row, Watched
from engine.ruleset.matching import Rules

_SALES = ("original_transaction_id", "transaction_id")


def before_of(first: Watched, last: Watched, subject: str, event: Event | None) -> model.Before:
    """What stood before the first record of a decision, and after the last."""
    at_ms = event.time_ms if event is not None else first.clock_ms or 0
    sale = _sale_of(event)
    return model.Before(
        subject=subject,
        position=str(first.taken.place),
        member=standing(first.before, subject, first.rules, at_ms),
        member_after=standing(last.after, subject, last.rules, at_ms),
        sale=_sale(first.before, sale),
        sale_after=_sale(last.after, sale),
    )


def standing(rows: Mapping[str, Row], subject: str, rules: Rules, at_ms: int) -> model.Standing | None:
    """A member; None where there is none, or the subject is no member."""
    if keys.kind_of(subject) != "member" or "accounts" not in rows.get(subject, {}):
        return None
    view = view_of(KeptRows(rows), keys.name_of(subject), rules, at_ms, 0)
    if view is None:
        return None
    return model.Standing(
        balances={each.account: each.balance for each in view.accounts},
        pending={each.account: each.pending for each in view.accounts if each.pending},
        held={each.account: each.held for each in view.accounts if each.held},
        tiers={each.ladder: each.tier for each in view.tiers},
        counters={
            f"{each.name} {name}".strip(): count
            for each in view.counters
            for name, count in sorted(each.fields.items())
        },
        tags=list(view.tags),
    )


def _sale_of(event: Event | None) -> str | None:
    """The sale that an event is about."""
    if event is None:
        return None
    named = (event.data.get(name) for name in _SALES)
    return next((name for name in named if isinstance(name, str)), None)


def _sale(rows: Mapping[str, Row], name: str | None) -> model.Sale | None:
    row = next((row for row in sales_in(rows) if row["sale"]["transaction_id"] == name), None)
    if row is None:
        return None
    sale, returned = row["sale"], row.get("returned") or {"amount_minor": 0, "lines": {}}
    return model.Sale(
        transaction_id=sale["transaction_id"],
        time=render(row["time"]),
        amount_minor=sale["amount_minor"],
        currency=sale["currency"],
        returned_minor=returned["amount_minor"],
        returned_lines={line: back[0] for line, back in returned["lines"].items()},
        awards=[
            model.SaleAward(
                campaign=each["campaign"],
                to=each.get("to", ""),
                account=each["account"],
                points=each["points"],
                left=each["left"],
            )
            for each in row["awards"]
        ],
    )

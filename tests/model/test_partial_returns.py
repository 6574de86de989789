"""For every sequence of partial returns, the points left are what B-22 says of the kept lines; a full one undoes the sale."""

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.model.days import DAY_MS, HOUR_MS
from tests.model.happenings import WISHES, Wish, fitted, lines, rest, returned, sale
from tests.model.observed import Seen, of_engine
from tests.model.pair import START, Pair
from tests.model.worth import GROUP, Sale
from tests.support.journals import Log

BOUGHT = START + 5 * DAY_MS
EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def lived(earlier: list[list[dict[str, Any]]], *, paid: int = 0) -> Pair:
    """A member with some sales on days before, and points to pay with."""
    pair = Pair("allowed")
    for number, bought in enumerate(earlier):
        pair.tick(START + number * DAY_MS)
        pair.hear("transaction.completed", sale(f"E-{number}", bought), START + number * DAY_MS, f"e{number}")
    pair.tick(BOUGHT - HOUR_MS)
    if paid:
        grant = {"adjustment_id": "A", "member_id": "M-1", "account": "points", "points": paid}
        pair.hear("points.adjustment_requested", grant, BOUGHT - HOUR_MS, "a")
    return pair


def buy(pair: Pair, bought: list[dict[str, Any]], paid: int) -> Sale:
    """The sale under test, some of it paid with points."""
    payments = [{"method": "points", "amount_minor": paid, "spend_id": "S"}] if paid else []
    if paid:
        spend = {"spend_id": "S", "member_id": "M-1", "account": "points", "points": paid}
        pair.hear("points.spend_requested", spend, BOUGHT - HOUR_MS + 1, "s")
    pair.tick(BOUGHT)
    pair.hear("transaction.completed", sale("T", bought, payments=payments), BOUGHT, "t")
    return pair.model.sales["T"]


def left_of(log: Log, key: str) -> Counter[str]:
    """The points that each campaign's award of a sale still has, by the outcomes; the group's together."""
    found: Counter[str] = Counter()
    for kind, sign in (("points.awarded", 1), ("points.reversed", -1)):
        for data in log.data(kind):
            if data["transaction_id"] == key:
                name = "multipliers" if data["campaign"] in GROUP else data["campaign"]
                found[name] += sign * (data["points"] + data.get("shortfall", 0))
    return +found


@EXAMPLES
@given(
    earlier=st.lists(lines(), max_size=2),
    bought=lines(),
    pieces=st.lists(WISHES, min_size=1, max_size=5),
    paid=st.sampled_from([0, 0, 7, 300]),
)
def test_b22_the_points_left_are_those_of_the_kept_lines_at_every_step(
    earlier: list[list[dict[str, Any]]], bought: list[dict[str, Any]], pieces: list[list[Wish]], paid: int
) -> None:
    paid = min(paid, sum(line["amount_minor"] for line in bought))
    pair = lived(earlier, paid=paid)
    made = buy(pair, bought, paid)
    pair.agree()
    least = {name: _worth(made, name, points) for name, points in made.left.items()}
    assert left_of(pair.log, "T") == +Counter(least)
    for number, wishes in enumerate(pieces):
        pair.hear("transaction.returned", returned(f"R-{number}", "T", fitted(made, wishes)), BOUGHT, f"r{number}")
        least = {name: _worth(made, name, points) for name, points in least.items()}
        assert left_of(pair.log, "T") == +Counter(least), number
        pair.agree()


def _worth(made: Sale, name: str, before: int) -> int:
    """B-22 of one award: what the kept lines are worth by the purchase's terms, never more than before."""
    return min(before, made.group_worth() if name == "multipliers" else made.worth(name))


@EXAMPLES
@given(
    earlier=st.lists(lines(), max_size=3),
    bought=lines(),
    pieces=st.lists(st.tuples(WISHES, st.integers(0, 2)), max_size=4),
    paid=st.sampled_from([0, 0, 7, 300]),
    cancelled=st.booleans(),
)
def test_b22_a_full_return_leaves_the_member_as_if_the_purchase_had_not_been(
    earlier: list[list[dict[str, Any]]],
    bought: list[dict[str, Any]],
    pieces: list[tuple[list[Wish], int]],
    paid: int,
    cancelled: bool,
) -> None:
    paid = min(paid, sum(line["amount_minor"] for line in bought))
    with_it, without = lived(earlier, paid=paid), lived(earlier, paid=paid)
    made = buy(with_it, bought, paid)
    now = BOUGHT
    for number, (wishes, days) in enumerate(pieces):
        now += days * DAY_MS
        with_it.tick(now)
        with_it.hear("transaction.returned", returned(f"R-{number}", "T", fitted(made, wishes)), now, f"r{number}")
    if cancelled:
        with_it.hear("transaction.cancelled", {"transaction_id": "T", "member_id": "M-1"}, now, "c")
    elif left := rest(made):
        with_it.hear("transaction.returned", returned("R-last", "T", left), now, "last")
    without.tick(now)
    assert made.nothing_left
    assert _undone(of_engine(with_it.log)) == _undone(of_engine(without.log))


def _undone(seen: Seen) -> dict[str, Any]:
    """All but what was told on the way."""
    return {name: value for name, value in seen._asdict().items() if name != "told"}

"""Arbitrary sales and returns, as hypothesis strategies of payloads."""

from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.model.worth import Sale

CATEGORIES = ("grocery", "produce", "household", "mains", "drinks", "gift_card")
AMOUNTS = st.one_of(st.integers(0, 6000), st.sampled_from([0, 1, 99, 500, 1500, 2000, 4000, 6000]))


@st.composite
def _line(draw: st.DrawFn) -> dict[str, Any]:
    made: dict[str, Any] = {
        "sku": "S",
        "category": draw(st.sampled_from(CATEGORIES)),
        "quantity": draw(st.integers(0, 4)),
        "amount_minor": draw(AMOUNTS),
    }
    if draw(st.integers(0, 5)) == 5:
        made["attributes"] = {"no_points": True}
    if draw(st.integers(0, 5)) == 5:
        made["discount_minor"] = draw(st.integers(0, 500))
    return made


def lines() -> st.SearchStrategy[list[dict[str, Any]]]:
    """One to five lines of a sale."""
    return st.lists(_line(), min_size=1, max_size=5).map(
        lambda found: [{"line_id": str(number), **line} for number, line in enumerate(found)]
    )


def sale(key: str, bought: list[dict[str, Any]], surplus: int = 0, **more: Any) -> dict[str, Any]:
    """The payload of a sale; what is owed is the sum of its lines and a surplus, such as a tip."""
    owed = sum(line["amount_minor"] for line in bought) + surplus
    return {
        "transaction_id": key,
        "member_id": "M-1",
        "currency": "USD",
        "amount_minor": owed,
        "lines": bought,
        **more,
    }


class Wish(NamedTuple):
    """What somebody wants to bring back of a line, to be fitted to a sale: which line, how many pieces, what was paid for them."""

    line: int
    pieces: int
    amount: int | None


WISHES = st.lists(
    st.builds(Wish, st.integers(0, 4), st.integers(1, 5), st.none() | st.integers(0, 3000)), min_size=1, max_size=4
)


def fitted(made: Sale, wishes: list[Wish], *, surplus: bool = False) -> list[dict[str, Any]]:
    """The lines of a return: each line once, no more pieces than are kept unless `surplus` allows it."""
    found: dict[str, dict[str, Any]] = {}
    names = sorted(made.lines)
    for wish in wishes if names else []:
        line = made.lines[names[wish.line % len(names)]]
        pieces = wish.pieces if surplus else min(wish.pieces, max(line.pieces_kept, min(line.pieces, 1)))
        found[line.line_id] = {"line_id": line.line_id, "quantity": pieces if line.pieces or surplus else 0}
        if wish.amount is not None:
            found[line.line_id]["amount_minor"] = wish.amount
    return list(found.values())


def returned(return_id: str, key: str, brought: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The payload of a return."""
    return {
        "return_id": return_id,
        "original_transaction_id": key,
        "member_id": "M-1",
        "lines": brought,
        **more,
    }


def rest(made: Sale) -> list[dict[str, Any]]:
    """The lines of a return of all that is left."""
    return [{"line_id": line.line_id, "quantity": line.pieces_kept} for line in made.lines.values() if not line.gone]

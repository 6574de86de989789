"""What comes back of a sale, line by line, and what is left of it (B-20). Integers; amounts in minor units."""

from typing import NamedTuple


class Back(NamedTuple):
    """Pieces and their amount that came back of one line, over all its returns."""

    quantity: int
    amount_minor: int


def taken_back(line: Back, earlier: Back | None, quantity: int, amount_minor: int | None) -> Back | None:
    """What is back of a line once `quantity` more pieces are; None where that is more than is left of it.

    `line` is what was bought. The last piece takes all that is left of the amount; otherwise what was given back for the pieces
    counts, at most what is left, or else their share of the line. A line without pieces comes back only whole.
    """
    if earlier == line and line.quantity == 0:
        return None
    earlier = earlier or Back(0, 0)
    back = earlier.quantity + quantity
    if back > line.quantity:
        return None
    left = line.amount_minor - earlier.amount_minor
    if back == line.quantity:
        return line
    share = line.amount_minor * back // line.quantity - earlier.amount_minor if amount_minor is None else amount_minor
    return Back(back, earlier.amount_minor + min(max(share, 0), left))


def kept_share(amount: int, line: Back, back: Back) -> int:
    """What the kept pieces of a line have of an amount of the whole line, such as its discount; the last piece takes the rest."""
    if back.quantity == line.quantity:
        return 0
    return amount - amount * back.quantity // line.quantity

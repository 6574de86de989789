"""Rates over amounts: integers in, integers out, floored once."""


def at_rate(amount_minor: int, points: int, per_minor: int) -> int:
    """Points for an amount at `points` per `per_minor`, floored once; nothing for nothing."""
    return max(amount_minor, 0) * points // per_minor

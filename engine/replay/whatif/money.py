"""What points are worth in a programme's currency: minor units, and as people write them."""

from engine.ruleset.model import Programme, Ruleset

_MICRO = 1_000_000


class Worth:
    """The worth of points under one ruleset."""

    def __init__(self, rules: Ruleset) -> None:
        self._worth = {account.name: account.worth_micro for account in rules.programme.accounts}
        self.spendable = tuple(account.name for account in rules.programme.accounts if account.spendable)

    def of(self, account: str, points: int) -> int | None:
        """So many points in minor units, cut towards zero; None where nobody says what one is worth."""
        micro = self._worth.get(account)
        if micro is None:
            return None
        minor = abs(points) * micro // _MICRO
        return minor if points >= 0 else -minor


def written(minor: int, programme: Programme) -> str:
    """`123.45 USD`."""
    digits = programme.minor_digits
    whole, rest = divmod(abs(minor), 10**digits)
    text = f"{whole:,}.{rest:0{digits}d}" if digits else f"{whole:,}"
    return f"{'-' if minor < 0 else ''}{text} {programme.currency}"

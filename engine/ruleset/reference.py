"""Reference data that is part of a ruleset: rates of currencies, quiet hours."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CurrencyRate:
    """What one unit of a currency is worth in the programme's, in billionths, from an instant on (None: ever)."""

    currency: str
    from_ms: int | None
    billionths: int
    minor_digits: int


@dataclass(frozen=True, slots=True)
class Quiet:
    """Minutes of the day between which no message goes; `zone` is a zone's name, `member` or `programme` (B-45)."""

    from_minute: int
    before_minute: int
    zone: str

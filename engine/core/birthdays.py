"""How far off a birthday is; one on 29 February is on the 28th where there is none (B-31)."""

from datetime import date

_MONTH_DAY = len("02-29")


def days_until(birthday: object, today: date) -> int | None:
    """Days until a birthday, 0 on the day itself; None for what is neither `02-29` nor `1990-02-29`, as a sealed one is not."""
    text = birthday[-_MONTH_DAY:] if isinstance(birthday, str) else ""
    try:
        born = date.fromisoformat(f"2000-{text}")
    except ValueError:
        return None
    this_year = _in_year(today.year, born)
    coming = this_year if this_year >= today else _in_year(today.year + 1, born)
    return (coming - today).days


def _in_year(year: int, born: date) -> date:
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 2, 28)

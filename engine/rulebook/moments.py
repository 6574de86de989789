"""Instants as people type them on the command line: in UTC, or as the programme's clocks on the wall show them."""

from engine.core import instants
from engine.core.calendar import Zone
from engine.rulebook.scalars import READERS, Reading


def moment(text: str, zone: Zone) -> int:
    """The instant in milliseconds that a text names: 2026-12-01T05:00:00Z, or a local time or day as in rules.

    Raises ValueError, which says how it may be written.
    """
    try:
        return instants.parse(text)
    except ValueError:
        value = READERS["start"].read(text, Reading(0, zone))
    if not isinstance(value, int):
        raise ValueError("neither an instant such as 2026-12-01T05:00:00Z nor a local time such as 2026-12-01T00:00")
    return value

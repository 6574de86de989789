"""What reading a single value depends on, and what it gives."""

from collections.abc import Callable
from typing import NamedTuple

from engine.core.calendar import Period, Zone


class Reading(NamedTuple):
    """What reading depends on: the currency's digits and the programme's zone (None where that is not known)."""

    digits: int
    zone: Zone | None


class Wrong(NamedTuple):
    """Why a text is not of a type; the message goes on after the field's name, which `says` speaks of."""

    code: str
    message: str
    hint: str = ""


Value = str | int | bool | Period
Read = Callable[[str, Reading], Value | Wrong]


class ScalarType(NamedTuple):
    """A type of single values: what an author calls it, how to write one, and its reader."""

    says: str
    example: str
    read: Read

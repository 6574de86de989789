"""How single values are read: each type from the text as written, exactly, without floats. Adding a type is adding a reader."""

import re
from collections.abc import Mapping

from engine.rulebook import scalar_times
from engine.rulebook.currencies import DIGITS
from engine.rulebook.diagnostics import nearest, shown
from engine.rulebook.scalar_types import Reading, ScalarType, Value, Wrong

__all__ = ["READERS", "Reading", "ScalarType", "Wrong"]

LARGEST = 10**15  # of points or minor units; far below what an exact integer of any consumer holds
WORTH_DIGITS = 6  # a point's worth is kept in millionths of a minor unit
SAFE_BITS = 60  # of a code that nobody guesses (B-43)
SIGN_BITS = 5  # each # of a pattern is one of 32 signs
WHOLE = 100  # percent

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", re.ASCII)
_INT = re.compile(r"-?(0|[1-9][0-9]{0,30})")
_MONEY = re.compile(r"(-?)(0|[1-9][0-9]{0,30})(?:\.([0-9]{1,12}))?")
_PERCENT = re.compile(r"(0|[1-9][0-9]{0,5})(?:\.([0-9]{1,2}))?")
_TIMES = re.compile(r"(0|[1-9][0-9]{0,5})(?:\.([0-9]{1,3}))?")
_RATE = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,9}))?")
_CHANCE = re.compile(r"1 of ([1-9][0-9]{0,8})")
_METRES = re.compile(r"([1-9][0-9]{0,6}) ?(m|km)")
_PATTERN = re.compile(r"[A-Z0-9#-]{1,64}", re.ASCII)


def _text(text: str, _reading: Reading) -> Value | Wrong:
    return text if text.strip() else Wrong("field-type", "an empty text says nothing")


def _name(text: str, _reading: Reading) -> Value | Wrong:
    if _NAME.fullmatch(text):
        return text
    return Wrong("bad-name", f"{shown(text)} is no name", "small letters, digits, - and _; at most 64")


def _key(text: str, _reading: Reading) -> Value | Wrong:
    if _KEY.fullmatch(text):
        return text
    return Wrong("bad-name", f"{shown(text)} is no name of an attribute", "letters, digits, - and _; at most 64")


def _int(text: str, _reading: Reading) -> Value | Wrong:
    if not _INT.fullmatch(text):
        return Wrong("field-type", f"{shown(text)} is not a whole number", "write it as 20")
    return _bounded(int(text))


def _points(text: str, reading: Reading) -> Value | Wrong:
    value = _int(text, reading)
    if isinstance(value, int) and value < 0:
        return Wrong("negative-points", f"{value} points would take, not give", "write 0 or more")
    return value


def _money(text: str, reading: Reading) -> Value | Wrong:
    digits = reading.digits
    found = _MONEY.fullmatch(text)
    example = f"write it as 20.{'0' * digits}" if digits else "write it as 20"
    if not found:
        return Wrong("field-type", f"{shown(text)} is not an amount", example)
    sign, whole, fraction = found[1], found[2], found[3] or ""
    if sign:
        return Wrong("negative-amount", f"{shown(text)} is less than nothing", "write 0 or more")
    if fraction and len(fraction) != digits:
        return Wrong("field-type", f"{shown(text)} has not the {digits} decimals of the currency", example)
    return _bounded(int(whole + fraction.ljust(digits, "0")))


def _money_unit(text: str, reading: Reading) -> Value | Wrong:
    value = _money(text, reading)
    return Wrong("not-positive", "no rate can be per nothing", "write it as 1.00") if value == 0 else value


def _worth(text: str, reading: Reading) -> Value | Wrong:
    found = _MONEY.fullmatch(text)
    places = reading.digits + WORTH_DIGITS
    if not found or len(found[3] or "") > places:
        return Wrong("field-type", f"{shown(text)} is not an amount of at most {places} decimals", "write it as 0.01")
    if found[1]:
        return Wrong("negative-amount", f"{shown(text)} is less than nothing", "write 0 or more")
    return _bounded(int(found[2] + (found[3] or "").ljust(places, "0")))


def _bounded(value: int) -> Value | Wrong:
    if abs(value) > LARGEST:
        return Wrong("number-too-large", f"{str(value)[:20]}... is beyond what is counted", f"at most {LARGEST}")
    return value


def _count(text: str, reading: Reading) -> Value | Wrong:
    value = _int(text, reading)
    if isinstance(value, int) and value < 1:
        return Wrong("not-positive", f"{value} is not at least 1", "write 1 or more")
    return value


def _percent(text: str, _reading: Reading) -> Value | Wrong:
    """Hundredths of a percent."""
    found = _PERCENT.fullmatch(text.removesuffix("%").strip())
    if not found:
        return Wrong("field-type", f"{shown(text)} is not a percentage", "write it as 20 or 12.5")
    value = int(found[1]) * WHOLE + int((found[2] or "").ljust(2, "0"))
    if value > WHOLE * WHOLE:
        return Wrong("percentage-over-100", f"{shown(text)} percent is more than all", "write 100 or less")
    return value or Wrong("not-positive", "0 percent is nothing", "write more than 0")


def _times(text: str, _reading: Reading) -> Value | Wrong:
    """Thousandths."""
    found = _TIMES.fullmatch(text)
    if not found:
        return Wrong("field-type", f"{shown(text)} is not how many times", "write it as 2 or 1.5")
    value = int(found[1]) * 1000 + int((found[2] or "").ljust(3, "0"))
    once = 1000
    return value if value > once else Wrong("not-positive", f"{text} times base gives nothing more", "write it as 2")


def _rate(text: str, _reading: Reading) -> Value | Wrong:
    """Billionths."""
    found = _RATE.fullmatch(text)
    value = int(found[1]) * 10**9 + int((found[2] or "").ljust(9, "0")) if found else 0
    return value or Wrong("field-type", f"{shown(text)} is not a rate", "write it as 0.92, with at most 9 decimals")


def _chance(text: str, _reading: Reading) -> Value | Wrong:
    found = _CHANCE.fullmatch(text)
    return int(found[1]) if found else Wrong("field-type", f"{shown(text)} is not a chance", "write it as 1 of 500")


def _metres(text: str, _reading: Reading) -> Value | Wrong:
    found = _METRES.fullmatch(text)
    if not found:
        return Wrong("field-type", f"{shown(text)} is not a distance", "write it as 300 m or 2 km")
    return int(found[1]) * (1000 if found[2] == "km" else 1)


def _pattern(text: str, _reading: Reading) -> Value | Wrong:
    if not _PATTERN.fullmatch(text):
        message = f"{shown(text)} is no pattern of codes"
        return Wrong("field-type", message, "capital letters, digits, - and # for each sign to be drawn")
    bits = text.count("#") * SIGN_BITS
    if bits < SAFE_BITS:
        needed = -(-SAFE_BITS // SIGN_BITS)
        return Wrong("code-guessable", f"{bits} bits can be guessed", f"write # at least {needed} times")
    return text


def _anything(text: str, reading: Reading) -> Value | Wrong:
    """True and false and whole numbers as such, anything else as text."""
    if text in ("true", "false"):
        return text == "true"
    number = _int(text, reading) if _INT.fullmatch(text) else text
    return text if isinstance(number, Wrong) else number


def _bool(text: str, _reading: Reading) -> Value | Wrong:
    if text in ("true", "false"):
        return text == "true"
    return Wrong("field-type", f"{shown(text)} is neither true nor false", "write true or false")


def _quiet_zone(text: str, reading: Reading) -> Value | Wrong:
    return text if text in ("member", "programme") else scalar_times.zone(text, reading)


def _foreign_money(text: str, _reading: Reading) -> Value | Wrong:
    """Thousandths of a unit of whatever currency."""
    found = _MONEY.fullmatch(text)
    most = 3
    if not found or found[1] or len(found[3] or "") > most:
        return Wrong("field-type", f"{shown(text)} is not an amount", "write it as 200.00")
    return _bounded(int(found[2] + (found[3] or "").ljust(most, "0")))


def _currency(text: str, _reading: Reading) -> Value | Wrong:
    return text if text in DIGITS else Wrong("unknown-choice", f"{shown(text)} is no currency", nearest(text, DIGITS))


READERS: Mapping[str, ScalarType] = {
    "text": ScalarType("a text", "New York", _text),
    "name": ScalarType("a name", "double-coffee", _name),
    "key": ScalarType("a name of an attribute", "city", _key),
    "int": ScalarType("a whole number", "20", _int),
    "points": ScalarType("a number of points", "500", _points),
    "money": ScalarType("money", "20.00", _money),
    "money_unit": ScalarType("money", "1.00", _money_unit),
    "worth": ScalarType("money", "0.01", _worth),
    "count": ScalarType("a whole number, 1 or more", "3", _count),
    "percent": ScalarType("a percentage", "20", _percent),
    "times": ScalarType("how many times", "1.5", _times),
    "rate": ScalarType("a rate of exchange", "0.92", _rate),
    "chance": ScalarType("a chance", "1 of 500", _chance),
    "distance": ScalarType("a distance", "300 m", _metres),
    "pattern": ScalarType("a pattern of codes", "FRY-############", _pattern),
    "quiet_zone": ScalarType("a time zone, `member` or `programme`", "member", _quiet_zone),
    "foreign_money": ScalarType("an amount of another currency", "200.00", _foreign_money),
    "field": ScalarType("a field of the event", "transaction.outlet_code", _text),
    "criterion": ScalarType("an account or a counter", "counter.segments", _text),
    "anything": ScalarType("a text, a whole number, true or false", "F1", _anything),
    "typed": ScalarType("a value as declared", "20", _anything),
    "bool": ScalarType("true or false", "true", _bool),
    "day": ScalarType("a day", "2026-11-30", scalar_times.day),
    "month_day": ScalarType("a day of a year", "11-30", scalar_times.month_day),
    "clock": ScalarType("a time of day", "08:30", scalar_times.clock),
    "weekday": ScalarType("a weekday", "tuesday", scalar_times.weekday),
    "period": ScalarType("a length of time", "12 months", scalar_times.period),
    "duration": ScalarType("a length of time", "30 days", scalar_times.duration),
    "start": ScalarType("a local day or time", "2026-11-01", scalar_times.start),
    "end": ScalarType("a local day or time", "2026-12-31T18:00", scalar_times.end),
    "zone": ScalarType("a time zone", "Europe/London", scalar_times.zone),
    "currency": ScalarType("a currency", "EUR", _currency),
}

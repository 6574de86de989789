"""A validated payload as the journal keeps it: no nulls, integers for instants and places, no external ids in the clear.

What is to be done with a field is said by the marks of its model; here it is done, in place, to the validated map.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from engine.core import instants
from engine.ruleset.conditions import FieldType
from engine.ruleset.model import Attribute
from engine.wire.credentials import is_credential
from engine.wire.sealing import Seal, external_hash
from engine.wire.unreadable import Unreadable
from schemas.marks import Mark, Shape

REFERRAL_CODE = "referral_code"  # the kind of external id that members share to refer others
LATEST_MS = 9_999_999_999_999  # instants stand in keys as 13 digits

Payload = dict[str, Any]
Conversion = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Form:
    """What there is to do for one model; `parts` has only those inside which there is something to do."""

    conversions: tuple[tuple[str, Conversion, bool], ...]  # field, conversion, whether it is a list
    maps: tuple[str, ...]  # fields whose names are the sender's
    parts: tuple[tuple[str, "Form", bool], ...]
    referrers: tuple[tuple[str, Conversion], ...] = ()  # fields beside which their keyed hash is put

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.conversions or self.maps or self.parts or self.referrers)


def form_of(shape: Shape, secret: bytes) -> Form:
    """The form of a shape, with external ids keyed under the deployment's secret."""
    conversions: dict[Mark, Conversion] = {
        Mark.INSTANT: instant,
        Mark.COORDINATE: ten_millionths,
        Mark.EXTERNAL_ID: lambda given: _keyed(given, secret),
        Mark.USER: lambda given: _keyed_user(given, secret),
    }
    parts = ((part.field, form_of(part.shape, secret), part.many) for part in shape.parts)
    return Form(
        tuple((one.field, conversions[one.mark], one.many) for one in shape.marked if one.mark in conversions),
        tuple(one.field for one in shape.marked if one.mark in (Mark.FREE_MAP, Mark.PROFILE)),
        tuple(part for part in parts if not part[1].is_empty),
        tuple(
            (one.field, lambda code: external_hash(secret, REFERRAL_CODE, code))
            for one in shape.marked
            if one.mark is Mark.REFERRER
        ),
    )


def normalise(form: Form, payload: Payload) -> None:
    """Converts instants, places and external ids in place; looks through free maps for credentials. Raises Unreadable."""
    for field in form.maps:
        if field in payload and any(map(is_credential, payload[field])):
            raise Unreadable("credentials_present", f"data.{field}", "an event carries no credentials")
    for field, part, many in form.parts:
        if field in payload:
            for inner in payload[field] if many else (payload[field],):
                normalise(part, inner)
    for field, convert, many in form.conversions:
        if field in payload:
            payload[field] = _converted(field, payload[field], convert, many=many)
    for field, keyed in form.referrers:
        if field in payload:
            payload[f"{field}_hash"] = keyed(payload[field])


def drop_nulls(shape: Shape, payload: Payload) -> None:
    """Takes out the optional fields that were given as null; in maps null has a meaning and stays."""
    for field in [field for field, value in payload.items() if value is None]:
        del payload[field]
    for part in shape.parts:
        inner = payload.get(part.field)
        if inner is not None:
            for one in inner if part.many else (inner,):
                drop_nulls(part.shape, one)


def check_profile(profile: Mapping[str, Any], declared: Mapping[str, Attribute]) -> None:
    """Holds attributes against what the programme declares of them. Raises Unreadable for another type."""
    for name, value in profile.items():
        attribute = declared.get(name)
        if attribute is not None and value is not None and not _FITS[attribute.type](value):
            raise Unreadable(
                "wrong_type", f"data.profile.{name}", f"the programme declares this attribute as {attribute.type}"
            )


def sealed_profile(profile: Mapping[str, Any], declared: Mapping[str, Attribute], seal: Callable[[], Seal]) -> Payload:
    """The profile with every value sealed that is not declared as not personal; null removes and stays as it is."""
    return {
        name: value if value is None or (name in declared and not declared[name].personal) else seal().sealed(value)
        for name, value in profile.items()
    }


def instant(text: str) -> int:
    """Milliseconds since 1970. Raises ValueError for what is no instant, OverflowError for one out of our centuries."""
    at_ms = instants.parse(text)
    if not 0 <= at_ms < LATEST_MS:
        raise OverflowError("an instant before 1970 or after 2286")
    return at_ms


def ten_millionths(degrees: str) -> int:
    """Decimal degrees as whole 1e-7 degrees."""
    return int(Decimal(degrees).scaleb(7))


def _converted(field: str, given: Any, convert: Conversion, *, many: bool) -> Any:  # noqa: ANN401 - any JSON
    try:
        return [convert(one) for one in given] if many else convert(given)
    except OverflowError as error:
        raise Unreadable("out_of_range", f"data.{field}", str(error)) from error


def _keyed(given: Mapping[str, str], secret: bytes) -> dict[str, str]:
    kind = given["kind"].casefold()
    return {"kind": kind, "hash": external_hash(secret, kind, given["value"])}


def _keyed_user(given: Mapping[str, str], secret: bytes) -> dict[str, str]:
    """A member as it is, anybody else keyed; a value of unknown kind is left out, since it may be personal."""
    kind, value = given.get("kind"), given.get("value")
    if kind is None or not value:
        return {} if kind is None else {"kind": kind}
    return {"kind": kind, "value": value} if kind == "member" else _keyed(given, secret)


def _is_day(text: str) -> bool:
    try:
        return len(text) == len("2024-02-29") and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_amount(value: object) -> bool:
    return type(value) is int and value >= 0


_FITS: dict[FieldType, Callable[[object], bool]] = {
    "money": _is_amount,
    "points": _is_amount,
    "int": lambda value: type(value) is int,
    "bool": lambda value: type(value) is bool,
    "text": lambda value: type(value) is str,
    "day": lambda value: type(value) is str and _is_day(value),
    "month_day": lambda value: (
        type(value) is str and _is_day(f"2024-{value}")
    ),  # a leap year: 29 February is a birthday
    "set": lambda _: False,  # a flat map holds none
}

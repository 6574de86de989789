"""The scalar types that every payload is made of, and the base of all models. Strict: nothing is turned into something else."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from schemas.marks import Mark

LARGEST = 10**15  # stays exact in any JSON reader that keeps numbers as doubles
LONGEST_ID = 128
LONGEST_TEXT = 1_000
LONGEST_COMMENT = 4_000
LARGEST_MAP = 100

# No control characters, line separators, or signs that show nothing; written so that every dialect of JSON Schema reads it.
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]*$"
_INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_DEGREES = r"^-?[0-9]{1,3}(\.[0-9]{1,7})?$"


class Payload(BaseModel):
    """The base of every payload and of its parts: unknown fields are refused, nothing is coerced, values never change."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The JSON Schema, in which an alias stands as a property of its own."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        properties = schema.get("properties", {})
        for name, field in cls.model_fields.items():
            for alias in aliases_of(name, field.validation_alias):
                properties[alias] = {**properties[name], "description": f"Alias of `{name}`."}
                if name in schema.get("required", ()):
                    schema["required"].remove(name)
                    schema["anyOf"] = [{"required": [name]}, {"required": [alias]}]
        return schema


def aliases_of(name: str, validation_alias: object) -> tuple[str, ...]:
    """The other names under which a field is accepted."""
    if not isinstance(validation_alias, AliasChoices):
        return ()
    return tuple(choice for choice in validation_alias.choices if isinstance(choice, str) and choice != name)


Check = Callable[[Any], Any]
"""A rule between fields, for `model_validator(mode="after")`; it is asked with the model or with its plain map."""


def needs_one_of(*names: str) -> Check:
    """At least one of the fields is there. Fails as `missing_field` at the first of them."""

    def check(payload: Any) -> Any:  # noqa: ANN401 - one check for every model
        if all(_field(payload, name) is None for name in names):
            raise PydanticCustomError(
                "missing_field", "one of {names} is required", {"names": " or ".join(names), "at": names[0]}
            )
        return payload

    return check


def any_of(*names: str) -> ConfigDict:
    """What `needs_one_of` says, for the JSON Schema."""
    return ConfigDict(json_schema_extra={"anyOf": [{"required": [name]} for name in names]})


def distinct(field: str, key: str) -> Check:
    """No two items of a list have the same key. Fails at the second."""

    def check(payload: Any) -> Any:  # noqa: ANN401 - one check for every model
        items = _field(payload, field) or ()
        plain = isinstance(payload, dict)
        values = [item[key] for item in items] if plain else [getattr(item, key) for item in items]
        if len(set(values)) < len(values):
            second = next(at for at, value in enumerate(values) if value in values[:at])
            raise PydanticCustomError("invalid_value", "stands more than once", {"at": f"{field}[{second}].{key}"})
        return payload

    return check


def at_most(field: str, bound: str) -> Check:
    """A field is not above another."""

    def check(payload: Any) -> Any:  # noqa: ANN401 - one check for every model
        if _field(payload, field) > _field(payload, bound):
            raise PydanticCustomError("out_of_range", "above {bound}", {"bound": bound, "at": field})
        return payload

    return check


def _field(payload: Any, name: str) -> Any:  # noqa: ANN401 - a model or a map
    return payload.get(name) if isinstance(payload, dict) else getattr(payload, name)


def _not_zero(number: int) -> int:
    if number == 0:
        raise PydanticCustomError("out_of_range", "zero changes nothing")
    return number


def _instant(text: str) -> str:
    try:
        datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise PydanticCustomError("invalid_value", "no such instant") from error
    return text


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise PydanticCustomError("invalid_value", "no such day") from error
    return text


def _day_or_instant(text: str) -> str:
    if re.fullmatch(_DAY, text):
        return _day(text)
    if re.fullmatch(_INSTANT, text):
        return _instant(text)
    raise PydanticCustomError("invalid_value", "neither a day nor an instant")


def _within(largest: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if abs(Decimal(text)) > largest:
            raise PydanticCustomError("out_of_range", "beyond {largest} degrees", {"largest": largest})
        return text

    return check


Id = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID, pattern=PRINTABLE)]
"""1 to 128 printable characters: an id, a name, a code of something."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT)]
"""1 to 1,000 characters of any kind."""

Entered = Annotated[str, StringConstraints(max_length=LONGEST_ID, pattern=PRINTABLE)]
"""Like an id, and may be empty: what a person left out of a form is refused by name, not as a dead letter."""

Comment = Annotated[str, StringConstraints(max_length=LONGEST_COMMENT), Mark.PERSONAL]
"""What a person wrote; sealed inside."""

Code = Annotated[Id, Mark.CODE]
"""A voucher or promo code; blanked in dead letters."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32,64}$")]
"""A digest in hex digits."""

Minor = Annotated[int, Field(ge=0, le=LARGEST)]
"""Money: whole minor units of the currency."""

SignedMinor = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
"""A difference of money in minor units."""

Points = Annotated[int, Field(ge=0, le=LARGEST)]
"""Whole points."""

SomePoints = Annotated[int, Field(ge=1, le=LARGEST)]
"""Whole points, at least one."""

SignedPoints = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
"""A balance or an adjustment; below zero for a deficit or a deduction."""

Adjustment = Annotated[int, Field(ge=-LARGEST, le=LARGEST), AfterValidator(_not_zero)]
"""Points to add, or to take away where it is below zero."""

Count = Annotated[int, Field(ge=0, le=LARGEST)]
"""How many: pieces, people, metres, seconds."""

Positive = Annotated[int, Field(ge=1, le=LARGEST)]
"""How many, at least one."""

Whole = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
"""Any whole number that stays exact."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""

Instant = Annotated[str, StringConstraints(pattern=_INSTANT), AfterValidator(_instant), Mark.INSTANT]
"""RFC 3339 with an offset; milliseconds in UTC inside."""

Day = Annotated[str, StringConstraints(pattern=_DAY), AfterValidator(_day)]
"""A local day of the programme's zone, `YYYY-MM-DD`."""

DayOrInstant = Annotated[str, AfterValidator(_day_or_instant)]
"""The last day on which something holds, or the instant at which it ends."""

Latitude = Annotated[str, StringConstraints(pattern=_DEGREES), AfterValidator(_within(90)), Mark.COORDINATE]
"""Decimal degrees with at most 7 places; whole 1e-7 degrees inside."""

Longitude = Annotated[str, StringConstraints(pattern=_DEGREES), AfterValidator(_within(180)), Mark.COORDINATE]
"""Decimal degrees with at most 7 places; whole 1e-7 degrees inside."""

MapText = Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]
Scalar = MapText | Whole | bool
"""A value of a flat map."""

FlatMap = Annotated[dict[Id, Scalar], Field(max_length=LARGEST_MAP), Mark.FREE_MAP]
"""From name to text, integer or boolean; names of credentials are refused."""

Profile = Annotated[dict[Id, Scalar], Field(max_length=LARGEST_MAP), Mark.PROFILE]
"""What is known of a member; sealed inside where the programme does not declare it as not personal."""

ProfileChange = Annotated[dict[Id, Scalar | None], Field(max_length=LARGEST_MAP), Mark.PROFILE]
"""A profile in which null removes."""

Outlet = Annotated[Id | None, Field(validation_alias=AliasChoices("outlet_code", "store_id"))]
"""A shop, site or web shop, if known; `store_id` is accepted as its alias."""

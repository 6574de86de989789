"""Conditions as values: one test of a field, and how tests combine; sets of lines."""

from dataclasses import dataclass
from typing import Literal

Scalar = str | int | bool
FieldType = Literal["money", "points", "int", "text", "day", "month_day", "bool", "set"]
TEXT_TYPES: tuple[FieldType, ...] = (
    "text",
    "day",
    "month_day",
)  # days are ISO texts, whose order is that of the calendar
Op = Literal[
    "one_of",
    "not_one_of",
    "at_least",
    "at_most",
    "more_than",
    "less_than",
    "from",
    "before",
    "has",
    "has_any",
    "has_all",
    "has_none",
    "starts_with",
    "exists",
]


@dataclass(frozen=True, slots=True)
class Test:
    """One field against what it must be; does not hold where the field is missing (B-15), `exists: false` apart."""

    field: str
    type: FieldType
    op: Op
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of them holds."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least `at_least` of them hold (1 for `any`)."""

    conditions: tuple["Condition", ...]
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class NoneOf:
    """None of them holds; a test on a missing field counts as not holding."""

    conditions: tuple["Condition", ...]


Condition = Test | AllOf | AnyOf | NoneOf


@dataclass(frozen=True, slots=True)
class LineSet:
    """Lines that match, less those that `excluding` matches; `None` matches all, or excludes none.

    Fields are line fields: `category`, `attributes.x`.
    """

    including: Condition | None
    excluding: Condition | None

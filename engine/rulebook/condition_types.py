"""Reads the values of conditions by their fields' types and makes tests of them."""

from dataclasses import replace
from typing import Any, cast

from engine.rulebook.book import Book
from engine.rulebook.counting import read_counted
from engine.rulebook.diagnostics import Report, shown
from engine.rulebook.drafts import Check, Draft, FieldDraft, with_fields
from engine.rulebook.fields import TESTS
from engine.rulebook.nodes import Scalar as Written
from engine.rulebook.resolving import Known, find
from engine.rulebook.scalars import READERS, Reading, Wrong
from engine.rulebook.shapes import ConditionScope, Part, Table
from engine.ruleset.conditions import FieldType, Op, Scalar, Test

_AROUND = ("clock", "month_day")  # a day and a year begin again: from 22:00 before 06:00
_WORDS_OF = {"set": "a set", "any": "an attribute that the programme does not declare"}


class ConditionTypes:
    """Reads the conditions of one file."""

    def __init__(self, book: Book, path: str, reading: Reading, report: Report) -> None:
        self._book = book
        self._path = path
        self._reading = reading
        self._report = report

    def read(self, draft: Draft, scope: ConditionScope) -> Draft | None:
        """The condition with its tests; None where nothing of it can be read."""
        return with_fields(draft, lambda field: self._field(field, scope))

    def _field(self, draft: FieldDraft, scope: ConditionScope) -> FieldDraft | None:
        known = find(draft.key.text, scope)
        kind = known.type(self._book, self._path) if known else None
        if known is None or kind is None:
            return None  # the stage before said so
        tests = [self._test(draft, check, known, kind) for check in draft.checks]
        made = tuple(test for test in tests if test is not None)
        if len(made) < len(tests):
            return None
        counted = None
        if known.field.type == "counted":
            counted = read_counted(draft, made, known.star, kind, self._reading, self._report)
            if counted is None:
                return None
        around = kind in _AROUND and _begins_after_its_end(made)
        return replace(draft, tests=made, around=around, counted=counted)

    def _test(self, draft: FieldDraft, check: Check, known: Known, kind: str) -> Test | None:
        word = TESTS[check.word]
        if kind not in word.types:
            self._does_not_fit(draft, check, kind)
            return None
        if check.word == "in":
            return self._in_list(draft, check, known, kind)
        if check.word == "exists":
            kind = "bool"
        values: list[Scalar] = []
        for written in check.values:
            read = self._value(draft, written, known, kind)
            if read is None:
                return None
            values += read
        return Test(draft.key.text, _of_model(check, kind), cast("Op", word.op), tuple(values))

    def _in_list(self, draft: FieldDraft, check: Check, known: Known, kind: str) -> Test | None:
        """A list stands written out in the test, so that the index of campaigns sees its values."""
        declared = self._book.named("list").get(check.values[0].text)
        if declared is None or not isinstance(declared.part.shape, Table):
            return None  # the stages before said so
        values: list[Scalar] = []
        for cell in first_column(declared.part):
            read = self._value(draft, cell, known, kind)
            if read is None:
                return None
            values += read
        op = "has_any" if kind == "set" else "one_of"
        return Test(draft.key.text, _of_model(check, kind), cast("Op", op), tuple(dict.fromkeys(values)))

    def _value(self, draft: FieldDraft, written: Written, known: Known, kind: str) -> list[Scalar] | None:
        if kind == "any":
            return _as_anything(written)
        reader = READERS["text" if kind == "set" else kind]
        value = reader.read(written.text, self._reading)
        if isinstance(value, Wrong):
            message = f"{draft.key.text} is {reader.says}; {value.message}"
            self._report.add(value.code, written.place, message, value.hint)
            return None
        options = known.field.options
        if options and value not in options:
            wrong = READERS["weekday"].read(written.text, self._reading)
            hint = wrong.hint if isinstance(wrong, Wrong) else ""
            self._report.add("unknown-choice", written.place, f"{draft.key.text} is never {shown(written.text)}", hint)
            return None
        return [cast("Scalar", value)]

    def _does_not_fit(self, draft: FieldDraft, check: Check, kind: str) -> None:
        if kind == "set":
            says, hint = _WORDS_OF["set"], "ask {has: ..}, {has_any: [..]}, {has_all: [..]} or {has_none: [..]}"
        elif kind == "any":
            says, hint = _WORDS_OF["any"], "declare its type in programme.yaml"
        else:
            says = READERS[kind].says
            fitting = [word for word, test in TESTS.items() if kind in test.types and word != "equals"]
            hint = f"it can be asked by a bare value, {', '.join(fitting)}"
        what = "a bare value" if check.word == "equals" else f"`{check.word}`"
        self._report.add("test-type", check.place, f"{draft.key.text} is {says}; {what} does not fit it", hint)


def _of_model(check: Check, kind: str) -> FieldType:
    return cast("FieldType", "bool" if check.word == "exists" else {"clock": "int", "any": "text"}.get(kind, kind))


def first_column(table: Part) -> list[Written]:
    """The cells of the first column of a table."""
    columns = table.node.items[0].entries if table.value else ()  # type: ignore[union-attr] # rows are a list of maps
    cells = [row.get(columns[0][0].text) for row in table.value] if columns else []
    return [cell.node for cell in cells if cell is not None and isinstance(cell.node, Written)]


def _begins_after_its_end(tests: tuple[Test, ...]) -> bool:
    bounds: dict[str, Any] = {test.op: test.values[0] for test in tests if test.op in ("from", "before")}
    return len(tests) == len(bounds) == 2 and bounds["from"] > bounds["before"]  # noqa: PLR2004 - one of each


def _as_anything(written: Written) -> list[Scalar]:
    """The text, and what else an event may have meant by it: an undeclared attribute comes as text, integer or boolean."""
    text = written.text
    if written.quoted:
        return [text]
    if text in ("true", "false"):
        return [text, text == "true"]
    number = READERS["int"].read(text, Reading(0, None))
    return [text] if isinstance(number, Wrong) else [text, cast("int", number)]

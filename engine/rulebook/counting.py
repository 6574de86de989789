"""What a condition asks of a counter: the window, and whether a count, a crossing, multiples or a streak is meant."""

from functools import partial
from typing import cast

from engine.core.calendar import Period
from engine.rulebook.diagnostics import Report, nearest, shown
from engine.rulebook.drafts import Check, Counted, FieldDraft
from engine.rulebook.language_tables.common import UNITS
from engine.rulebook.scalars import READERS, Reading, Wrong
from engine.ruleset.conditions import Test
from engine.ruleset.limits import CalendarUnit, Window

WINDOWS = ("last", "this", "during", "since", "ever")
_WORDS = {
    "this": UNITS,
    "each": UNITS,
    "during": ("campaign",),
    "since": ("enrolment", "tier_start", "opt_in"),
    "ever": ("true",),
}
HOW = ("reaches", "every", "in_a_row")


def read_counted(
    draft: FieldDraft, tests: tuple[Test, ...], counter: str, kind: str, reading: Reading, report: Report
) -> Counted | None:
    """What is asked, None where it cannot be said."""
    given = {check.word: check for check in draft.counting}
    values = {word: _value(check, kind, reading, report) for word, check in given.items()}
    if any(value is None for value in values.values()) or not _together(draft, given, tests, report):
        return None
    for word in HOW:
        if word in given:
            return _of_how(word, counter, tests, values)
    return Counted(counter, "value", _window(values))


def _of_how(word: str, counter: str, tests: tuple[Test, ...], values: dict[str, object]) -> Counted:
    asked = cast("int", values[word])
    match word:
        case "reaches":
            return Counted(counter, "reaches", _window(values), asked)
        case "every":
            return Counted(counter, "every", _window(values), asked)
        case _:
            unit = cast("CalendarUnit", values["each"])
            (at_least,) = tests[0].values
            return Counted(counter, "streak", Window("this", unit=unit), int(at_least), needed=asked)


def _value(check: Check, kind: str, reading: Reading, report: Report) -> object:
    (written,) = check.values
    if check.word in _WORDS:
        if written.text in _WORDS[check.word]:
            return written.text
        hint = partial(nearest, written.text, _WORDS[check.word])
        report.add("unknown-choice", written.place, f"{shown(written.text)} is not one of the words for it", hint)
        return None
    reader = READERS[{"last": "period", "in_a_row": "count"}.get(check.word, kind)]
    value = reader.read(written.text, reading)
    if isinstance(value, Wrong):
        report.add(value.code, written.place, f"`{check.word}` takes {reader.says}; {value.message}", value.hint)
        return None
    if check.word in ("reaches", "every") and isinstance(value, int) and value < 1:
        report.add("not-positive", written.place, f"`{check.word}` of nothing holds always or never", "write 1 or more")
        return None
    return value


def _together(draft: FieldDraft, given: dict[str, Check], tests: tuple[Test, ...], report: Report) -> bool:
    """Which words go together."""
    for group in ((*WINDOWS, "each"), HOW):
        first, *others = [*(word for word in given if word in group), ""]
        for other in others[:-1]:
            message = f"{shown(other)} does not go with {shown(first)}"
            report.add("keys-contradict", given[other].place, message, "keep one of them")
            return False
    if ("each" in given) != ("in_a_row" in given):
        word, missing = ("each", "in_a_row") if "each" in given else ("in_a_row", "each")
        hint = "{at_least: 1, each: month, in_a_row: 3}"
        report.add("missing-key", given[word].place, f'`{word}` needs "{missing}" beside it', hint)
        return False
    if "in_a_row" in given:
        if [test.op for test in tests] != ["at_least"]:
            hint = "{at_least: 1, each: month, in_a_row: 3}"
            report.add("missing-key", given["in_a_row"].place, '`in_a_row` needs "at_least" alone beside it', hint)
            return False
    elif not tests and not {"reaches", "every"} & given.keys():
        report.add("missing-key", draft.key.place, "a window alone asks nothing", "e.g. {at_least: 3, last: 30 days}")
        return False
    crossing = next((word for word in ("reaches", "every") if word in given), "")
    if crossing and tests:
        message = f"a test does not go with {shown(crossing)}"
        report.add("keys-contradict", draft.checks[0].place, message, "keep one of them")
        return False
    return True


def _window(values: dict[str, object]) -> Window:
    word = next((each for each in WINDOWS if each in values), "ever")
    said = values.get(word)
    match word:
        case "last":
            return Window("last", period=cast("Period", said))
        case "this":
            return Window("this", unit=cast("CalendarUnit", said))
        case "since":
            return Window("since", since=said)  # type: ignore[arg-type] # one of its words
        case "during":
            return Window("during")
        case _:
            return Window("ever")

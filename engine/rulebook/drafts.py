"""Conditions as an author wrote them, with places; the stages fill in what they mean."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from engine.rulebook.diagnostics import Place
from engine.rulebook.nodes import Scalar
from engine.ruleset.conditions import Test
from engine.ruleset.limits import Window


class Check(NamedTuple):
    """One test of a field as written: `equals` for a bare value, else the test's word."""

    word: str
    place: Place
    values: tuple[Scalar, ...]


class Counted(NamedTuple):
    """What of a counter is asked: its count in a window, that this event `reaches` or passes multiples of `argument`, or a streak.

    A streak is of `needed` calendar units in a row with at least `argument` in each.
    """

    counter: str
    how: Literal["value", "reaches", "every", "streak"]
    window: Window
    argument: int = 0
    needed: int = 0


@dataclass(frozen=True, slots=True)
class FieldDraft:
    """A field and its checks; `tests` once types are read, `around` where `from` and `before` wrap over the end.

    `counting` are the words of a counter's window as written, `counted` what they say.
    """

    key: Scalar
    checks: tuple[Check, ...]
    tests: tuple[Test, ...] = ()
    around: bool = False
    counting: tuple[Check, ...] = ()
    counted: "Counted | None" = None


@dataclass(frozen=True, slots=True)
class GroupDraft:
    """All, any (`needed` of them) or none of its parts."""

    kind: Literal["all", "any", "none"]
    place: Place
    parts: tuple["Draft", ...]
    needed: int = 1


@dataclass(frozen=True, slots=True)
class IsDraft:
    """A condition by its name under `define`."""

    name: Scalar


Draft = FieldDraft | GroupDraft | IsDraft


def leaves(draft: Draft) -> Iterator[FieldDraft | IsDraft]:
    """The fields and names that a condition is made of."""
    if isinstance(draft, GroupDraft):
        for part in draft.parts:
            yield from leaves(part)
    else:
        yield draft


def with_fields(draft: Draft, change: Callable[[FieldDraft], FieldDraft | None]) -> Draft | None:
    """The condition with each field changed; one changed to None is left out, and so is a group that is left empty."""
    match draft:
        case FieldDraft():
            return change(draft)
        case GroupDraft():
            parts = [with_fields(part, change) for part in draft.parts]
            kept = tuple(part for part in parts if part is not None)
            return replace(draft, parts=kept) if kept or not draft.parts else None
        case IsDraft():
            return draft
